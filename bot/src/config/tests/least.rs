//! What is needed, and what the rest is when nothing is said.

use std::ffi::OsString;
use std::io;
use std::time::Duration;

use sabai_daemon::logging::LogConfig;
use sabai_wire::settings::PoolSettings;

use super::{CA, LEAST, read};
use crate::config::{Config, Lease, MigrateConfig};

#[test]
fn the_defaults_are_those_of_the_contract() {
    let config = read(&[], &[]).expect("the least suffices");
    assert_eq!(config.listen.to_string(), "0.0.0.0:8080");
    assert_eq!(config.admin_listen.to_string(), "0.0.0.0:9090");
    assert_eq!(config.limits.body_bytes, 1 << 20);
    assert_eq!(
        (config.limits.http_connections, config.limits.max_attempts),
        (1024, 5)
    );
    assert_eq!(config.limits.lease, Lease::new(Duration::from_secs(30)));
    assert_eq!(config.limits.push_max_age, Duration::from_secs(3_600));
    assert_eq!(config.limits.push_monthly_budget, None);
    assert_eq!(config.line.api_url, "https://api.line.me/");
    assert_eq!(config.line.data_api_url, "https://api-data.line.me/");
    assert_eq!(config.database.pool, PoolSettings::default());
    assert_eq!(
        (
            config.answers.clone(),
            config.spool_dir.clone(),
            config.line.destination.clone()
        ),
        (None, None, None)
    );
    assert_eq!(
        config.log,
        LogConfig {
            filter: "info".to_owned(),
            format: None
        }
    );
    assert_eq!(config.warnings(), [""; 0]);
}

#[test]
fn nothing_set_tells_all_that_is_needed() {
    let none = Config::from_env(|_| None, |_| Err(io::ErrorKind::NotFound.into()))
        .expect_err("nothing is set");
    let named: Vec<_> = none
        .0
        .iter()
        .map(|problem| problem.variable.as_str())
        .collect();
    let needed = [
        "PGHOST",
        "PGUSER",
        "PGSSLROOTCERT",
        "PGPASSWORD",
        "LINE_CHANNEL_SECRET",
        "LINE_CHANNEL_ACCESS_TOKEN",
    ];
    assert_eq!(named, needed);
}

#[test]
fn migrate_needs_postgres_alone() {
    let lookup = |name: &str| {
        let mut least = LEAST.iter().filter(|(name, _)| name.starts_with("PG"));
        least
            .find(|(of, _)| *of == name)
            .map(|(_, value)| OsString::from(value))
    };
    let config = MigrateConfig::from_env(lookup, |_| Ok(CA.as_bytes().to_vec())).expect("valid");
    assert!(
        config
            .database
            .summary()
            .starts_with("Postgres shop@db:5432/shop (verify-full)")
    );
}
