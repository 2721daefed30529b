//! Problems of the configuration: which variable, and why in a sentence. Never the value of a secret, nor anything
//! that was read from a file (a misplaced key would end up in the log).

use std::fmt;

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The variable, as the operator wrote it (`X` or `X_FILE`).
    pub variable: String,
    pub reason: String,
}

/// Everything that is wrong, so that one restart suffices. Displayed one per line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problems(pub Vec<Problem>);

impl std::error::Error for Problems {}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, Problem { variable, reason }) in self.0.iter().enumerate() {
            let line = if at == 0 { "" } else { "\n" };
            write!(f, "{line}{variable}: {reason}")?;
        }
        Ok(())
    }
}
