//! What the bot says of itself, over the last seconds: its reports as they came, and for how long none has.

#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use sabai_wire::control::{ReadinessReport, Report};
use sabai_wire::fault::{Class, Fault};

use crate::bot;
use crate::decision::Bot;
use crate::moment::Moment;
use crate::readiness::Told;
use crate::said::one_line;

/// Reports that are kept at most.
const KEPT: usize = 32;
/// A bot that met something and waits before it tries again has met it lately.
const LATELY: Duration = Duration::from_secs(15);

/// The last reports.
#[derive(Debug)]
pub struct Hearing {
    /// For so long a pool may stand still before it is wedged.
    stuck_after: Duration,
    reports: VecDeque<(Moment, Arc<Report>)>,
    /// Why the last question was not answered.
    unheard: Option<String>,
    /// Since when it has held back, without having been ready.
    held: Option<Moment>,
    /// What it has met last for want of room on the server, and when.
    overload: Option<(Moment, Fault)>,
}

impl Hearing {
    /// Nothing was heard yet. `stuck_after` is longer than any statement of the bot may take.
    #[must_use]
    pub fn new(stuck_after: Duration) -> Self {
        Self {
            stuck_after,
            reports: VecDeque::new(),
            unheard: None,
            held: None,
            overload: None,
        }
    }

    /// For so long a pool may stand still from now on.
    pub fn obeys(&mut self, stuck_after: Duration) {
        self.stuck_after = stuck_after;
    }

    /// The bot was asked: its report, or why there is none. After we `stood_still` what was heard before tells nothing
    /// about the time between.
    pub fn asked(&mut self, at: Moment, answer: Result<Arc<Report>, String>, stood_still: bool) {
        if stood_still {
            self.begins_anew(at);
        }
        let report = match answer {
            Ok(report) => report,
            Err(reason) => {
                self.unheard = Some(reason);
                return;
            }
        };
        self.unheard = None;
        self.held = match (report.readiness.held, self.held) {
            (true, since) => since.or(Some(at)),
            (false, _) => None,
        };
        self.reports.push_back((at, report));
        // One that is old enough to tell of a pool that stands still, and all after it.
        let old = |(then, _): &(Moment, Arc<Report>)| at.since(*then) >= self.stuck_after;
        while self.reports.get(1).is_some_and(old) || self.reports.len() > KEPT {
            self.reports.pop_front();
        }
        self.notes_overload();
    }

    /// What was heard until now says nothing about what comes.
    pub fn begins_anew(&mut self, now: Moment) {
        let last = self.reports.pop_back();
        self.reports.clear();
        self.reports.extend(last.map(|(_, report)| (now, report)));
    }

    /// The last report.
    #[must_use]
    pub fn report(&self) -> Option<&Arc<Report>> {
        self.reports.back().map(|(_, report)| report)
    }

    /// How its pool stands.
    #[must_use]
    pub fn pool(&self) -> Bot {
        match (self.reports.front(), self.reports.back(), &self.unheard) {
            (Some((first, earlier)), Some((last, now)), None) => {
                bot::judge(earlier, now, last.since(*first), self.stuck_after)
            }
            _ => Bot::Silent,
        }
    }

    /// What its statements have met lately for want of room on the server, the most frequent: a path with its one small
    /// row may pass all the same.
    #[must_use]
    pub fn overload(&self, now: Moment) -> Option<Fault> {
        let lately = self.overload.filter(|(then, _)| now.since(*then) < LATELY);
        lately.map(|(_, fault)| fault)
    }

    /// Looks for it in what is kept. What is met still is told further, though another may be met more often.
    fn notes_overload(&mut self) {
        let (Some((_, first)), Some((at, last))) = (self.reports.front(), self.reports.back())
        else {
            return;
        };
        let times = |fault: Fault| {
            let met = |report: &Report| report.faults.get(fault.as_str()).copied();
            let (before, after) = (
                met(first).unwrap_or_default(),
                met(last).unwrap_or_default(),
            );
            after.saturating_sub(before)
        };
        let told = self.overload.map(|(_, fault)| fault);
        let all = Fault::ALL.iter().copied();
        let met = all.filter(|fault| fault.class() == Class::Overload && times(*fault) > 0);
        let most = met.max_by_key(|fault| (Some(*fault) == told, times(*fault)));
        self.overload = most.map(|fault| (*at, fault)).or(self.overload);
    }

    /// Whether it has been heard for long enough that a pool which stands still would have been called wedged.
    #[must_use]
    pub fn would_know(&self) -> bool {
        match (self.reports.front(), self.reports.back()) {
            (Some((first, _)), Some((last, _))) => last.since(*first) >= self.stuck_after,
            _ => false,
        }
    }

    /// What it says of itself.
    #[must_use]
    pub fn told(&self, now: Moment) -> Told {
        let Some((last, report)) = self.reports.back() else {
            return Told::Nothing(self.unheard.clone());
        };
        let since = now.since(*last);
        if let Some(reason) = &self.unheard {
            return Told::Silent(since, reason.clone());
        }
        let ReadinessReport { ready, reason, .. } = &report.readiness;
        let reason = || {
            let said = reason.as_deref().map(one_line);
            said.unwrap_or_else(|| "it does not say why".to_owned())
        };
        match (ready, self.held) {
            (true, _) => Told::Ready,
            (false, Some(held)) => Told::Held(now.since(held), reason()),
            (false, None) => Told::NotReady(reason()),
        }
    }
}
