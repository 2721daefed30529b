//! The configuration as a whole: the environment as a map in, everything out.

mod files;
mod least;
mod line;
mod refused;
mod secrets;
mod table;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;

use sabai_daemon::config::Problems;

use super::Config;

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
