//! What one pod tells of itself: its agent writes it, on change and with each heartbeat.

use sabai_wire::control::{RecycleKind, RecycleOutcome, RecycleReason, Timestamp};
use sabai_wire::stage::Stage;

use crate::condition::{self, Condition};
use crate::pool_config::PathReport;
use crate::report::reports;
use crate::shape;
use crate::words::{RESULTS, VERDICTS};

/// Of an object's name.
const NAME_CHARACTERS: usize = 253;

reports! {
    /// What the pod's agent knows. Written by it alone.
    PoolInstanceStatus {
        /// When this was written last.
        heartbeat_time: Timestamp = shape::time();
        /// Of the agent.
        agent_version: String = shape::text(64);
        /// Where the pod runs.
        node_name: String = shape::text(NAME_CHARACTERS);
        /// The PoolConfig that it follows.
        pool_config: Followed = Followed::shape();
        /// The bot's sessions.
        pool: Pool = Pool::shape();
        /// What the bot holds on disk.
        spool: Spool = Spool::shape();
        /// The last renewal of the sessions.
        last_recycle: LastRecycle = LastRecycle::shape();
        /// The last recycle-requested-at that was served.
        last_recycle_request: String = shape::text(128);
        /// The server that answers.
        server: InstanceServer = InstanceServer::shape();
        /// Sessions that the server has for this role.
        session_limit: u64 = shape::count();
        /// How the path to Postgres is.
        probe: Probe = Probe::shape();
        /// The server's, as it was verified last from this pod.
        certificate: InstanceCertificate = InstanceCertificate::shape();
        /// What was found out about the path from this pod.
        path: PathReport = PathReport::shape();
        /// How the pod is: Applied, Healthy, Ready.
        conditions: Vec<Condition> = condition::shape();
    }

    /// A PoolConfig, and what is obeyed of it.
    Followed {
        /// Its name.
        name: String = shape::text(NAME_CHARACTERS);
        /// Its uid.
        uid: String = shape::text(64);
        /// The generation that is obeyed.
        observed_generation: i64 = shape::count();
        /// Digest of the settings in force.
        settings_digest: String = shape::text(64);
    }

    /// The bot's sessions, counted.
    Pool {
        /// The generation that sessions are opened in now; a recycle begins another.
        generation: u64 = shape::count();
        /// The ceiling.
        max_connections: u64 = shape::count();
        /// Sessions.
        size: u64 = shape::count();
        /// Those that are lent.
        in_use: u64 = shape::count();
        /// Callers who wait for one.
        waiting: u64 = shape::count();
        /// Those of an earlier generation.
        old_sessions: u64 = shape::count();
    }

    /// The bot's spool.
    Spool {
        /// Events that wait there for Postgres.
        events: u64 = shape::count();
        /// Their size.
        bytes: u64 = shape::count();
        /// When the oldest came.
        oldest_time: Timestamp = shape::time();
    }

    /// A renewal of all sessions.
    LastRecycle {
        /// Refresh makes before it breaks; Replace cuts.
        kind: String = shape::word(RecycleKind::ALL.iter().map(|kind| kind.as_str()));
        /// Why.
        reason: String = shape::word(RecycleReason::ALL.iter().map(|reason| reason.as_str()));
        /// How it stands.
        outcome: String = shape::word(RecycleOutcome::ALL.iter().map(|outcome| outcome.as_str()));
        /// When it began.
        start_time: Timestamp = shape::time();
        /// When it ended.
        completion_time: Timestamp = shape::time();
        /// Old sessions whose place a fresh one took first.
        sessions_replaced: u64 = shape::count();
        /// Statements that it cut off; they were tried again.
        requests_failed: u64 = shape::count();
    }

    /// A Postgres server.
    InstanceServer {
        /// Of Postgres.
        version: String = shape::text(64);
        /// When it was started, by its own clock.
        start_time: Timestamp = shape::time();
    }

    /// How a path is.
    Probe {
        /// The verdict.
        state: String = shape::word(VERDICTS);
        /// Since when it is so.
        since: Timestamp = shape::time();
        /// The stage that failed last, while not all is well.
        failed_stage: String = shape::word(Stage::ALL.iter().map(|stage| stage.as_str()));
        /// How the path was gone last, stage by stage.
        stages: Vec<StageReport> = shape::list_by("name", with_name(StageReport::shape()), Stage::ALL.len());
    }

    /// One stage of a path.
    StageReport {
        /// Which one.
        name: String = shape::word(Stage::ALL.iter().map(|stage| stage.as_str()));
        /// How it ended.
        result: String = shape::word(RESULTS);
        /// Why it failed: a word of docs/faults.md.
        fault: String = shape::camel_case();
        /// What it took.
        duration_microseconds: u64 = shape::count();
    }

    /// A server's certificate.
    InstanceCertificate {
        /// SHA-256 of it, in hexadecimal digits.
        sha256: String = shape::sha256();
        /// When it ends.
        not_after: Timestamp = shape::time();
    }
}

/// The key of a list is required.
fn with_name(mut shape: serde_json::Value) -> serde_json::Value {
    shape["required"] = serde_json::json!(["name"]);
    shape
}
