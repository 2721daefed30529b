//! The configuration as a whole: the environment as a map in, everything out.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::time::Duration;

use super::variable::Need;
use super::*;
use crate::line::TokenSource;

pub(super) const CA: &str = "-----BEGIN CERTIFICATE-----";

/// The least that `serve` needs.
pub(super) const LEAST: &[(&str, &str)] = &[
    ("PGHOST", "db"),
    ("PGUSER", "shop"),
    ("PGPASSWORD", "pg-sekrit"),
    ("PGSSLROOTCERT", "/ca.crt"),
    ("LINE_CHANNEL_SECRET", "old-sekrit, new-sekrit"),
    ("LINE_CHANNEL_ACCESS_TOKEN", "token-sekrit"),
];

pub(super) const FILES: &[(&str, &str)] = &[("/ca.crt", CA)];

/// Reads [`LEAST`] with changes (empty is not set) and [`FILES`] with more of them.
pub(super) fn read(changes: &[(&str, &str)], files: &[(&str, &str)]) -> Result<Config, Problems> {
    let environment: BTreeMap<&str, &str> = LEAST.iter().chain(changes).copied().collect();
    let files: BTreeMap<&str, &str> = FILES.iter().chain(files).copied().collect();
    Config::from_env(
        |name| environment.get(name).map(OsString::from),
        |path| {
            let file = path.to_str().and_then(|path| files.get(path));
            file.map(|content| content.as_bytes().to_vec())
                .ok_or_else(|| io::ErrorKind::NotFound.into())
        },
    )
}

/// The problems, one line each.
pub(super) fn problems(changes: &[(&str, &str)], files: &[(&str, &str)]) -> Vec<String> {
    let problems = read(changes, files)
        .err()
        .map_or(String::new(), |problems| problems.to_string());
    problems.lines().map(str::to_owned).collect()
}

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

/// Each alone makes one problem: the variable, its value, the variable told about (itself where empty), the reason.
const REFUSED: &str = r#"
SABAI_LEASE|30||"30" has a number without a unit; the units are h, m, s and ms
SABAI_LEASE|999ms||"999ms" must be 1s to 1h
SABAI_LISTEN|8080||"8080" is not an IP address with a port, as in 0.0.0.0:8080 or [::]:8080
SABAI_LISTEN|127.0.0.1:9090|SABAI_ADMIN_LISTEN|is the address of SABAI_LISTEN; health and metrics need their own
SABAI_BODY_LIMIT|1GiB||"1GiB" is not a size; write bytes, or 512KiB, or 1MiB
SABAI_HTTP_CONNECTIONS|0||"0" must be 1 to 65535
SABAI_MAX_ATTEMPTS|five||"five" is not a whole number
SABAI_PUSH_MAX_AGE|24h||"24h" must be 1s to 23h
SABAI_PUSH_MONTHLY_BUDGET|-1||"-1" is not a whole number
SABAI_NAMESERVER|dns||"dns" is not an IP address with a port, as in 0.0.0.0:8080 or [::]:8080
SABAI_LOG|loud=[||"loud=[" is not a filter, as in info or sabai_bot=debug,info
SABAI_LOG_FORMAT|xml||"xml" is neither json nor human
SABAI_POOL_MIN_IDLE|14||"14" must be at most SABAI_POOL_MAX_CONNECTIONS - 3
SABAI_POOL_MAX_CONNECTIONS|6|SABAI_POOL_MIN_IDLE|4 (the default) must be at most SABAI_POOL_MAX_CONNECTIONS - 3
SABAI_PATH_KEEPALIVE_COUNT|0||"0" must be 1 to 20
LINE_DESTINATION|Uabc||"Uabc" is not a user id of LINE: U and 32 digits of 0-9a-f
LINE_API_URL|api.line.me||"api.line.me" is not a URL of the form https://host or http://host:port
LINE_API_URL|https://u:p@line||must hold no user, query or fragment
LINE_CHANNEL_ID|123||is set, and so is LINE_CHANNEL_ACCESS_TOKEN; give one of them
LINE_CHANNEL_SECRET|a,b,c||holds more than two secrets
PGPASSWORD_FILE|/pw|PGPASSWORD|is set, and so is PGPASSWORD_FILE; give one of them
SABAI_ANSWERS_FILE|/gone||cannot read /gone: entity not found
"#;

#[test]
fn what_is_refused_says_why() {
    for row in REFUSED.trim().lines() {
        let [variable, value, told, reason] = row.split('|').collect::<Vec<_>>()[..] else {
            panic!("four columns: {row}");
        };
        let told = if told.is_empty() { variable } else { told };
        assert_eq!(
            problems(&[(variable, value)], &[]),
            [format!("{told}: {reason}")]
        );
    }
}

#[test]
fn any_variable_may_be_a_file_and_what_a_file_holds_is_not_shown() {
    let files = [
        ("/listen", "127.0.0.1:1\n"),
        ("/max", "20\n"),
        ("/id", "1234567890"),
        ("/key", "private-sekrit"),
    ];
    let changes = [
        ("SABAI_LISTEN_FILE", "/listen"),
        ("SABAI_POOL_MAX_CONNECTIONS_FILE", "/max"),
        ("LINE_CHANNEL_ACCESS_TOKEN", ""),
        ("LINE_CHANNEL_ID_FILE", "/id"),
    ];
    let config = read(&changes, &files).expect("valid");
    assert_eq!(
        (
            config.listen.to_string().as_str(),
            config.database.pool.max_connections()
        ),
        ("127.0.0.1:1", 20)
    );
    for variable in table::all() {
        let name = format!("{}_FILE", variable.name);
        let shown = problems(&[(variable.name, ""), (&name, "/key")], &files).join("\n");
        assert!(!shown.contains("sekrit"), "{name}: {shown}");
    }
}

#[test]
fn a_variable_and_its_file_at_once_are_one_problem() {
    for variable in table::all() {
        let (name, file) = (variable.name, format!("{}_FILE", variable.name));
        let found = problems(&[(name, "x"), (&file, "/x")], &[]);
        let expected = format!("{name}: is set, and so is {file}; give one of them");
        assert_eq!(
            found
                .iter()
                .filter(|line| line.starts_with(name))
                .collect::<Vec<_>>(),
            [&expected]
        );
        let other_half = |line: &&String| !line.starts_with(name) && !line.starts_with("PGSSL");
        let others: Vec<_> = found.iter().filter(other_half).collect();
        assert!(others.is_empty(), "{others:?}");
    }
}

#[test]
fn no_secret_is_ever_printed() {
    let config = read(
        &[("LINE_CHANNEL_SECRET_FILE", ""), ("POD_NAME", "pod-1")],
        &[],
    )
    .expect("valid");
    let target = config.database.postgres.target();
    let printed = format!(
        "{config:?} {config:#?} {} {:?}",
        config.summary(),
        config.warnings()
    );
    assert!(!printed.contains("sekrit"), "{printed}");
    // The file of the CA is read at start alone, so the target is whole without it.
    let printed = format!(
        "{:?} {:?} {:?}",
        target.expect("whole"),
        config.line.secrets(),
        config.line.token_source()
    );
    assert!(!printed.contains("sekrit"), "{printed}");
    assert_eq!(config.summary().lines().count(), 1);
    for secret in table::all().filter(|variable| variable.secret) {
        for value in [
            "sekrit\n",
            "sekrit sekrit\u{1}",
            "sekrit,sekrit,sekrit",
            "sekrit\0",
        ] {
            let shown = problems(&[(secret.name, value)], &[]).join("\n");
            assert!(!shown.contains("sekrit"), "{}: {shown}", secret.name);
        }
    }
}

#[test]
fn what_is_read_is_in_the_table_and_the_reverse() {
    let seen = RefCell::new(BTreeSet::new());
    let _ = Config::from_env(
        |name| {
            seen.borrow_mut().insert(name.to_owned());
            None
        },
        |_| Err(io::ErrorKind::NotFound.into()),
    );
    let refused = postgres::refused::REFUSED
        .iter()
        .map(|(name, _)| (*name).to_owned());
    let listed = table::all()
        .flat_map(|variable| [variable.name.to_owned(), format!("{}_FILE", variable.name)]);
    assert_eq!(seen.into_inner(), listed.chain(refused).collect());
}

#[test]
fn the_table_is_fit_to_be_printed() {
    let mut names = BTreeSet::new();
    for variable in table::all() {
        assert!(names.insert(variable.name), "{} twice", variable.name);
        assert!(variable.meaning.ends_with('.'), "{}", variable.name);
        assert!(
            !(variable.secret && matches!(variable.need, Need::Default(_))),
            "a secret has no default"
        );
    }
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

#[test]
fn line_is_told_by_token_or_by_id() {
    let config = read(&[], &[]).expect("valid");
    let secrets = config.line.secrets().expect("given");
    assert_eq!(
        secrets
            .iter()
            .map(crate::secret::Secret::expose)
            .collect::<Vec<_>>(),
        ["old-sekrit", "new-sekrit"]
    );
    let no_token = ("LINE_CHANNEL_ACCESS_TOKEN", "");
    let table = [
        (vec![], TokenSource::Fixed("token-sekrit".into())),
        (
            vec![no_token, ("LINE_CHANNEL_ACCESS_TOKEN_FILE", "/token")],
            TokenSource::File("/token".into()),
        ),
        (
            vec![no_token, ("LINE_CHANNEL_ID", "123")],
            TokenSource::Stateless {
                channel_id: "123".to_owned(),
            },
        ),
    ];
    for (changes, source) in table {
        let config = read(&changes, &[("/token", "file-sekrit")]).expect("valid");
        assert_eq!(config.line.token_source(), source);
    }
    let open = read(
        &[
            ("LINE_API_URL", "http://line:80"),
            ("LINE_DATA_API_URL", "http://[::1]:80"),
        ],
        &[],
    )
    .expect("valid");
    assert_eq!(
        open.warnings(),
        ["LINE_API_URL is http: the channel's token travels in plaintext"]
    );
}
