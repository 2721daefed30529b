//! Whether the pod is to get webhooks, and why not: pure, from what the parts say.

use std::time::Duration;

use sabai_daemon::admin::Readiness;
use sabai_wire::control::ReadinessReport;
use sabai_wire::dial::DialError;
use sabai_wire::fault::Fault;

use crate::db::migrate::MigrateError;
use crate::spool;

/// What is known at one moment.
#[derive(Debug)]
pub(super) struct State<'a> {
    pub(super) stopping: bool,
    /// `None` while the schema has not been looked at yet.
    pub(super) schema: Option<Result<&'a (), &'a MigrateError>>,
    /// What opening a session for intake runs into now.
    pub(super) trouble: Option<&'a DialError>,
    /// `None` without a spool.
    pub(super) spool: Option<spool::State>,
    /// Webhooks go there, whatever sessions can be opened.
    pub(super) spooling: bool,
    /// It was ready before in this life.
    pub(super) was_ready: bool,
    /// Since the process started.
    pub(super) age: Duration,
}

/// Until it was ready once, trouble that time heals holds a pod back for so long: a rollout sees what is wrong first.
const HOLD: Duration = Duration::from_secs(10);

/// The verdict: ready is who can acknowledge, by Postgres or by the spool. What time does not heal holds a pod back
/// until it was ready once, so that a rollout with a wrong password or CA stops at its first pod.
pub(super) fn readiness(state: &State<'_>) -> ReadinessReport {
    if state.stopping {
        return not_ready("stopping".to_owned());
    }
    if let Some(spool) = state.spool.as_ref().filter(|_| state.spooling)
        && *spool != spool::State::Open
    {
        return not_ready(format!("webhooks go to the spool, {}", unusable(spool)));
    }
    let schema_behind = state.schema.as_ref().and_then(|seen| seen.err());
    let (fault, reason) = if let Some(error) = state.trouble {
        (error.fault, error.to_string())
    } else if let Some(error) = schema_behind {
        (error.fault, error.to_string())
    } else if state.schema.is_none() {
        // It will be seen in a moment, or trouble will be told.
        (
            Fault::TimedOut,
            "the schema has not been seen yet".to_owned(),
        )
    } else {
        return ready();
    };
    let postgres = format!("Postgres: {reason}");
    match &state.spool {
        Some(spool::State::Open) if state.was_ready || fault.may_heal() && state.age >= HOLD => {
            ready()
        }
        Some(spool::State::Open) => ReadinessReport {
            held: true,
            ..not_ready(format!("{postgres}; {}", fault.advice()))
        },
        None => not_ready(format!("{postgres}; {}", fault.advice())),
        Some(spool) => not_ready(format!("{postgres}; {}", unusable(spool))),
    }
}

const fn ready() -> ReadinessReport {
    ReadinessReport {
        ready: true,
        held: false,
        reason: None,
    }
}

pub(super) const fn not_ready(reason: String) -> ReadinessReport {
    ReadinessReport {
        ready: false,
        held: false,
        reason: Some(reason),
    }
}

/// The same for `/readyz`.
pub(super) fn page(report: &ReadinessReport) -> Readiness {
    let words = report.reason.clone().unwrap_or_default();
    if report.ready {
        Readiness::Ready { note: words }
    } else {
        Readiness::NotReady { reason: words }
    }
}

/// What is wrong with the spool.
fn unusable(spool: &spool::State) -> String {
    let (state, remedy) = match spool {
        spool::State::Open => return "the spool is usable".to_owned(),
        spool::State::Full => (
            "full".to_owned(),
            "raise SABAI_SPOOL_MAX_BYTES or give its volume more space",
        ),
        spool::State::Failing(why) => (format!("failing ({why})"), "look at its volume"),
        spool::State::Hung(_) => (
            "hung: a write does not end".to_owned(),
            "look at its volume",
        ),
    };
    format!("and the spool is {state}; {remedy}")
}

#[cfg(test)]
mod tests {
    use sabai_wire::stage::Stage;

    use super::*;

    /// Postgres as it is met: the trouble, and what is wrong with the schema.
    type Met = (Option<Fault>, Option<Option<Fault>>);

    const WELL: Met = (None, Some(None));
    const UNSEEN: Met = (None, None);
    const AWAY: Met = (Some(Fault::Refused), None);
    const LOCKED_OUT: Met = (Some(Fault::PasswordRejected), None);
    const BEHIND: Met = (None, Some(Some(Fault::SchemaBehind)));

    fn judged(
        (trouble, schema): Met,
        spool: Option<spool::State>,
        was_ready: bool,
        age: Duration,
    ) -> ReadinessReport {
        let trouble = trouble.map(|fault| DialError::new(Stage::Tcp, fault, "cannot connect"));
        let schema = schema.map(|fault| {
            let detail = "version 0".to_owned();
            fault.map_or(Ok(()), |fault| Err(MigrateError { fault, detail }))
        });
        readiness(&State {
            stopping: false,
            schema: schema.as_ref().map(Result::as_ref),
            trouble: trouble.as_ref(),
            spool,
            spooling: false,
            was_ready,
            age,
        })
    }

    /// Ready, or not with this in its words; `held` when it only holds back.
    fn says(found: &ReadinessReport, expected: Option<(&str, bool)>, given: &str) {
        let fits = match (expected, &found.reason) {
            (None, None) => found.ready,
            (Some((part, held)), Some(reason)) => {
                !found.ready && found.held == held && reason.contains(part)
            }
            _ => false,
        };
        assert!(fits, "{given}, expected {expected:?}");
    }

    #[test]
    fn ready_is_who_can_acknowledge_and_else_it_says_what_to_do() {
        let (open, full) = (Some(spool::State::Open), Some(spool::State::Full));
        let (young, old) = (Duration::ZERO, HOLD);
        let table = [
            // met, spool, was ready, age -> what it says when it is not ready, and whether it only holds back
            (WELL, None, false, young, None),
            (WELL, full.clone(), false, young, None),
            (UNSEEN, None, false, old, Some(("schema", false))),
            (UNSEEN, open.clone(), false, young, Some(("schema", true))),
            (UNSEEN, open.clone(), false, old, None),
            (AWAY, None, true, old, Some(("Refused at TCP", false))),
            (AWAY, open.clone(), true, young, None),
            (
                AWAY,
                open.clone(),
                false,
                young,
                Some(("Refused at TCP", true)),
            ),
            (AWAY, open.clone(), false, old, None),
            (
                AWAY,
                full,
                true,
                old,
                Some(("SABAI_SPOOL_MAX_BYTES", false)),
            ),
            (
                LOCKED_OUT,
                open.clone(),
                false,
                old,
                Some(("PGPASSWORD", true)),
            ),
            (LOCKED_OUT, open.clone(), true, young, None),
            (BEHIND, None, true, old, Some(("sabai-bot migrate", false))),
            (BEHIND, open, false, old, Some(("sabai-bot migrate", true))),
        ];
        for (met, spool, was_ready, age, expected) in table {
            let found = judged(met, spool.clone(), was_ready, age);
            let given = format!("{met:?} {spool:?} {was_ready} {age:?} gave {found:?}");
            says(&found, expected, &given);
        }
    }

    /// Sessions can be opened while every commit hangs, or the disk does while the rest of the spool is drained.
    #[test]
    fn who_can_neither_spool_nor_commit_is_not_ready_whatever_can_be_opened() {
        let state = |spool, spooling| State {
            stopping: false,
            schema: Some(Ok(&())),
            trouble: None,
            spool: Some(spool),
            spooling,
            was_ready: true,
            age: HOLD,
        };
        let hung = || spool::State::Hung(std::time::Instant::now());
        let table = [
            (spool::State::Open, true, None),
            (spool::State::Full, false, None),
            (
                spool::State::Full,
                true,
                Some(("SABAI_SPOOL_MAX_BYTES", false)),
            ),
            (hung(), true, Some(("the spool is hung", false))),
        ];
        for (spool, spooling, expected) in table {
            let found = readiness(&state(spool.clone(), spooling));
            says(
                &found,
                expected,
                &format!("{spool:?} {spooling} gave {found:?}"),
            );
        }
    }

    #[test]
    fn who_stops_is_not_ready() {
        let state = State {
            stopping: true,
            schema: Some(Ok(&())),
            trouble: None,
            spool: None,
            spooling: false,
            was_ready: true,
            age: HOLD,
        };
        assert_eq!(readiness(&state), not_ready("stopping".to_owned()));
    }
}
