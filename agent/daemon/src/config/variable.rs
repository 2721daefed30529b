//! What a variable is: name, group, default, meaning. The rows themselves are in `table.rs`, here and in each program.

use std::fmt::{self, Write};

/// One environment variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Variable {
    pub name: &'static str,
    pub group: Group,
    pub need: Need,
    /// Its value is never shown, whatever is wrong with it.
    pub secret: bool,
    pub meaning: &'static str,
}

/// Where it stands in `--help`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    Postgres,
    Line,
    Process,
    Limits,
    Pool,
    Probe,
    Recycle,
    Readiness,
    Cluster,
}

/// What happens when it is not set. An empty variable counts as not set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    Required,
    Default(&'static str),
    /// Absent has a meaning of its own, said here.
    Absent(&'static str),
}

impl Group {
    /// All of them, in the order of `--help`.
    pub const ALL: [Self; 9] = [
        Self::Postgres,
        Self::Line,
        Self::Process,
        Self::Limits,
        Self::Pool,
        Self::Probe,
        Self::Recycle,
        Self::Readiness,
        Self::Cluster,
    ];

    /// The group's heading in `--help`.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Postgres => "Postgres (libpq's names)",
            Self::Line => "LINE",
            Self::Process => "Process",
            Self::Limits => "Limits",
            Self::Pool => "Pool, path and retries (PoolConfig.spec)",
            Self::Probe => "Probe (PoolConfig.spec)",
            Self::Recycle => "Recycling (PoolConfig.spec)",
            Self::Readiness => "Readiness (PoolConfig.spec)",
            Self::Cluster => "Kubernetes",
        }
    }
}

impl fmt::Display for Need {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Required => f.write_str("required"),
            Self::Default(value) => write!(f, "default {value}"),
            Self::Absent(meaning) => write!(f, "absent: {meaning}"),
        }
    }
}

/// The part of `--help` that lists variables, by group; a group without one has no heading.
#[must_use]
pub fn listing(variables: &[Variable]) -> String {
    let mut text = String::new();
    for group in Group::ALL {
        let mut heading = Some(group.title());
        for variable in variables.iter().filter(|variable| variable.group == group) {
            if let Some(title) = heading.take() {
                let _ = write!(text, "\n{title}:\n");
            }
            let _ = writeln!(
                text,
                "  {} ({})\n        {}",
                variable.name, variable.need, variable.meaning
            );
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::table;

    #[test]
    fn the_listing_has_every_row_under_its_heading_and_no_other_heading() {
        let rows: Vec<Variable> = table::shared().collect();
        let listed = listing(&rows);
        let headings: Vec<_> = listed
            .lines()
            .filter(|line| !line.is_empty() && !line.starts_with(' '))
            .collect();
        let expected = [Group::Postgres, Group::Process, Group::Pool];
        assert_eq!(
            headings,
            expected.map(|group| format!("{}:", group.title()))
        );
        for row in &rows {
            let entry = format!("  {} ({})\n        {}\n", row.name, row.need, row.meaning);
            assert!(listed.contains(&entry), "{entry} is not in {listed}");
        }
        assert_eq!(listing(&[]), "");
    }
}
