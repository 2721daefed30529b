//! The bench's command line, as `cargo bench -- ...` passes it on.

use std::time::Duration;

use crate::bot::build::Profile;

/// What to run and for how long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Only rows whose name contains one of these; all when there is none.
    pub filters: Vec<String>,
    /// Seconds become tenths, and there is one round: for looking whether the bench works.
    pub quick: bool,
    /// How the bot is compiled.
    pub profile: Profile,
}

impl Options {
    /// Reads the arguments. Without cargo's own `--bench` (as under `cargo test --benches`) it is a quick run, and a
    /// bench compiled without optimisation measures such a bot.
    ///
    /// # Errors
    /// With a sentence about an argument that is not known.
    pub fn parse(arguments: impl IntoIterator<Item = String>) -> Result<Self, String> {
        let profile = if cfg!(debug_assertions) {
            Profile::Dev
        } else {
            Profile::Release
        };
        let mut options = Self {
            filters: Vec::new(),
            quick: true,
            profile,
        };
        let (mut asked, mut bench) = (false, false);
        for argument in arguments {
            match argument.as_str() {
                "--bench" => bench = true,
                "--quick" => asked = true,
                option if option.starts_with('-') => {
                    return Err(format!(
                        "{option} is not known; there are --quick and names of rows"
                    ));
                }
                filter => options.filters.push(filter.to_owned()),
            }
        }
        options.quick = asked || !bench;
        Ok(options)
    }

    #[must_use]
    pub fn wants(&self, row: &str) -> bool {
        self.filters.is_empty()
            || self
                .filters
                .iter()
                .any(|filter| row.contains(filter.as_str()))
    }

    /// Whether any of these rows is wanted: a bench without one ends at once.
    #[must_use]
    pub fn wants_any(&self, rows: &[&str]) -> bool {
        rows.iter().any(|row| self.wants(row))
    }

    #[must_use]
    pub fn rounds(&self) -> usize {
        if self.quick { 1 } else { 3 }
    }

    /// How long to measure something that should be measured for `seconds`.
    #[must_use]
    pub fn seconds(&self, seconds: f64) -> Duration {
        Duration::from_secs_f64(if self.quick { seconds / 10.0 } else { seconds })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments() {
        let parse = |line: &str| Options::parse(line.split_whitespace().map(str::to_owned));
        let all = parse("--bench").expect("known");
        assert!(!all.quick && all.wants("replies"));
        let some = parse("repl --bench --quick cpu").expect("known");
        assert!(some.quick && some.wants("replies") && some.wants("cpu") && !some.wants("events"));
        assert!(
            parse("").expect("known").quick,
            "cargo test runs it without --bench"
        );
        assert!(parse("--save-baseline").is_err());
    }
}
