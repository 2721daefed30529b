//! How the renewal of a bot's sessions went.

use serde::{Deserialize, Serialize};

use super::{FaultName, RecycleKind, RecycleOutcome, RecycleReason, Timestamp};

/// How a recycle went, or how far it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RecycleReport {
    pub request_id: String,
    pub kind: RecycleKind,
    pub reason: RecycleReason,
    pub outcome: RecycleOutcome,
    /// The generation in force.
    pub generation: u64,
    /// By the bot's clock.
    pub start_time: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completion_time: Option<Timestamp>,
    /// Sessions opened for it.
    pub sessions_opened: u64,
    /// Old sessions that it closed or cut.
    pub sessions_closed: u64,
    /// Old sessions whose place a fresh one took first.
    pub sessions_replaced: u64,
    /// Old sessions that are left.
    pub old_sessions: u64,
    /// Statements that it cut off. Their users tried again.
    pub requests_failed: u64,
    /// Why no fresh session could be made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<FaultName>,
    /// The same in a sentence, or another remark.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// What the server says at the end; absent when it could not be asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub witness: Option<WitnessReport>,
}

/// The server's own word, by its own clock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WitnessReport {
    /// `backend_start` of the first fresh session.
    pub began: Timestamp,
    /// The smallest `backend_start` of the bot's sessions at the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oldest: Option<Timestamp>,
    /// Sessions of the bot that are older than `began`: 0 proves that none of the old is left.
    pub older: u64,
}
