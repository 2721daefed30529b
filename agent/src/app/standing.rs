//! What `/readyz` and the gauges say: what was judged last, and how old it is by now.

use sabai_daemon::admin::Readiness as Page;
use sabai_wire::fault::Fault;

use super::known::Known;
use crate::decision::Decision;
use crate::metrics::Metrics;
use crate::moment::Moment;
use crate::readiness::{self, Readiness, Situation};
use crate::settings::ReadinessSettings;
use crate::verdict::Verdict;

/// What was judged last.
#[derive(Clone, Debug)]
pub(crate) struct Standing {
    pub(crate) at: Moment,
    pub(crate) verdict: Verdict,
    pub(crate) situation: Situation,
    pub(crate) settings: ReadinessSettings,
    pub(crate) decision: Decision,
    /// What the bot's statements meet for want of room on the server.
    pub(crate) overload: Option<Fault>,
    pub(crate) known: Known,
}

impl Standing {
    /// By what is known now: what was judged a while ago has grown older, whatever became of the judge.
    pub(crate) fn readiness(&self, now: Moment) -> Readiness {
        let situation = Situation {
            verdict_age: self.situation.verdict_age + now.since(self.at),
            ..self.situation.clone()
        };
        readiness::judge(&situation, self.settings)
    }

    /// The body of `/readyz`.
    pub(super) fn page(&self, now: Moment) -> Page {
        let words = self.words(now);
        match self.readiness(now) {
            Readiness::Ready => Page::Ready { note: words },
            Readiness::NotReady(why) => Page::NotReady {
                reason: format!("{why}; {words}"),
            },
        }
    }

    /// Verdict, its age, and what is done about it.
    fn words(&self, now: Moment) -> String {
        let Verdict {
            state,
            since,
            cause,
            seen,
            ..
        } = &self.verdict;
        let why = cause.map_or_else(String::new, |cause| {
            format!(" ({} at {})", cause.fault, cause.stage.as_str())
        });
        let age = seen.map_or_else(
            || "nothing seen yet".to_owned(),
            |seen| format!("seen {:.1} s ago", now.since(seen).as_secs_f64()),
        );
        let state = state.as_str();
        let held = now.since(*since).as_secs();
        let overload = self.overload.map_or_else(String::new, |fault| {
            format!("; statements of the bot meet {fault}")
        });
        format!(
            "Postgres {state}{why} for {held} s, {age}; {}{overload}",
            self.decision
        )
    }

    /// Sets the gauges that grow by themselves.
    pub(super) fn gauge(&self, now: Moment, metrics: &Metrics) {
        let age = now.since(self.verdict.seen.unwrap_or_default());
        metrics.verdict(self.verdict.state, age);
        metrics.ready(self.readiness(now) == Readiness::Ready);
    }
}
