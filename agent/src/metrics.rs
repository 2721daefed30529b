//! What the agent counts and measures, under the names of the API's contract. One small method per fact. Labels are closed:
//! words of the program, never a pod, an address or a text of anyone's. Never fails, never blocks for long.

mod families;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use prometheus_client::registry::Registry;
use sabai_daemon::metrics::{absent_or, encode};
use sabai_wire::control::{RecycleKind, RecycleReason};
use sabai_wire::fault::Fault;
use sabai_wire::stage::Stage;

use crate::verdict::State;
use families::{
    Failure, Families, FaultLabel, Recycle, RoleLabel, StageLabel, StateLabel, TaskLabel,
};

/// All metrics of the process. Clones share them.
#[derive(Clone, Debug)]
pub struct Metrics(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    registry: Registry,
    families: Families,
}

/// Whose a certificate is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Postgres's.
    Server,
    /// Ours, where Postgres asks for one.
    Client,
}

impl Role {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Client => "client",
        }
    }
}

/// How a recycle that the agent wanted ended, in the metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ended {
    Completed,
    /// It ended well by the bot's word, but the server still knows older sessions, or could not be asked.
    Unverified,
    Stopped,
    TimedOut,
    /// The bot did not begin it.
    Refused,
    /// So many have been that somebody should look instead.
    Withheld,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::default();
        let families = Families::register(&mut registry);
        Self(Arc::new(Inner { registry, families }))
    }
}

impl Metrics {
    /// A stage was passed in this time.
    pub fn stage(&self, stage: Stage, took: Duration) {
        let stage = stage.as_str();
        let durations = &self.0.families.stage_duration;
        durations
            .get_or_create(&StageLabel { stage })
            .observe(took.as_secs_f64());
    }

    /// A stage failed.
    pub fn failure(&self, stage: Stage, fault: Fault) {
        let label = Failure {
            stage: stage.as_str(),
            fault: fault.as_str(),
        };
        self.0.families.failures.get_or_create(&label).inc();
        self.fault(fault);
    }

    /// A fault was met.
    pub fn fault(&self, fault: Fault) {
        let fault = fault.as_str();
        self.0
            .families
            .faults
            .get_or_create(&FaultLabel { fault })
            .inc();
    }

    /// The end of a certificate's validity: the server's as it was presented last, our own as its file holds it.
    pub fn certificate(&self, role: Role, not_after: SystemTime) {
        if let Ok(since) = not_after.duration_since(SystemTime::UNIX_EPOCH) {
            let role = role.as_str();
            let not_after = &self.0.families.not_after;
            not_after
                .get_or_create(&RoleLabel { role })
                .set(since.as_secs_f64());
        }
    }

    /// What is thought, and how long ago something was seen.
    pub fn verdict(&self, state: State, age: Duration) {
        for one in State::ALL {
            let label = StateLabel {
                state: one.as_str(),
            };
            let value = i64::from(*one == state);
            self.0.families.verdict.get_or_create(&label).set(value);
        }
        self.0.families.verdict_age.set(age.as_secs_f64());
    }

    /// Whether the pod is to get webhooks.
    pub fn ready(&self, ready: bool) {
        self.0.families.ready.set(i64::from(ready));
    }

    /// For so long the path keeps an idle session, as was found; `None` while nothing was.
    pub fn idle_timeout(&self, alive_after: Option<Duration>) {
        absent_or(
            &self.0.families.idle_timeout,
            alive_after.map(|time| time.as_secs_f64()),
        );
    }

    /// A recycle that the agent wanted ended.
    pub fn recycle(&self, kind: RecycleKind, reason: RecycleReason, ended: Ended) {
        let label = Recycle {
            kind: kind.as_str(),
            reason: reason.as_str(),
            outcome: ended.as_str(),
        };
        self.0.families.recycles.get_or_create(&label).inc();
    }

    /// A task ended on its own and begins again.
    pub fn task_again(&self, task: &'static str) {
        self.0
            .families
            .restarts
            .get_or_create(&TaskLabel { task })
            .inc();
    }

    /// Everything, as text.
    #[must_use]
    pub fn encode(&self) -> String {
        encode(&self.0.registry)
    }
}

impl Ended {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Completed => "Completed",
            Self::Unverified => "Unverified",
            Self::Stopped => "Stopped",
            Self::TimedOut => "TimedOut",
            Self::Refused => "Refused",
            Self::Withheld => "Withheld",
        }
    }
}

#[cfg(test)]
mod tests {
    use sabai_daemon::metrics::page;

    use super::*;

    #[test]
    fn the_names_and_labels_are_those_of_the_contract() {
        let metrics = Metrics::default();
        metrics.stage(Stage::Tls, Duration::from_millis(3));
        metrics.failure(Stage::Tcp, Fault::Refused);
        metrics.certificate(
            Role::Client,
            SystemTime::UNIX_EPOCH + Duration::from_secs(90),
        );
        metrics.verdict(State::Degraded, Duration::from_millis(1500));
        metrics.idle_timeout(Some(Duration::from_secs(340)));
        metrics.recycle(
            RecycleKind::Refresh,
            RecycleReason::CAChanged,
            Ended::Completed,
        );
        metrics.task_again("judge");
        metrics.ready(true);
        let text = metrics.encode();
        for line in [
            "sabai_probe_stage_duration_seconds_count{stage=\"TLS\"} 1",
            "sabai_probe_failures_total{stage=\"TCP\",fault=\"Refused\"} 1",
            "sabai_faults_total{fault=\"Refused\"} 1",
            "sabai_tls_certificate_not_after_timestamp_seconds{role=\"client\"} 90",
            "sabai_agent_verdict{state=\"Degraded\"} 1",
            "sabai_agent_verdict{state=\"Healthy\"} 0",
            "sabai_agent_verdict_age_seconds 1.5",
            "sabai_path_idle_timeout_seconds{} 340",
            "sabai_agent_recycles_total{kind=\"Refresh\",reason=\"CAChanged\",outcome=\"Completed\"} 1",
            "sabai_agent_task_restarts_total{task=\"judge\"} 1",
            "sabai_agent_ready 1",
            "sabai_build_info{version=\"",
        ] {
            assert!(text.contains(line), "{line} is not in {text}");
        }
        let contract = page::documented(include_str!("../../docs/metrics.md"), "The agent's");
        assert_eq!(page::rows(&text), contract);
        metrics.idle_timeout(None);
        assert!(
            !metrics
                .encode()
                .contains("sabai_path_idle_timeout_seconds{}")
        );
    }
}
