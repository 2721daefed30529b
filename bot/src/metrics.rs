//! What is counted and measured, under the names of the API's contract. One small method per fact, so that a call
//! site is one line. Labels are closed enums or `&'static str`: never a pod, a user, a lane or a text of anyone's.
//! Names, help and buckets are in `metrics/families.rs`. Never fails, never blocks for long.

mod families;
mod labels;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use prometheus_client::registry::Registry;
use sabai_daemon::metrics::{absent_or, encode};

use families::Families;
use labels::{Answer, Code, Digest, EventLabel, FaultLabel, LineCall, Recycle, State, Statement};

pub use labels::EventOutcome;

/// All metrics of the process. Clones share them.
#[derive(Clone, Debug)]
pub struct Metrics(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    registry: Registry,
    families: Families,
    /// Spooled records that were kept aside at the last look.
    set_aside: AtomicU64,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::default();
        let families = Families::register(&mut registry);
        Self(Arc::new(Inner {
            registry,
            families,
            set_aside: AtomicU64::new(0),
        }))
    }
}

impl Metrics {
    /// A webhook was answered with this HTTP status, so long after its arrival.
    pub fn webhook(&self, status: u16, duration: Duration) {
        self.refused(status);
        self.0
            .families
            .webhook_duration
            .observe(duration.as_secs_f64());
    }

    /// What was no HTTP request was answered with this status: no time had begun to pass.
    pub fn refused(&self, status: u16) {
        self.0
            .families
            .webhook_responses
            .get_or_create(&Code::of(status))
            .inc();
    }

    /// An event came to this end.
    pub fn event(&self, outcome: EventOutcome) {
        self.0
            .families
            .events
            .get_or_create(&EventLabel { outcome })
            .inc();
    }

    /// One intake statement carried this many events.
    pub fn intake_batch(&self, events: usize) {
        self.0.families.intake_batch.observe(events as f64);
    }

    /// Unsettled events in the queue, and when the oldest of them was received (seconds since 1970).
    pub fn queue(&self, depth: u64, oldest: Option<f64>) {
        self.0.families.queue_depth.set(depth as i64);
        absent_or(&self.0.families.queue_oldest, oldest);
    }

    /// Dead letters and unknown outcomes that wait for a person.
    pub fn left_over(&self, dead_letters: u64, unknowns: u64) {
        self.0.families.dead_letters.set(dead_letters as i64);
        self.0.families.unknowns.set(unknowns as i64);
    }

    /// A call to LINE ended.
    pub fn line(&self, endpoint: &'static str, outcome: &'static str) {
        self.0
            .families
            .line_requests
            .get_or_create(&LineCall { endpoint, outcome })
            .inc();
    }

    /// The part of the month's push quota that is used, 0 to 1; `None` where the plan has no limit or it is not known.
    pub fn line_quota_used(&self, ratio: Option<f64>) {
        absent_or(&self.0.families.line_quota, ratio);
    }

    /// The answers file could not be taken; the last good one stays.
    pub fn answers_reload_failed(&self) {
        self.0.families.answers_reload_failures.inc();
    }

    /// A responder was asked.
    pub fn answer(&self, responder: &'static str, outcome: &'static str) {
        self.0
            .families
            .answers
            .get_or_create(&Answer { responder, outcome })
            .inc();
    }

    /// What is on the spool, and when the oldest of it was received (seconds since 1970).
    pub fn spool(&self, bytes: u64, events: u64, oldest: Option<f64>) {
        self.0.families.spool_bytes.set(bytes as i64);
        self.0.families.spool_events.set(events as i64);
        absent_or(&self.0.families.spool_oldest, oldest);
    }

    /// A peer took spooled events.
    pub fn spool_evacuated(&self, events: u64) {
        self.0.families.spool_evacuated.inc_by(events);
    }

    /// Events stay on the spool while the process stops.
    pub fn spool_abandoned(&self, events: u64) {
        self.0.families.spool_abandoned.inc_by(events);
    }

    /// So many records are kept aside on the spool.
    pub fn spool_set_aside(&self, records: u64) {
        let before = self.0.set_aside.swap(records, Ordering::Relaxed);
        self.0
            .families
            .spool_rejected
            .inc_by(records.saturating_sub(before));
    }

    /// A peer refused a spooled record for good.
    pub fn spool_rejected(&self) {
        self.0.families.spool_rejected.inc();
    }

    /// Connections of the pool in this state, now.
    pub fn pool_connections(&self, state: &'static str, connections: usize) {
        self.0
            .families
            .pool_connections
            .get_or_create(&State { state })
            .set(connections as i64);
    }

    /// The ceiling in force.
    pub fn pool_max(&self, connections: usize) {
        self.0.families.pool_max.set(connections as i64);
    }

    /// Sessions of an earlier generation, now.
    pub fn pool_old_sessions(&self, sessions: usize) {
        self.0.families.pool_old.set(sessions as i64);
    }

    /// A recycle ended.
    pub fn recycle(&self, kind: &'static str, reason: &'static str, outcome: &'static str) {
        self.0
            .families
            .recycles
            .get_or_create(&Recycle {
                kind,
                reason,
                outcome,
            })
            .inc();
    }

    /// How often this fault was met so far.
    #[must_use]
    pub fn faults_met(&self, fault: &'static str) -> u64 {
        let counter = self.0.families.faults.get(&FaultLabel { fault });
        counter.map_or(0, |counter| counter.get())
    }

    /// A session was lent, or not, after this wait.
    pub fn acquire(&self, duration: Duration) {
        self.0
            .families
            .acquire_duration
            .observe(duration.as_secs_f64());
    }

    /// A statement ended; `name` is the one in its leading comment.
    pub fn statement(&self, name: &'static str, duration: Duration) {
        self.0
            .families
            .statement_duration
            .get_or_create(&Statement { name })
            .observe(duration.as_secs_f64());
    }

    /// Work is tried again because of this fault.
    pub fn retry(&self, fault: &'static str) {
        self.0
            .families
            .retries
            .get_or_create(&FaultLabel { fault })
            .inc();
    }

    /// A fault was met.
    pub fn fault(&self, fault: &'static str) {
        self.0
            .families
            .faults
            .get_or_create(&FaultLabel { fault })
            .inc();
    }

    /// These settings are in force from now on.
    pub fn settings(&self, digest: String) {
        self.0.families.settings.clear();
        self.0
            .families
            .settings
            .get_or_create(&Digest { digest })
            .set(1);
    }

    /// Everything, in the text format of OpenMetrics 1.0.
    #[must_use]
    pub fn encode(&self) -> String {
        encode(&self.0.registry)
    }
}

#[cfg(test)]
mod tests;
