//! The closed lists of words that stand in reports and are not `sabai_wire`'s.

/// How a path is: the agent's verdict.
pub(crate) const VERDICTS: [&str; 4] = ["Healthy", "Suspect", "Degraded", "Down"];

/// How a stage of a path ended.
pub(crate) const RESULTS: [&str; 3] = ["OK", "Failed", "Skipped"];

/// How a session ends that was idle for too long.
pub(crate) const CLOSED_BY: [&str; 4] = ["Silent", "Reset", "Closed", "Server"];
