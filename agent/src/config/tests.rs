//! The agent's table is whole, and what is wrong is told at once.

use std::cell::RefCell;
use std::collections::BTreeSet;

use sabai_daemon::config::postgres::refused::REFUSED;

use super::*;

const CA: &[u8] = b"-----BEGIN CERTIFICATE-----";

fn read(given: &[(&str, &str)]) -> Result<Config, String> {
    let least = [
        ("PGHOST", "db"),
        ("PGUSER", "shop"),
        ("PGPASSWORD", "hunter2"),
        ("PGSSLROOTCERT", "/ca.crt"),
        ("SABAI_CONTROL_SOCKET", "/run/sabai/control.sock"),
    ];
    let all: Vec<_> = given.iter().chain(&least).copied().collect();
    let lookup = |name: &str| {
        let found = all.iter().find(|(key, _)| *key == name);
        found.map(|(_, value)| OsString::from(value))
    };
    Config::from_env(lookup, |_| Ok(CA.to_vec())).map_err(|problems| problems.to_string())
}

#[test]
fn the_least_is_enough_and_the_rest_has_defaults() {
    let config = read(&[]).expect("valid");
    assert!(config.canaries.is_none() && config.cluster.is_none());
    assert_eq!(config.probe.settings, AgentSettings::default());
    assert_eq!(config.admin_listen.port(), 9091);
    assert_eq!(config.probe.pod(), "agent");
    let summary = config.summary();
    assert!(
        summary.contains("shop@db:5432/shop") && !summary.contains("hunter2"),
        "{summary}"
    );
}

#[test]
fn every_problem_is_told_with_its_variable() {
    let problems = read(&[
        ("SABAI_CONTROL_SOCKET", ""),
        ("SABAI_CANARIES", "yes"),
        ("SABAI_READINESS_POLICY", "strict"),
        ("SABAI_PROBE_TIMEOUT", "10s"),
    ])
    .expect_err("ill");
    let expected = "SABAI_READINESS_POLICY: \"strict\" must be LocalFaults or Strict\n\
        SABAI_PROBE_TIMEOUT: \"10s\" must be below SABAI_PROBE_INTERVAL\n\
        SABAI_CONTROL_SOCKET: is not set. The bot's control socket, with the same path as the bot has it.\n\
        SABAI_CANARIES: \"yes\" is neither on nor off";
    assert_eq!(problems, expected);
}

#[test]
fn what_is_read_is_in_the_table_and_the_reverse() {
    let seen = RefCell::new(BTreeSet::new());
    let lookup = |name: &str| {
        seen.borrow_mut().insert(name.to_owned());
        None
    };
    let _ = Config::from_env(lookup, |_| Err(io::ErrorKind::NotFound.into()));
    let refused = REFUSED.iter().map(|(name, _)| (*name).to_owned());
    let listed = table::all()
        .flat_map(|variable| [variable.name.to_owned(), format!("{}_FILE", variable.name)]);
    assert_eq!(seen.into_inner(), listed.chain(refused).collect());
}

/// Who shares an environment with the agent knows its names by that list.
#[test]
fn the_list_of_the_agents_names_has_every_row() {
    let shared: Vec<_> = config::table::shared().collect();
    for variable in table::all().filter(|variable| !shared.contains(variable)) {
        assert!(
            programs::has(programs::AGENT, variable.name),
            "{}",
            variable.name
        );
    }
    let unknown = unknown_names(["SABAI_CANARY".to_owned(), "SABAI_SPOOL_DIR".to_owned()]);
    assert_eq!(unknown.len(), 1, "{unknown:?}");
}

#[test]
fn what_is_wrong_with_the_control_socket_is_told_once() {
    let problem = read(&[("SABAI_CONTROL_SOCKET_FILE", "/socket")]).expect_err("ill");
    let expected =
        "SABAI_CONTROL_SOCKET: is set, and so is SABAI_CONTROL_SOCKET_FILE; give one of them";
    assert_eq!(problem, expected);
}
