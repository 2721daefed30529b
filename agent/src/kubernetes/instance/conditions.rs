//! The conditions of a PoolInstance: `Applied`, `Healthy`, `Ready`. No message ticks.

use sabai_crds::condition::MESSAGE_CHARACTERS;
use sabai_crds::{Condition, ConditionStatus};
use sabai_wire::fault::Fault;

use super::{Facts, condition};
use crate::kubernetes::plan::Acceptance;
use crate::readiness::{Readiness, Told, Why};
use crate::reason::Reason;
use crate::requests::Course;
use crate::verdict::State;

use ConditionStatus::{False, True, Unknown};

/// Status, reason, message.
type Said = (ConditionStatus, Reason, String);

/// All of them; a status that has not changed keeps its time.
pub(super) fn all(facts: &Facts<'_>) -> Vec<Condition> {
    [
        ("Applied", applied(facts)),
        ("Healthy", healthy(facts)),
        ("Ready", ready(facts)),
    ]
    .map(|(type_, (status, reason, message))| {
        let before = facts.before.and_then(|before| before.conditions.as_ref());
        let before = condition(before, type_).filter(|before| before.status == status);
        let since = before.and_then(|before| before.last_transition_time);
        let in_force = facts.followed.in_force.as_ref();
        Condition {
            type_: type_.to_owned(),
            status,
            reason: reason.as_str().to_owned(),
            message: message.chars().take(MESSAGE_CHARACTERS).collect(),
            observed_generation: in_force.map(|one| one.generation),
            last_transition_time: since.or(Some(facts.now)),
        }
    })
    .to_vec()
}

fn applied(facts: &Facts<'_>) -> Said {
    let name = &facts.config.pool_config;
    match &facts.followed.acceptance {
        Acceptance::Unseen => {
            let words = "the PoolConfig has not been seen yet; what is in force stays";
            (Unknown, Reason::Pending, words.to_owned())
        }
        Acceptance::Missing => {
            let words = format!("there is no PoolConfig {name}; what is in force stays");
            (Unknown, Reason::ConfigMissing, words)
        }
        Acceptance::Unsupported(why) => {
            let words = format!("what is in force stays: {why}");
            (False, Reason::UnsupportedValue, words)
        }
        Acceptance::NameInUse => {
            let words = format!("another release holds the Lease {name}; what is in force stays");
            (False, Reason::NameInUse, words)
        }
        Acceptance::Valid => in_force(facts),
    }
}

/// Whether the bot holds it.
fn in_force(facts: &Facts<'_>) -> Said {
    let known = &facts.standing.known;
    let silent = matches!(
        facts.standing.situation.bot,
        Told::Nothing(_) | Told::Silent(..)
    );
    let (Some(report), false) = (&known.report, silent) else {
        let words = "the bot does not answer; it is told when it does".to_owned();
        return (False, Reason::BotSilent, words);
    };
    if let Some(why) = &known.refused {
        return (
            False,
            Reason::Refused,
            format!("the bot refuses them: {why}"),
        );
    }
    let (digest, max) = (&report.settings_digest, report.max_connections);
    if known.wanted.as_ref().is_some_and(|wanted| wanted != digest) {
        let words = "the bot is being told".to_owned();
        return (False, Reason::Applying, words);
    }
    if !report.applied {
        let words = format!("every new checkout obeys {digest}; sessions of before are left");
        return (False, Reason::Applying, words);
    }
    let words = format!("settings {digest}; no session above {max}, none older");
    (True, Reason::InForce, words)
}

fn healthy(facts: &Facts<'_>) -> Said {
    let (verdict, known) = (&facts.standing.verdict, &facts.standing.known);
    let target = || known.path.as_ref().map(|path| path.target.clone());
    match (verdict.state, verdict.cause) {
        (State::Healthy, _) => {
            let words = target().map(|target| format!("{target} answers and takes writes"));
            (True, Reason::Reachable, words.unwrap_or_default())
        }
        // It is not known whether that lasts: what was said stays.
        (State::Suspect, cause) => {
            let before = facts.before.and_then(|before| before.conditions.as_ref());
            match condition(before, "Healthy") {
                Some(before) if before.status == True => {
                    (True, Reason::Reachable, before.message.clone())
                }
                _ => {
                    let words = "not known yet".to_owned();
                    (
                        Unknown,
                        cause.map_or(Reason::Pending, |cause| Reason::Fault(cause.fault)),
                        words,
                    )
                }
            }
        }
        (State::Degraded | State::Down, cause) => {
            let failed = known.path.as_ref().and_then(|path| path.failed());
            let detail = failed.and_then(|stage| stage.detail.clone());
            let fault = Reason::Fault(cause.map_or(Fault::Unexpected, |cause| cause.fault));
            let stage = cause.map_or("?", |cause| cause.stage.as_str());
            let target = target().unwrap_or_default();
            let detail = detail.unwrap_or_else(|| "it failed".to_owned());
            let done = &facts.standing.decision;
            let words = format!("{stage} to {target}: {detail}; {done}");
            (False, fault, words)
        }
    }
}

fn ready(facts: &Facts<'_>) -> Said {
    let (status, reason, words) = match facts.standing.readiness(facts.moment) {
        Readiness::Ready => (True, Reason::Ready, "the pod gets webhooks".to_owned()),
        Readiness::NotReady(why) => {
            let words = match &why {
                Why::BotSilent(_, reason) => format!("the bot does not answer: {reason}"),
                Why::Stale(_) => "the verdict is too old (Strict)".to_owned(),
                why => why.to_string(),
            };
            (False, why.reason(), words)
        }
    };
    (status, reason, words + &remarks(facts))
}

/// What went wrong with what a person asked for.
fn remarks(facts: &Facts<'_>) -> String {
    let known = &facts.standing.known;
    let refused = match known
        .request
        .as_ref()
        .map(|request| (request.course, &request.id))
    {
        Some((Course::Refused(fault), id)) => format!(
            "; the recycle requested at {id} was refused, since no fresh session could be made ({fault}): ask again"
        ),
        _ => String::new(),
    };
    let ill = [facts.followed.ill_request.as_deref(), facts.ill_request];
    let ill = ill.into_iter().flatten();
    ill.fold(refused, |words, why| format!("{words}; {why}"))
}
