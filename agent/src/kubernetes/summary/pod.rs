//! One pod, as its report has it.

use sabai_crds::{Condition, ConditionStatus, PoolConfig};
use sabai_wire::control::Timestamp;

use super::Report;
use crate::kubernetes::instance::condition;
use crate::reason::Reason;

/// What counts of a report.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pod<'a> {
    pub(super) name: &'a str,
    pub(super) node: Option<&'a str>,
    pub(super) stale: bool,
    /// Its bot obeys this generation of this object.
    pub(super) applied: bool,
    /// Why not, in its own word.
    pub(super) applied_reason: &'a str,
    pub(super) ready: bool,
    path: Path,
    /// What its path runs into.
    pub(super) fault: Option<&'a str>,
    pub(super) stage: Option<&'a str>,
    pub(super) since: Option<Timestamp>,
    /// It has served the request.
    pub(super) recycled: bool,
    pub(super) session_limit: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Path {
    Well,
    Ill,
    /// It has not seen enough yet.
    Unknown,
}

impl<'a> Pod<'a> {
    /// `None` for a pod of another release.
    pub(super) fn of(
        report: Report<'a>,
        config: &PoolConfig,
        request: Option<Timestamp>,
    ) -> Option<Self> {
        let metadata = &report.instance.metadata;
        let status = report.instance.status.as_ref();
        let conditions = status.and_then(|status| status.conditions.as_ref());
        let condition = |type_: &str| condition(conditions, type_);
        let applied = condition("Applied");
        let applied_reason =
            applied.map_or(Reason::Pending.as_str(), |applied| applied.reason.as_str());
        if applied_reason == Reason::NameInUse.as_str() {
            return None;
        }
        let followed = status.and_then(|status| status.pool_config.as_ref());
        let of_this = followed.is_some_and(|followed| {
            followed.uid == config.metadata.uid
                && followed.observed_generation == config.metadata.generation
        });
        let healthy = condition("Healthy");
        let probe = status.and_then(|status| status.probe.as_ref());
        let path = path(
            probe.and_then(|probe| probe.state.as_deref()),
            healthy.map(|healthy| healthy.status),
        );
        let served = status.and_then(|status| status.last_recycle_request.as_ref());
        let served: Option<Timestamp> = served.and_then(|served| served.parse().ok());
        let began = metadata.creation_timestamp.as_ref();
        let began: Option<Timestamp> = began.and_then(|began| began.0.to_string().parse().ok());
        let recycled = |request| served.max(began).is_some_and(|last| last >= request);
        let is_true = |one: &Condition| one.status == ConditionStatus::True;
        Some(Self {
            name: metadata.name.as_deref().unwrap_or_default(),
            node: status.and_then(|status| status.node_name.as_deref()),
            stale: report.stale,
            applied: of_this && applied.is_some_and(is_true),
            applied_reason,
            ready: condition("Ready").is_some_and(is_true),
            path,
            fault: healthy.map(|healthy| healthy.reason.as_str()),
            stage: probe.and_then(|probe| probe.failed_stage.as_deref()),
            since: probe.and_then(|probe| probe.since),
            recycled: request.is_some_and(recycled),
            session_limit: status.and_then(|status| status.session_limit),
        })
    }

    /// What a stale report says of a path is not known to be so.
    pub(super) fn is_well(&self) -> bool {
        !self.stale && self.path == Path::Well
    }

    pub(super) fn is_ill(&self) -> bool {
        !self.stale && self.path == Path::Ill
    }
}

/// *Suspect* is no news: what was said before stands in the condition.
fn path(state: Option<&str>, healthy: Option<ConditionStatus>) -> Path {
    match (state, healthy) {
        (Some("Degraded" | "Down"), _) | (_, Some(ConditionStatus::False)) => Path::Ill,
        (_, Some(ConditionStatus::True)) => Path::Well,
        (_, Some(ConditionStatus::Unknown) | None) => Path::Unknown,
    }
}
