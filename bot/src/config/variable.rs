//! What a variable is: name, group, default, meaning. The rows themselves are in `table.rs`.

use std::fmt;

/// One environment variable of the bot.
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
    pub const ALL: [Self; 5] = [
        Self::Postgres,
        Self::Line,
        Self::Process,
        Self::Limits,
        Self::Pool,
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
