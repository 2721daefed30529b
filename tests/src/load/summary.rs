//! What a load came to: every answer, and the figures that tests judge. Pure.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use crate::bench::quantile;
use crate::http::Failure;
use crate::webhook::Delivery;

/// Every signed webhook that reaches a running bot is answered within this (design section 1).
pub const ANSWERED_IN: Duration = Duration::from_millis(1500);

/// How many of a kind of trouble are shown.
const SHOWN: usize = 8;

/// One call and its answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// When it was sent, since the load began.
    pub sent: Duration,
    pub took: Duration,
    /// The status, or why there was none.
    pub outcome: Result<u16, Failure>,
}

impl Answer {
    pub(super) fn new(sent: Duration, delivery: &Delivery) -> Self {
        Self {
            sent,
            took: delivery.duration,
            outcome: delivery.outcome.clone(),
        }
    }

    #[must_use]
    pub fn is_acknowledged(&self) -> bool {
        self.outcome == Ok(200)
    }

    /// Whether the bot had it and could answer: nobody listened, or the bot was killed over it, is no answer.
    fn reached(&self) -> bool {
        !matches!(
            self.outcome,
            Err(Failure::NotConnected(_) | Failure::Broken(_))
        )
    }

    fn is_in_time(&self) -> bool {
        self.outcome.is_ok() && self.took <= ANSWERED_IN
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (sent, took) = (self.sent.as_secs_f64(), self.took.as_millis());
        match &self.outcome {
            Ok(status) => write!(f, "at {sent:.2} s {status} after {took} ms"),
            Err(failure) => write!(f, "at {sent:.2} s {failure} after {took} ms"),
        }
    }
}

/// All answers of a load.
#[derive(Clone, Debug)]
pub struct Summary {
    /// Distinct events.
    pub events: usize,
    /// Calls, by status or by the name of the failure.
    pub statuses: BTreeMap<String, usize>,
    pub answers: Vec<Answer>,
}

impl Summary {
    pub(super) fn of(events: usize, answers: &[Answer]) -> Self {
        let mut statuses = BTreeMap::new();
        for answer in answers {
            let name = match &answer.outcome {
                Ok(status) => status.to_string(),
                Err(Failure::NotConnected(_)) => "not connected".into(),
                Err(Failure::TimedOut) => "timed out".into(),
                Err(Failure::Broken(_)) => "broken off".into(),
            };
            *statuses.entry(name).or_default() += 1;
        }
        Self {
            events,
            statuses,
            answers: answers.to_vec(),
        }
    }

    #[must_use]
    pub fn count(&self, status: &str) -> usize {
        self.statuses.get(status).copied().unwrap_or_default()
    }

    /// Of the answers that were one; `part` is 0.5 for the median.
    #[must_use]
    pub fn quantile(&self, part: f64) -> Duration {
        let mut took: Vec<f64> = self
            .answers
            .iter()
            .filter(|answer| answer.outcome.is_ok())
            .map(|answer| answer.took.as_secs_f64())
            .collect();
        match took.is_empty() {
            true => Duration::ZERO,
            false => Duration::from_secs_f64(quantile(&mut took, part)),
        }
    }

    /// From `since` (of the load's time) to the first acknowledgement of a call that was sent later.
    #[must_use]
    pub fn first_success_after(&self, since: Duration) -> Option<Duration> {
        let later = self.answers.iter().filter(|answer| answer.sent >= since);
        later
            .filter(|answer| answer.is_acknowledged())
            .map(|answer| answer.sent + answer.took - since)
            .min()
    }

    /// Calls that reached a running bot and were answered with something else than `allowed`, or too late.
    #[must_use]
    pub fn badly_answered(&self, allowed: &[u16]) -> Vec<&Answer> {
        let bad = |answer: &&Answer| {
            answer.reached()
                && !(answer.is_in_time()
                    && matches!(answer.outcome, Ok(status) if allowed.contains(&status)))
        };
        self.answers.iter().filter(bad).collect()
    }

    /// # Panics
    /// When a call that reached a running bot was not answered so within 1.5 s.
    pub fn all_answered(&self, allowed: &[u16]) {
        let bad = self.badly_answered(allowed);
        let shown: Vec<String> = bad.iter().take(SHOWN).map(ToString::to_string).collect();
        assert!(
            bad.is_empty(),
            "{} of {} calls not answered {allowed:?} within {ANSWERED_IN:?}: {}; {self}",
            bad.len(),
            self.answers.len(),
            shown.join(", ")
        );
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = |part| self.quantile(part).as_millis();
        write!(
            f,
            "{} events, {} calls {:?}, p50 {} ms, p99 {} ms, slowest {} ms",
            self.events,
            self.answers.len(),
            self.statuses,
            ms(0.5),
            ms(0.99),
            ms(1.0)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(sent: u64, took: u64, outcome: Result<u16, Failure>) -> Answer {
        Answer {
            sent: Duration::from_millis(sent),
            took: Duration::from_millis(took),
            outcome,
        }
    }

    #[test]
    fn what_is_badly_answered() {
        let answers = [
            answer(0, 5, Ok(200)),
            answer(10, 1_600, Ok(200)),
            answer(20, 900, Ok(503)),
            answer(30, 2_000, Err(Failure::TimedOut)),
            answer(40, 1, Err(Failure::NotConnected("refused".into()))),
            answer(50, 1, Err(Failure::Broken("killed".into()))),
        ];
        let summary = Summary::of(6, &answers);
        let bad = |allowed: &[u16]| -> Vec<u128> {
            let bad = summary.badly_answered(allowed);
            bad.iter().map(|answer| answer.sent.as_millis()).collect()
        };
        assert_eq!(bad(&[200]), [10, 20, 30]);
        assert_eq!(bad(&[200, 503]), [10, 30]);
        assert_eq!(summary.count("200"), 2);
        assert_eq!(summary.quantile(0.5), Duration::from_millis(900));
        let first = summary.first_success_after(Duration::from_millis(5));
        assert_eq!(first, Some(Duration::from_millis(1_605)));
    }
}
