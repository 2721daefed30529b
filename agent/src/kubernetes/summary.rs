//! What the PoolConfig's status says: pure, from all reports of the release. Nothing in it ticks: no age, and no number that moves
//! with load.

mod conditions;
mod own;
mod pod;
#[cfg(test)]
mod tests;

use sabai_crds::pool_config::{
    Effective, Instances, PathReport, PoolConfigStatus, Recommended, Sessions,
};
use sabai_crds::{PoolConfig, PoolInstance, RECYCLE_REQUESTED_AT};
use sabai_wire::control::Timestamp;
use sabai_wire::settings::PoolSettings;

use super::plan::Acceptance;
use super::validate;
use crate::canary::Finding;
use crate::canary::recommendation::{Recommendation, effective};
use crate::orders::Orders;
use crate::settings::Discovery;
pub(super) use own::Own;
use own::duration;
use pod::Pod;

/// What an agent opens besides its bot: the probe's kept session and that of a path.
const OF_AGENT: u64 = 2;
/// What all canaries of a release open together.
const CANARIES: u64 = 4;
/// A rollout adds a pod before it takes one away.
const SURGE: u64 = 1;

/// All that it is made of.
#[derive(Clone, Copy)]
pub(super) struct Facts<'a> {
    pub(super) config: &'a PoolConfig,
    pub(super) acceptance: &'a Acceptance,
    pub(super) reports: &'a [Report<'a>],
    pub(super) own: &'a Own,
    pub(super) now: Timestamp,
}

/// One pod's report.
#[derive(Clone, Copy, Debug)]
pub(super) struct Report<'a> {
    pub(super) instance: &'a PoolInstance,
    /// It has not changed for more than three heartbeats.
    pub(super) stale: bool,
}

/// The whole status.
pub(super) fn status(facts: &Facts<'_>) -> PoolConfigStatus {
    let before = facts.config.status.clone().unwrap_or_default();
    let request = Request::of(facts.config);
    let pods: Vec<Pod<'_>> = facts
        .reports
        .iter()
        .filter_map(|report| Pod::of(*report, facts.config, request.moment))
        .collect();
    let orders = match facts.acceptance {
        Acceptance::Valid => validate::orders(&facts.config.spec).ok(),
        _ => None,
    };
    let sessions = sessions(orders.as_ref(), &pods, before.sessions.as_ref());
    let path = facts.own.path.clone().or_else(|| before.path.clone());
    let found = path.as_ref().and_then(|path| path.idle_timeout.as_ref());
    let found = found.and_then(validate::finding);
    PoolConfigStatus {
        observed_generation: facts.config.metadata.generation,
        last_handled_recycle_request: request
            .handled(&pods)
            .or(before.last_handled_recycle_request),
        instances: Some(count(&pods, request.moment.is_some())),
        server: server(facts.own, before.server.as_ref()),
        path: path.map(|path| PathReport {
            recommended: found.as_ref().map(recommended).or(path.recommended),
            idle_timeout: path.idle_timeout,
        }),
        effective: orders
            .as_ref()
            .zip(found)
            .and_then(|(orders, found)| in_force(orders, &found)),
        conditions: Some(conditions::all(facts, &pods, orders.as_ref(), &sessions)),
        sessions: Some(sessions),
    }
}

/// What the annotation asks for.
struct Request<'a> {
    text: Option<&'a String>,
    moment: Option<Timestamp>,
}

impl<'a> Request<'a> {
    fn of(config: &'a PoolConfig) -> Self {
        let annotations = config.metadata.annotations.as_ref();
        let text = annotations.and_then(|all| all.get(RECYCLE_REQUESTED_AT));
        let moment = text.and_then(|text| text.parse().ok());
        Self { text, moment }
    }

    /// As it was written, once every pod that is heard has served it.
    fn handled(&self, pods: &[Pod<'_>]) -> Option<String> {
        self.moment?;
        let mut heard = pods.iter().filter(|pod| !pod.stale).peekable();
        let by_all = heard.peek().is_some() && heard.all(|pod| pod.recycled);
        self.text.filter(|_| by_all).cloned()
    }
}

fn count(pods: &[Pod<'_>], requested: bool) -> Instances {
    let count = |of: fn(&Pod<'_>) -> bool| pods.iter().filter(|pod| of(pod)).count() as u64;
    Instances {
        total: Some(count(|_| true)),
        ready: Some(count(|pod| pod.ready && !pod.stale)),
        applied: Some(count(|pod| pod.applied)),
        healthy: Some(count(|pod| pod.is_well())),
        recycled: requested.then(|| count(|pod| pod.recycled)),
        stale: Some(count(|pod| pod.stale)),
    }
}

/// What is not known now is as it was.
fn sessions(orders: Option<&Orders>, pods: &[Pod<'_>], before: Option<&Sessions>) -> Sessions {
    let ordered = orders.map(|orders| u64::from(orders.pool.max_connections()) + OF_AGENT);
    let per_instance = ordered.or_else(|| before.and_then(|before| before.per_instance));
    let pods_at_most = pods.len() as u64 + SURGE;
    let ceiling = per_instance.map(|each| each.saturating_mul(pods_at_most) + CANARIES);
    let limits = pods.iter().filter(|pod| !pod.stale);
    let least = limits.filter_map(|pod| pod.session_limit).min();
    Sessions {
        per_instance,
        ceiling,
        server_limit: least.or_else(|| before.and_then(|before| before.server_limit)),
    }
}

fn server(
    own: &Own,
    before: Option<&sabai_crds::pool_config::Server>,
) -> Option<sabai_crds::pool_config::Server> {
    let mut server = own.server.clone().or_else(|| before.cloned())?;
    let kept = before.and_then(|before| before.certificate.clone());
    server.certificate = server.certificate.or(kept);
    Some(server)
}

fn recommended(found: &Finding) -> Recommended {
    let recommendation = Recommendation::of(found);
    Recommended {
        idle_timeout: duration(recommendation.idle_timeout),
        keepalive_idle: duration(recommendation.keepalive_idle),
    }
}

/// Where a finding is applied, it is in force what is less.
fn in_force(orders: &Orders, found: &Finding) -> Option<Effective> {
    let applies = orders.agent.discovery == Discovery::Apply;
    let lowered = |pool: &PoolSettings| effective(pool, Recommendation::of(found));
    applies
        .then(|| lowered(&orders.pool))
        .map(|pool| Effective {
            idle_timeout: duration(pool.idle_timeout()),
            keepalive_idle: duration(pool.keepalive_idle()),
        })
}
