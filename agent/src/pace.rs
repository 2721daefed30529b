//! How often the agent may recycle of its own accord: pure. Beyond it an alarm is due, not another recycle.

use std::collections::VecDeque;
use std::time::Duration;

use crate::moment::Moment;

const HOUR: Duration = Duration::from_secs(3600);

/// How often is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// From one recycle to the next.
    pub min_interval: Duration,
    pub max_per_hour: u32,
}

/// Whether one may begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leave {
    Granted,
    /// Soon: the last was a moment ago.
    NotBefore(Moment),
    /// Not before then, and somebody should look: so many have not helped.
    Exhausted(Moment),
}

/// The recycles of the last hour.
#[derive(Clone, Debug, Default)]
pub struct Pace {
    begun: VecDeque<Moment>,
}

impl Pace {
    /// Whether one may begin now.
    #[must_use]
    pub fn leave(&self, now: Moment, limits: Limits) -> Leave {
        let hour = self.begun.iter().filter(|then| now.since(**then) < HOUR);
        let many = hour.clone().count() >= limits.max_per_hour as usize;
        let first_of_hour = hour.copied().next();
        if let Some(first) = first_of_hour.filter(|_| many) {
            return Leave::Exhausted(Moment(first.0 + HOUR));
        }
        match self.begun.back() {
            Some(last) if now.since(*last) < limits.min_interval => {
                Leave::NotBefore(Moment(last.0 + limits.min_interval))
            }
            _ => Leave::Granted,
        }
    }

    /// One begins now.
    pub fn begins(&mut self, now: Moment) {
        self.begun.retain(|then| now.since(*then) < HOUR);
        self.begun.push_back(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits {
        min_interval: Duration::from_secs(30),
        max_per_hour: 3,
    };

    const fn at(seconds: u64) -> Moment {
        Moment(Duration::from_secs(seconds))
    }

    #[test]
    fn there_is_a_pause_between_two_and_a_bound_to_an_hour() {
        let mut pace = Pace::default();
        let table = [
            (0, Leave::Granted),
            (1, Leave::NotBefore(at(30))),
            (30, Leave::Granted),
            (59, Leave::NotBefore(at(60))),
            (60, Leave::Granted),
            (90, Leave::Exhausted(at(3600))),
            (3599, Leave::Exhausted(at(3600))),
            (3600, Leave::Granted),
            (3630, Leave::Granted),
            (3631, Leave::Exhausted(at(3660))),
        ];
        for (second, expected) in table {
            let leave = pace.leave(at(second), LIMITS);
            assert_eq!(leave, expected, "{second}");
            if leave == Leave::Granted {
                pace.begins(at(second));
            }
        }
    }
}
