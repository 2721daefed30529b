//! What is wrong in an answers file, said so that its author finds the place.

use std::fmt;
use std::io;
use std::path::PathBuf;

/// Why there are no rules.
#[derive(Debug, thiserror::Error)]
pub enum AnswersError {
    /// The file is not there, not a file, too large, or the disk failed.
    #[error("cannot read the answers file {path}", path = path.display())]
    Read {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    /// The file was read, and this is everything that is wrong in it.
    #[error("the answers file {path} is broken: {problems}", path = path.display())]
    Broken { path: PathBuf, problems: Problems },
}

/// Where something stands in the file, both from 1, the column in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    pub line: u64,
    pub column: u64,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

/// One thing to put right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    pub place: Place,
    /// The way to the key, as in `rules[2].answer[0].en`; empty for the file as a whole.
    pub path: String,
    /// Continues the path, or "the file": "is missing".
    pub what: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path.as_str() {
            "" => write!(f, "{}: the file {}", self.place, self.what),
            path => write!(f, "{}: {path} {}", self.place, self.what),
        }
    }
}

/// All that is wrong, in the order of the file; at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// Named in a message; beyond it they are counted only, so that one slip in a large file does not
    /// fill a log line.
    const SHOWN: usize = 50;

    pub(super) fn new(mut problems: Vec<Problem>) -> Option<Problems> {
        // What an alias brings in twice is wrong once.
        problems.sort_by_key(|problem| problem.place);
        problems.dedup_by(|a, b| a.place == b.place && a.what == b.what);
        (!problems.is_empty()).then_some(Problems(problems))
    }

    /// In the order of the file.
    pub fn iter(&self) -> impl Iterator<Item = &Problem> {
        self.0.iter()
    }
}

impl From<Problem> for Problems {
    fn from(problem: Problem) -> Problems {
        Problems(vec![problem])
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().take(Self::SHOWN).enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(f, "{separator}{problem}")?;
        }
        match self.0.len().saturating_sub(Self::SHOWN) {
            0 => Ok(()),
            more => write!(f, "; and {more} more"),
        }
    }
}
