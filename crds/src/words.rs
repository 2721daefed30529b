//! The closed lists of words that stand in reports and are not `sabai_wire`'s. The agent, whose words they are, tests that it has
//! the same.

/// How a path is: the agent's verdict.
pub const VERDICTS: [&str; 4] = ["Healthy", "Suspect", "Degraded", "Down"];

/// How a stage of a path ended.
pub const RESULTS: [&str; 3] = ["OK", "Failed", "Skipped"];

/// How a session ends that was idle for too long.
pub const CLOSED_BY: [&str; 4] = ["Silent", "Reset", "Closed", "Server"];
