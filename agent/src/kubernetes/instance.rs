//! What this pod's PoolInstance says: pure, from what was judged and what is followed.

mod conditions;
#[cfg(test)]
mod tests;

use sabai_crds::pool_config::{IdleTimeout, PathReport, Recommended};
use sabai_crds::pool_instance::{
    Followed as FollowedReport, InstanceCertificate, InstanceServer, LastRecycle, Pool, Probe,
    Spool, StageReport,
};
use sabai_crds::{Condition, ConditionStatus, PoolInstanceStatus};
use sabai_wire::control::{RecycleOutcome, Timestamp};
use sabai_wire::duration::GepDuration;

use super::obey::Followed;
use crate::app::standing::Standing;
use crate::canary::Knowledge;
use crate::canary::recommendation::Recommendation;
use crate::config::ClusterConfig;
use crate::moment::Moment;
use crate::requests::Course;

/// All that is told.
#[derive(Clone, Copy)]
pub(super) struct Facts<'a> {
    pub(super) config: &'a ClusterConfig,
    pub(super) followed: &'a Followed,
    pub(super) standing: &'a Standing,
    /// What our own canaries know, if we keep any.
    pub(super) knowledge: Option<&'a Knowledge>,
    /// The last request that was served, by the pod's own memory.
    pub(super) served: Option<Timestamp>,
    pub(super) moment: Moment,
    /// The same moment, by this machine's clock.
    pub(super) now: Timestamp,
    /// Since when the verdict is what it is, by this machine's clock.
    pub(super) since: Timestamp,
    /// What is wrong with a request for a recycle of this pod alone.
    pub(super) ill_request: Option<&'a str>,
    /// What was said before: what has not changed keeps its time.
    pub(super) before: Option<&'a PoolInstanceStatus>,
}

/// The whole status.
pub(super) fn status(facts: &Facts<'_>) -> PoolInstanceStatus {
    let Facts {
        config,
        followed,
        standing,
        ..
    } = *facts;
    let known = &standing.known;
    let report = known.report.as_deref();
    PoolInstanceStatus {
        heartbeat_time: Some(facts.now),
        agent_version: Some(env!("CARGO_PKG_VERSION").to_owned()),
        node_name: config.node.clone(),
        pool_config: Some(FollowedReport {
            name: Some(config.pool_config.clone()),
            uid: followed.in_force.as_ref().map(|one| one.uid.clone()),
            observed_generation: followed.in_force.as_ref().map(|one| one.generation),
            settings_digest: report.map(|report| report.settings_digest.clone()),
        }),
        pool: report.map(|report| Pool {
            generation: Some(report.generation),
            max_connections: Some(report.max_connections.into()),
            size: Some(report.pool.size as u64),
            in_use: Some(report.pool.in_use as u64),
            waiting: Some(report.pool.waiting as u64),
            old_sessions: Some(report.pool.old_sessions as u64),
        }),
        spool: report
            .and_then(|report| report.spool.as_ref())
            .map(|spool| Spool {
                events: Some(spool.events),
                bytes: Some(spool.bytes),
                oldest_time: spool.oldest,
            }),
        last_recycle: last_recycle(standing),
        last_recycle_request: served(facts).map(|request| request.to_string()),
        server: known.server.as_ref().map(|server| InstanceServer {
            version: Some(server.version.clone()),
            start_time: Some(server.start_time),
        }),
        session_limit: known.server.as_ref().map(|server| server.session_limit),
        probe: Some(probe(facts)),
        certificate: known.certificate.as_ref().map(|one| InstanceCertificate {
            sha256: Some(one.sha256.clone()),
            not_after: Some(one.not_after),
        }),
        path: facts.knowledge.and_then(|one| path(one, config)),
        conditions: Some(conditions::all(facts)),
    }
}

/// The same without what moves with load and time: where this differs, a status is written at once, else with the next heartbeat.
pub(super) fn gist(status: &PoolInstanceStatus) -> PoolInstanceStatus {
    let mut gist = status.clone();
    gist.heartbeat_time = None;
    if let Some(pool) = &mut gist.pool {
        (pool.size, pool.in_use, pool.waiting) = (None, None, None);
        pool.old_sessions = pool.old_sessions.map(|old| old.min(1));
    }
    if let Some(spool) = &mut gist.spool {
        (spool.bytes, spool.oldest_time) = (None, None);
        spool.events = spool.events.map(|events| events.min(1));
    }
    if let Some(recycle) = &mut gist.last_recycle
        && recycle.completion_time.is_none()
    {
        (recycle.sessions_replaced, recycle.requests_failed) = (None, None);
    }
    if let Some(stages) = gist.probe.as_mut().and_then(|probe| probe.stages.as_mut()) {
        // A path that is well has a row written now and then: whether the last one had is no news.
        stages.retain(|stage| stage.result.as_deref() == Some("Failed"));
        for stage in stages {
            stage.duration_microseconds = None;
        }
    }
    for condition in gist.conditions.iter_mut().flatten() {
        // What a driver or a kernel says about the same trouble differs from one try to the next. Where all is well, words change
        // for what people did: an annotation that cannot be read, a recycle that was refused.
        if condition.status != ConditionStatus::True {
            condition.message.clear();
        }
    }
    gist
}

/// What any version of the resource definitions takes: without the groups whose words a newer agent may have more of.
pub(super) fn bare(status: &PoolInstanceStatus) -> PoolInstanceStatus {
    PoolInstanceStatus {
        last_recycle: None,
        probe: None,
        path: None,
        ..status.clone()
    }
}

/// The last request for a recycle that this pod has served.
pub(super) fn served(facts: &Facts<'_>) -> Option<Timestamp> {
    let last = facts.standing.known.request.as_ref();
    let last = last.filter(|last| last.course != Course::Waiting);
    let last = last.and_then(|last| last.id.parse().ok());
    last.or(facts.served)
}

fn last_recycle(standing: &Standing) -> Option<LastRecycle> {
    let last = standing.known.report.as_ref()?.last_recycle.as_ref()?;
    Some(LastRecycle {
        kind: Some(last.kind.as_str().to_owned()),
        reason: Some(last.reason.as_str().to_owned()),
        outcome: Some(outcome(last.outcome)),
        start_time: Some(last.start_time),
        completion_time: last.completion_time,
        sessions_replaced: Some(last.sessions_replaced),
        requests_failed: Some(last.requests_failed),
    })
}

fn outcome(outcome: RecycleOutcome) -> String {
    outcome.as_str().to_owned()
}

fn probe(facts: &Facts<'_>) -> Probe {
    let verdict = &facts.standing.verdict;
    let stages = facts.standing.known.path.as_ref().map(|path| {
        let stages = path.stages.iter().map(|stage| StageReport {
            name: Some(stage.name.as_str().to_owned()),
            result: Some(stage.result.as_str().to_owned()),
            fault: stage.fault.map(|fault| fault.0.as_str().to_owned()),
            duration_microseconds: stage.duration_microseconds,
        });
        stages.collect()
    });
    Probe {
        state: Some(verdict.state.as_str().to_owned()),
        since: Some(facts.since),
        failed_stage: verdict.cause.map(|cause| cause.stage.as_str().to_owned()),
        stages,
    }
}

/// What canaries have found.
pub(super) fn path(knowledge: &Knowledge, config: &ClusterConfig) -> Option<PathReport> {
    let finding = knowledge.finding.as_ref()?;
    let recommended = Recommendation::of(finding);
    let text = |time| GepDuration::new(time).ok().map(|time| time.to_string());
    Some(PathReport {
        idle_timeout: Some(IdleTimeout {
            alive_after: text(whole(finding.alive_after)),
            dead_after: text(whole(finding.dead_after)),
            confirmed_at: knowledge.confirmed_at,
            closed_by: Some(finding.closed_by.as_str().to_owned()),
            node_name: config.node.clone(),
        }),
        recommended: Some(Recommended {
            idle_timeout: text(recommended.idle_timeout),
            keepalive_idle: text(recommended.keepalive_idle),
        }),
    })
}

/// A duration in GEP-2257's form has whole milliseconds.
fn whole(time: std::time::Duration) -> std::time::Duration {
    std::time::Duration::from_millis(u64::try_from(time.as_millis()).unwrap_or(u64::MAX))
}

/// The condition of this type.
pub(super) fn condition<'a>(
    conditions: Option<&'a Vec<Condition>>,
    type_: &str,
) -> Option<&'a Condition> {
    conditions?
        .iter()
        .find(|condition| condition.type_ == type_)
}
