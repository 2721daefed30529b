//! The families of metrics with their names, helps and buckets. The names are a contract (dashboards, alerts); the
//! encoder adds `_total` to counters and `_info` to infos, so it is not part of the names here.

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

use sabai_daemon::metrics::Optional;

use super::labels::{
    Answer, Build, Code, Digest, EventLabel, EventOutcome, FaultLabel, LineCall, Recycle, State,
    Statement,
};

/// Around LINE's 2 s, our 1.5 s, and the deadlines within (0.8 s, 1.3 s).
const WEBHOOK_SECONDS: [f64; 13] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 0.8, 1.3, 1.5, 2.0,
];
const WAIT_SECONDS: [f64; 12] = [
    0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 2.0, 3.0,
];
const STATEMENT_SECONDS: [f64; 12] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.7, 2.0, 5.0,
];
const BATCH_EVENTS: [f64; 11] = [
    1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0,
];

sabai_daemon::families! {
    webhook_responses: Family<Code, Counter> =
        "sabai_webhook_responses", "Answers to webhooks, by HTTP status", Family::default();
    webhook_duration: Histogram =
        "sabai_webhook_duration_seconds", "Arrival of a webhook to its answer", Histogram::new(WEBHOOK_SECONDS);
    events: Family<EventLabel, Counter> =
        "sabai_events", "Events, by how they ended", Family::default();
    intake_batch: Histogram =
        "sabai_intake_batch_events", "Events in one intake statement", Histogram::new(BATCH_EVENTS);
    queue_depth: Gauge =
        "sabai_queue_depth", "Unsettled events", Gauge::default();
    queue_oldest: Optional =
        "sabai_queue_oldest_timestamp_seconds", "When the oldest unsettled event was received; absent when there is none", Family::default();
    dead_letters: Gauge =
        "sabai_dead_letters", "Events that could not be worked and wait for a person", Gauge::default();
    unknowns: Gauge =
        "sabai_unknowns", "Answers of which nobody can know whether LINE accepted them", Gauge::default();
    line_requests: Family<LineCall, Counter> =
        "sabai_line_requests", "Calls to LINE", Family::default();
    line_quota: Optional =
        "sabai_line_quota_used_ratio", "Used part of the month's push quota; absent without a limit", Family::default();
    answers_reload_failures: Counter =
        "sabai_answers_reload_failures", "Answers files that were not taken", Counter::default();
    answers: Family<Answer, Counter> =
        "sabai_answers", "Answers, by responder", Family::default();
    spool_bytes: Gauge =
        "sabai_spool_bytes", "Bytes of the spool on disk", Gauge::default();
    spool_events: Gauge =
        "sabai_spool_events", "Events on the spool", Gauge::default();
    spool_oldest: Optional =
        "sabai_spool_oldest_timestamp_seconds", "When the oldest webhook on the spool was received; absent when there is none", Family::default();
    spool_evacuated: Counter =
        "sabai_spool_evacuated_events", "Spooled events that a peer took", Counter::default();
    spool_abandoned: Counter =
        "sabai_spool_abandoned_events", "Events left on the spool when the process stopped", Counter::default();
    spool_rejected: Counter =
        "sabai_spool_rejected_records", "Spooled records kept aside: damaged, or refused for good by Postgres or by a peer", Counter::default();
    pool_connections: Family<State, Gauge> =
        "sabai_pool_connections", "Connections to Postgres, by state", Family::default();
    pool_max: Gauge =
        "sabai_pool_connections_max", "Ceiling of connections to Postgres", Gauge::default();
    pool_old: Gauge =
        "sabai_pool_old_sessions", "Sessions of an earlier generation", Gauge::default();
    recycles: Family<Recycle, Counter> =
        "sabai_pool_recycles", "Recycles of the pool's sessions, by how they ended", Family::default();
    acquire_duration: Histogram =
        "sabai_pool_acquire_duration_seconds", "Wait for a connection", Histogram::new(WAIT_SECONDS);
    statement_duration: Family<Statement, Histogram, fn() -> Histogram> =
        "sabai_statement_duration_seconds", "Statements, by name", Family::new_with_constructor(statement_histogram);
    retries: Family<FaultLabel, Counter> =
        "sabai_retries", "Tries after a fault", Family::default();
    faults: Family<FaultLabel, Counter> =
        "sabai_faults", "Faults met", Family::default();
    settings: Family<Digest, Gauge> =
        "sabai_settings_info", "Digest of the settings in force", Family::default();
}

impl Families {
    pub(super) fn register(to: &mut Registry) -> Self {
        let build = Info::new(Build {
            version: env!("CARGO_PKG_VERSION"),
        });
        to.register("sabai_build", "The program", build);
        let families = Self::add_to(to);
        // From 0, so that the first of each is seen as an increase.
        for outcome in EventOutcome::ALL {
            drop(families.events.get_or_create(&EventLabel { outcome }));
        }
        families
    }
}

fn statement_histogram() -> Histogram {
    Histogram::new(STATEMENT_SECONDS)
}
