//! What the agents of a release made of its PoolConfig. Written by the one that holds the Lease, on change only; nothing here ticks.

use sabai_wire::control::Timestamp;

use crate::condition::{self, Condition};
use crate::report::reports;
use crate::shape;
use crate::words::CLOSED_BY;

/// Of an X.500 name.
const NAME_CHARACTERS: usize = 1024;

reports! {
    /// What became of the settings. Written by the agents.
    PoolConfigStatus {
        /// The generation that was looked at last.
        observed_generation: i64 = shape::count();
        /// The recycle-requested-at that was handled last.
        last_handled_recycle_request: String = shape::text(128);
        /// The pods, counted.
        instances: Instances = Instances::shape();
        /// Sessions with Postgres, counted.
        sessions: Sessions = Sessions::shape();
        /// The server that answers.
        server: Server = Server::shape();
        /// What was found out about the path to it.
        path: PathReport = PathReport::shape();
        /// What is in force where it is not what spec says.
        effective: Effective = Effective::shape();
        /// How the whole is: Accepted, Applied, WithinLimits, Ready, Healthy.
        conditions: Vec<Condition> = condition::shape();
    }

    /// Pods, counted.
    Instances {
        /// All that report.
        total: u64 = shape::count();
        /// Those that get webhooks.
        ready: u64 = shape::count();
        /// Those whose pool obeys this generation.
        applied: u64 = shape::count();
        /// Those whose path to Postgres is healthy.
        healthy: u64 = shape::count();
        /// Those that have served the recycle that was requested last.
        recycled: u64 = shape::count();
        /// Those whose report has not come for three heartbeats.
        stale: u64 = shape::count();
    }

    /// Sessions, counted.
    Sessions {
        /// Most that one pod opens, its agent's included.
        per_instance: u64 = shape::count();
        /// Most that all pods open while they are rolled, canaries included.
        ceiling: u64 = shape::count();
        /// What the server has for this role.
        server_limit: u64 = shape::count();
    }

    /// A Postgres server.
    Server {
        /// Of Postgres.
        version: String = shape::text(64);
        /// When it was started, by its own clock.
        start_time: Timestamp = shape::time();
        /// What it presents.
        certificate: Certificate = Certificate::shape();
    }

    /// A server's certificate, verified.
    Certificate {
        /// SHA-256 of it, in hexadecimal digits.
        sha256: String = shape::sha256();
        /// Who signed it.
        issuer: String = shape::text(NAME_CHARACTERS);
        /// When it ends.
        not_after: Timestamp = shape::time();
        /// The version of TLS that was agreed on.
        tls_version: String = shape::text(16);
    }

    /// What is known of a path.
    PathReport {
        /// How long it keeps an idle session.
        idle_timeout: IdleTimeout = IdleTimeout::shape();
        /// What follows from it.
        recommended: Recommended = Recommended::shape();
    }

    /// How long a path keeps an idle session.
    IdleTimeout {
        /// Alive after so long without a word.
        alive_after: String = shape::duration();
        /// Dead after so long.
        dead_after: String = shape::duration();
        /// When both were last seen to be so.
        confirmed_at: Timestamp = shape::time();
        /// How the session ended.
        closed_by: String = shape::word(CLOSED_BY);
        /// The node that it was seen from.
        node_name: String = shape::text(253);
    }

    /// Settings that fit a path.
    Recommended {
        /// For pool.idleTimeout.
        idle_timeout: String = shape::duration();
        /// For path.keepaliveIdle.
        keepalive_idle: String = shape::duration();
    }

    /// What is in force.
    Effective {
        /// Of pool.idleTimeout.
        idle_timeout: String = shape::duration();
        /// Of path.keepaliveIdle.
        keepalive_idle: String = shape::duration();
    }
}
