//! What the log says: verdict, readiness and decision, each when it has become another, and once.

use std::mem::{Discriminant, discriminant};

use sabai_wire::fault::Fault;

use super::standing::Standing;
use crate::decision::{Decision, Why};
use crate::moment::Moment;
use crate::probe::report::PathReport;
use crate::readiness::{Readiness, Why as Withdrawn};
use crate::verdict::{Cause, State, Verdict};

/// What was told last.
#[derive(Default)]
pub(super) struct Telling {
    told: Option<Told>,
    /// What the last path that failed saw.
    detail: Option<String>,
}

#[derive(Clone, PartialEq)]
struct Told {
    state: State,
    cause: Option<Cause>,
    /// Why the pod is withdrawn, without the seconds that go by.
    withdrawn: Option<Discriminant<Withdrawn>>,
    decision: Decision,
    overload: Option<Fault>,
}

impl Telling {
    /// A path was gone; how it failed, if it did, is told with the verdict.
    pub(super) fn last_path(&mut self, path: &PathReport) {
        self.detail = path.failed().and_then(|stage| stage.detail.clone());
    }

    /// Tells what is new.
    pub(super) fn tell(&mut self, standing: &Standing, now: Moment) {
        let (verdict, decision) = (&standing.verdict, standing.decision);
        let why = match standing.readiness(now) {
            Readiness::Ready => None,
            Readiness::NotReady(why) => Some(why),
        };
        let told = Told {
            state: verdict.state,
            cause: verdict.cause,
            withdrawn: why.as_ref().map(discriminant),
            decision,
            overload: standing.overload,
        };
        let before = self.told.replace(told.clone());
        let is_new =
            |same: fn(&Told, &Told) -> bool| !before.as_ref().is_some_and(|one| same(one, &told));
        if is_new(|a, b| (a.state, a.cause) == (b.state, b.cause)) {
            tell_verdict(verdict, self.detail.as_deref());
        }
        if is_new(|a, b| a.withdrawn == b.withdrawn) {
            match why {
                None => tracing::info!("ready: the pod is to get webhooks"),
                Some(why) => tracing::warn!("not ready: {why}"),
            }
        }
        if is_new(|a, b| a.decision == b.decision) {
            tell_decision(decision);
        }
        if is_new(|a, b| a.overload == b.overload) {
            tell_overload(standing.overload, before.is_some());
        }
    }
}

/// `detail` says what was seen, and for a certificate what was presented and what was expected.
fn tell_verdict(verdict: &Verdict, detail: Option<&str>) {
    let state = verdict.state.as_str();
    match verdict.cause {
        Some(cause) => tracing::warn!(
            state,
            fault = %cause.fault,
            stage = cause.stage.as_str(),
            detail,
            "the path to Postgres is {state}: {} at {}; {}",
            cause.fault,
            cause.stage.as_str(),
            cause.fault.advice()
        ),
        None => tracing::info!(state, "the path to Postgres is {state}"),
    }
}

fn tell_overload(overload: Option<Fault>, was_told: bool) {
    match overload {
        Some(fault) => tracing::warn!(
            %fault,
            "statements of the bot meet {fault}; {}; nothing is recycled for it",
            fault.advice()
        ),
        None if was_told => tracing::info!("statements of the bot meet no such thing any more"),
        None => {}
    }
}

/// Recycles are told where they are planned; what is done at every second look is no news.
fn tell_decision(decision: Decision) {
    match decision {
        Decision::Protect(fault) => tracing::warn!(%fault, "{decision}"),
        Decision::Nothing(Why::NoFreshSession(fault)) => tracing::warn!(%fault, "{decision}"),
        Decision::Nothing(Why::OnRequest) => tracing::info!("{decision}"),
        _ => tracing::debug!("{decision}"),
    }
}
