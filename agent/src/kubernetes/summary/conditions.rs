//! The conditions of a PoolConfig: Accepted, Applied, WithinLimits, Ready, Healthy.

use std::time::{Duration, UNIX_EPOCH};

use sabai_crds::condition::MESSAGE_CHARACTERS;
use sabai_crds::pool_config::Sessions;
use sabai_crds::{Condition, ConditionStatus};
use sabai_wire::control::Timestamp;

use super::Facts;
use super::pod::Pod;
use crate::kubernetes::plan::Acceptance;
use crate::orders::Orders;
use crate::reason::Reason;

/// Where all is well.
const VALID: &str = "every value is understood";
const READY: &str = "accepted, and in force in every instance";
/// So many pods are named.
const NAMED: usize = 3;
/// So many conditions an object may have.
const MOST: usize = 16;

/// One condition without its times.
#[derive(Clone, Debug)]
struct Said {
    status: ConditionStatus,
    reason: Reason,
    message: String,
}

fn said(status: ConditionStatus, reason: Reason, message: impl Into<String>) -> Said {
    Said {
        status,
        reason,
        message: message.into(),
    }
}

/// All of them, and behind them those that are somebody else's.
pub(super) fn all(
    facts: &Facts<'_>,
    pods: &[Pod<'_>],
    orders: Option<&Orders>,
    sessions: &Sessions,
) -> Vec<Condition> {
    let accepted = accepted(facts.acceptance);
    let applied = applied(facts, pods, orders);
    let ready = ready(&accepted, &applied);
    let ours = [
        ("Accepted", accepted),
        ("Applied", applied),
        ("WithinLimits", within_limits(sessions)),
        ("Ready", ready),
        ("Healthy", healthy(pods)),
    ];
    let status = facts.config.status.as_ref();
    let before = status.and_then(|status| status.conditions.as_ref());
    let is_ours = |type_: &str| ours.iter().any(|(one, _)| *one == type_);
    let others = before.into_iter().flatten();
    let others: Vec<_> = others
        .filter(|condition| !is_ours(&condition.type_))
        .cloned()
        .collect();
    let ours = ours
        .into_iter()
        .map(|(type_, said)| condition(type_, said, facts, before));
    ours.chain(others).take(MOST).collect()
}

/// With the time at which its status became what it is.
fn condition(
    type_: &str,
    said: Said,
    facts: &Facts<'_>,
    before: Option<&Vec<Condition>>,
) -> Condition {
    let mut same = before.into_iter().flatten();
    let same = same.find(|one| one.type_ == type_ && one.status == said.status);
    let since = same.and_then(|same| same.last_transition_time);
    Condition {
        type_: type_.to_owned(),
        status: said.status,
        reason: said.reason.as_str().to_owned(),
        message: said.message.chars().take(MESSAGE_CHARACTERS).collect(),
        observed_generation: facts.config.metadata.generation,
        last_transition_time: since.or_else(|| Some(whole_seconds(facts.now))),
    }
}

fn accepted(acceptance: &Acceptance) -> Said {
    match acceptance {
        Acceptance::Valid => said(ConditionStatus::True, Reason::Valid, VALID),
        Acceptance::Unsupported(why) => said(
            ConditionStatus::False,
            Reason::UnsupportedValue,
            format!("what was in force stays: {why}"),
        ),
        Acceptance::NameInUse => said(
            ConditionStatus::False,
            Reason::NameInUse,
            "another release holds the Lease of this name; give each release a PoolConfig of its own name",
        ),
        Acceptance::Missing | Acceptance::Unseen => said(
            ConditionStatus::Unknown,
            Reason::Pending,
            "it has not been read yet",
        ),
    }
}

fn applied(facts: &Facts<'_>, pods: &[Pod<'_>], orders: Option<&Orders>) -> Said {
    let generation = facts.config.metadata.generation.unwrap_or_default();
    if pods.is_empty() {
        return said(
            ConditionStatus::Unknown,
            Reason::Pending,
            "no instance reports yet",
        );
    }
    let missing: Vec<&Pod<'_>> = pods.iter().filter(|pod| !pod.applied).collect();
    let hold = pods.len() - missing.len();
    let so_many = format!(
        "{hold} of {} instances hold generation {generation}",
        pods.len()
    );
    if missing.is_empty() {
        let max = orders.map(|orders| orders.pool.max_connections());
        let max = max.map_or_else(String::new, |max| format!(" above {max}, none"));
        let words = format!("{so_many}; no session{max} older");
        return said(ConditionStatus::True, Reason::InForce, words);
    }
    let refused = missing
        .iter()
        .any(|pod| pod.applied_reason == Reason::Refused.as_str());
    let reason = match facts.acceptance {
        Acceptance::Unsupported(_) => Reason::UnsupportedValue,
        _ if refused => Reason::Refused,
        _ => Reason::Applying,
    };
    let words = named(&missing, |pod| {
        let why = if pod.stale {
            Reason::Stale.as_str()
        } else {
            pod.missing_reason()
        };
        format!("{}: {why}", pod.place())
    });
    said(
        ConditionStatus::False,
        reason,
        format!("{so_many}; {words}"),
    )
}

fn within_limits(sessions: &Sessions) -> Said {
    let (Some(ceiling), Some(limit)) = (sessions.ceiling, sessions.server_limit) else {
        let words = "no instance has learnt yet how many sessions the server has for this role";
        return said(ConditionStatus::Unknown, Reason::Unknown, words);
    };
    let words = format!("at most {ceiling} of {limit} sessions");
    if ceiling <= limit {
        return said(ConditionStatus::True, Reason::Fits, words);
    }
    let words = format!(
        "{words}, with one pod more while they are rolled: lower spec.pool.maxConnections or the number of pods, or raise the server's limit"
    );
    said(ConditionStatus::False, Reason::TooManySessions, words)
}

/// Accepted and Applied: not the database's health, which must not fail a rollout.
fn ready(accepted: &Said, applied: &Said) -> Said {
    let both = [accepted, applied];
    let mut not = both
        .iter()
        .filter(|one| one.status != ConditionStatus::True);
    let mut no = both
        .iter()
        .filter(|one| one.status == ConditionStatus::False);
    let worst = no.next().or_else(|| not.next());
    worst.map_or_else(
        || said(ConditionStatus::True, Reason::InForce, READY),
        |worst| (*worst).clone(),
    )
}

fn healthy(pods: &[Pod<'_>]) -> Said {
    let heard = pods.iter().filter(|pod| !pod.stale).count();
    let well = pods.iter().filter(|pod| pod.is_well()).count();
    let ill: Vec<&Pod<'_>> = pods.iter().filter(|pod| pod.is_ill()).collect();
    let so_many = format!("{well} of {heard} instances healthy");
    if ill.is_empty() {
        return match well {
            0 => said(
                ConditionStatus::Unknown,
                Reason::Pending,
                "no instance knows yet",
            ),
            _ => said(ConditionStatus::True, Reason::Reachable, so_many),
        };
    }
    // A pod that does not know yet is no witness that others could reach it.
    let reason = if well == 0 {
        Reason::DatabaseDown
    } else {
        Reason::PathBroken
    };
    let words = named(&ill, |pod| {
        let (stage, fault) = (pod.stage.unwrap_or("?"), pod.fault.unwrap_or("?"));
        let since = pod.since.map(whole_seconds);
        let since = since.map_or_else(String::new, |since| format!(" since {since}"));
        format!("{}: {stage} {fault}{since}", pod.place())
    });
    said(
        ConditionStatus::False,
        reason,
        format!("{so_many}; {words}"),
    )
}

impl Pod<'_> {
    fn place(&self) -> String {
        let node = self
            .node
            .map_or_else(String::new, |node| format!(" ({node})"));
        format!("{}{node}", self.name)
    }

    /// What it says of another generation is not said of this one.
    fn missing_reason(&self) -> &str {
        let reason = self.applied_reason;
        let of_before = reason == Reason::InForce.as_str();
        if of_before {
            Reason::Pending.as_str()
        } else {
            reason
        }
    }
}

/// The first of them by name, and how many there are besides.
fn named(pods: &[&Pod<'_>], words: impl Fn(&Pod<'_>) -> String) -> String {
    let mut pods = pods.to_vec();
    pods.sort_by_key(|pod| pod.name);
    let first: Vec<_> = pods.iter().take(NAMED).map(|pod| words(pod)).collect();
    let more = match pods.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!("; and {more} more"),
    };
    first.join(", ") + &more
}

fn whole_seconds(time: Timestamp) -> Timestamp {
    let since = time.get().duration_since(UNIX_EPOCH).unwrap_or_default();
    (UNIX_EPOCH + Duration::from_secs(since.as_secs())).into()
}
