//! How a bot's pool stands, session by session.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use serde::{Deserialize, Serialize};

use super::{FaultName, RecycleReport, Timestamp};

/// What `GET /v1/report` answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Of the bot.
    pub version: String,
    /// When this was written, by the bot's clock.
    pub time: Timestamp,
    /// The generation that sessions are opened in now.
    pub generation: u64,
    /// Digest of the settings in force.
    pub settings_digest: String,
    /// The ceiling: everything that the bot opens.
    pub max_connections: u16,
    /// No session stands above the ceiling or is older than the settings.
    pub applied: bool,
    /// Whether it acknowledges webhooks.
    pub readiness: ReadinessReport,
    pub pool: PoolReport,
    /// Every session, the oldest first.
    pub sessions: Vec<SessionReport>,
    /// Why no session can be opened, while that is so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<TroubleReport>,
    /// How often each Fault was met since the process began; those that never were are absent.
    pub faults: BTreeMap<String, u64>,
    pub progress: ProgressReport,
    /// The last recycle that was requested, also before a restart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_recycle: Option<RecycleReport>,
    /// Absent when there is no spool.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spool: Option<SpoolReport>,
}

/// Whether the bot acknowledges webhooks, by Postgres or by its spool.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReadinessReport {
    pub ready: bool,
    /// Not ready though it could be, by its spool: it was never ready since it began, and only a person mends what is
    /// wrong. Whoever rolls a new version out is to see it.
    pub held: bool,
    /// Why it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Sessions by state, intake's, work's and the spare together.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PoolReport {
    /// All of the below but `waiting` and `oldSessions`.
    pub size: usize,
    pub idle: usize,
    pub in_use: usize,
    pub dialing: usize,
    /// Said goodbye, and the end was not seen yet.
    pub closing: usize,
    /// Callers who wait for a session.
    pub waiting: usize,
    /// Sessions of an earlier generation, in whatever state.
    pub old_sessions: usize,
    /// Of the closing ones, those that the server may still have: it is asked about them.
    pub outlived: usize,
}

/// One session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SessionReport {
    /// `intake`, `work` or `spare`.
    pub duty: String,
    /// `Idle`, `Busy`, `Closing` or `Outlived`.
    pub state: String,
    pub generation: u64,
    /// As in `pg_stat_activity`.
    pub backend_pid: i32,
    /// As in `pg_stat_activity`, by the server's clock.
    pub backend_start: Timestamp,
    /// When the server was started that it leads to, by the server's clock.
    pub server_start: Timestamp,
    /// That server's own address, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_address: Option<IpAddr>,
    /// The address that was dialed.
    pub peer: SocketAddr,
    pub age_milliseconds: u64,
    /// How long it has been in this state.
    pub state_milliseconds: u64,
    /// How often it was lent.
    pub times_lent: u64,
    /// SHA-256 of the server's certificate that it was opened with.
    pub certificate_sha256: String,
}

/// Why no session can be opened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TroubleReport {
    pub fault: FaultName,
    /// The stage of opening a session that fails.
    pub stage: String,
    /// In a sentence.
    pub detail: String,
    /// Since when none could be opened.
    pub since: Timestamp,
}

/// Counts since the process began: what does not change from one report to the next stands still.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ProgressReport {
    /// Sessions lent.
    pub acquired: u64,
    /// Callers who got none in time.
    pub refused: u64,
    /// Statements that Postgres answered.
    pub statements: u64,
    pub sessions_opened: u64,
    /// Sessions that could not be opened.
    pub sessions_not_opened: u64,
    pub sessions_closed: u64,
}

/// The spool.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SpoolReport {
    pub events: u64,
    pub records: u64,
    pub bytes: u64,
    /// When the oldest record came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oldest: Option<Timestamp>,
    /// Whether it takes more: `Open`, `Full`, `Failing` or `Hung`.
    pub state: String,
    /// Whether webhooks go to it now, instead of straight to Postgres.
    pub in_use: bool,
    /// Why Postgres does not take what is there, while it does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<FaultName>,
}
