//! The families of metrics with their names, helps, buckets and labels. The names are a contract (dashboards, alerts); the
//! encoder adds `_total` to counters, so it is not part of the names here.

use std::sync::atomic::AtomicU64;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;
use sabai_daemon::metrics::Optional;

type Seconds = Gauge<f64, AtomicU64>;

/// From a resolver's cache to the limit of the slowest stage.
const STAGE_SECONDS: [f64; 12] = [
    0.0002, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0,
];

macro_rules! labels {
    ($($name:ident { $($field:ident),+ })+) => {
        $(#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
        pub(super) struct $name { $(pub(super) $field: &'static str),+ })+
    };
}

labels! {
    StageLabel { stage }
    Failure { stage, fault }
    FaultLabel { fault }
    RoleLabel { role }
    StateLabel { state }
    TaskLabel { task }
    Recycle { kind, reason, outcome }
    Build { version }
}

sabai_daemon::families! {
    stage_duration: Family<StageLabel, Histogram, fn() -> Histogram> =
        "sabai_probe_stage_duration_seconds", "Stages of a path that were passed", Family::new_with_constructor(stage_histogram);
    failures: Family<Failure, Counter> =
        "sabai_probe_failures", "Stages of a path that failed, and pings of the kept session", Family::default();
    faults: Family<FaultLabel, Counter> =
        "sabai_faults", "Faults met", Family::default();
    not_after: Family<RoleLabel, Seconds> =
        "sabai_tls_certificate_not_after_timestamp_seconds", "End of a certificate's validity", Family::default();
    verdict: Family<StateLabel, Gauge> =
        "sabai_agent_verdict", "1 for the state that the path is thought to be in", Family::default();
    verdict_age: Seconds =
        "sabai_agent_verdict_age_seconds", "Since something was seen of the path", Gauge::default();
    ready: Gauge =
        "sabai_agent_ready", "1 while the pod is to get webhooks", Gauge::default();
    idle_timeout: Optional =
        "sabai_path_idle_timeout_seconds", "For so long the path keeps an idle session, as the canaries found", Family::default();
    recycles: Family<Recycle, Counter> =
        "sabai_agent_recycles", "Recycles that the agent wanted, by how they ended", Family::default();
    restarts: Family<TaskLabel, Counter> =
        "sabai_agent_task_restarts", "Tasks that ended on their own and began again", Family::default();
}

impl Families {
    pub(super) fn register(to: &mut Registry) -> Self {
        let version = env!("CARGO_PKG_VERSION");
        to.register("sabai_build", "The program", Info::new(Build { version }));
        Self::add_to(to)
    }
}

fn stage_histogram() -> Histogram {
    Histogram::new(STAGE_SECONDS)
}
