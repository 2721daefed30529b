//! What both programs read: the environment as a map in, everything out.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;

use super::{DatabaseConfig, Problems, Reader, log};
use crate::logging::LogConfig;

const CA: &str = "-----BEGIN CERTIFICATE-----";

/// The least that a program needs.
const LEAST: &[(&str, &str)] = &[
    ("PGHOST", "db"),
    ("PGUSER", "shop"),
    ("PGPASSWORD", "pg-sekrit"),
    ("PGSSLROOTCERT", "/ca.crt"),
];

#[derive(Debug)]
pub(super) struct Read {
    pub(super) database: DatabaseConfig,
    pub(super) log: LogConfig,
}

/// Reads [`LEAST`] with changes (empty is not set), where `/ca.crt` is a file beside `files`.
pub(super) fn read(changes: &[(&str, &str)], files: &[(&str, &str)]) -> Result<Read, Problems> {
    let environment: BTreeMap<&str, &str> = LEAST.iter().chain(changes).copied().collect();
    let files: BTreeMap<&str, &str> = [("/ca.crt", CA)]
        .into_iter()
        .chain(files.iter().copied())
        .collect();
    let lookup = |name: &str| environment.get(name).map(OsString::from);
    let read_file = |path: &std::path::Path| {
        let file = path.to_str().and_then(|path| files.get(path));
        file.map(|content| content.as_bytes().to_vec())
            .ok_or_else(|| io::ErrorKind::NotFound.into())
    };
    let mut reader = Reader::new(&lookup, &read_file);
    let database = DatabaseConfig::read(&mut reader);
    let log = log::read(&mut reader);
    let read = database
        .zip(log)
        .map(|(database, log)| Read { database, log });
    reader.finish(read)
}

/// The problems, one line each.
pub(super) fn problems(changes: &[(&str, &str)], files: &[(&str, &str)]) -> Vec<String> {
    let problems = read(changes, files)
        .err()
        .map_or(String::new(), |problems| problems.to_string());
    problems.lines().map(str::to_owned).collect()
}

#[test]
fn the_summary_is_one_line_without_secrets() {
    let read = read(&[("POD_NAME", "pod-1")], &[]).expect("the least suffices");
    let summary = read.database.summary();
    let begin = "Postgres shop@db:5432/shop (verify-full), at most 16 sessions, settings ";
    assert!(summary.starts_with(begin), "{summary}");
    assert_eq!(summary.lines().count(), 1);
    let printed = format!("{read:?} {summary}");
    assert!(!printed.contains("sekrit"), "{printed}");
    assert_eq!(read.log.filter, "info");
}

/// Each alone makes one problem: the variable, its value, the variable told about (itself where empty), the reason.
const REFUSED: &str = r#"
SABAI_NAMESERVER|dns||"dns" is not an IP address with a port, as in 0.0.0.0:8080 or [::]:8080
SABAI_LOG|loud=[||"loud=[" is not a filter, as in info or sabai_bot=debug,info
SABAI_LOG_FORMAT|xml||"xml" is neither json nor human
SABAI_POOL_MIN_IDLE|14||"14" must be at most SABAI_POOL_MAX_CONNECTIONS - 3
SABAI_POOL_MAX_CONNECTIONS|6|SABAI_POOL_MIN_IDLE|4 (the default) must be at most SABAI_POOL_MAX_CONNECTIONS - 3
SABAI_PATH_KEEPALIVE_COUNT|0||"0" must be 1 to 20
PGPASSWORD_FILE|/pw|PGPASSWORD|is set, and so is PGPASSWORD_FILE; give one of them
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
