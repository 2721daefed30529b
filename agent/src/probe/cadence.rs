//! When to look next, and how: pure. A ping of the kept session each second; a path at each interval, and soon after
//! something failed, until enough of them were good in a row.

#[cfg(test)]
mod tests;

use std::time::Duration;

use tokio::time::Instant;

use super::ProbeSettings;
use crate::verdict::Look;

const PING_INTERVAL: Duration = Duration::from_secs(1);
/// From a failed path to the next; the last one stays.
const PAUSES: [Duration; 4] = [
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
];
/// From a good path to the one that confirms it.
const CONFIRM: Duration = Duration::from_secs(1);
/// From one path to the next at least, whatever happens: sessions that end as soon as they begin are no reason for a storm.
const APART: Duration = Duration::from_millis(500);
/// How far an interval goes below and above what was set.
const JITTER: f64 = 0.2;

/// What is due, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    pub at: Instant,
    pub look: Look,
    /// With the path, a row is written.
    pub write: bool,
}

/// How a path went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Went {
    pub began: Instant,
    pub ended: Instant,
    pub ok: bool,
    /// Whether the row was written, when it came to that.
    pub wrote: Option<bool>,
}

/// What was looked at, and when.
#[derive(Clone, Debug, PartialEq)]
pub struct Cadence {
    next: Next,
    /// When the kept session spoke last.
    asked: Instant,
    /// When the last path ended.
    path_ended: Option<Instant>,
    trouble: Option<Trouble>,
    /// When a row was written last, or was found impossible to write.
    written: Option<Instant>,
    write_failed: bool,
    /// Looks in a row that said nothing.
    discarded: u32,
}

/// When the next path is due.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Next {
    At(Instant),
    /// An interval after that, moved by a roll from 0 to 1.
    Interval(Instant, f64),
}

/// Something failed a moment ago.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Trouble {
    /// Failed paths.
    failures: usize,
    /// Good paths in a row.
    successes: u32,
}

impl Cadence {
    /// A path is due at once.
    #[must_use]
    pub const fn new(now: Instant) -> Self {
        Self {
            next: Next::At(now),
            asked: now,
            path_ended: None,
            trouble: None,
            written: None,
            write_failed: false,
            discarded: 0,
        }
    }

    /// What is due next; without a kept session nothing is to be pinged.
    #[must_use]
    pub fn due(&self, settings: &ProbeSettings, kept: bool) -> Due {
        let path = match self.next {
            Next::At(at) => at,
            Next::Interval(since, roll) => {
                let share = (roll - 0.5).mul_add(2.0 * JITTER, 1.0);
                since + settings.interval.mul_f64(share)
            }
        };
        let ping = self.asked + PING_INTERVAL;
        if kept && ping < path {
            return Due {
                at: ping,
                look: Look::Ping,
                write: false,
            };
        }
        let stale = |last: Instant| path.saturating_duration_since(last) >= settings.write_interval;
        Due {
            at: path,
            look: Look::Path,
            write: self.write_failed || self.written.is_none_or(stale),
        }
    }

    /// A path was gone; `roll` is from 0 to 1.
    pub fn after_path(&mut self, went: Went, settings: &ProbeSettings, roll: f64) {
        self.discarded = 0;
        if went.ok {
            self.asked = went.ended;
        }
        self.path_ended = Some(went.ended);
        if let Some(wrote) = went.wrote {
            self.written = Some(went.began);
            self.write_failed = !wrote;
        }
        let pause = if went.ok {
            let trouble = self.trouble.map(Trouble::after_success);
            self.trouble = trouble.filter(|one| one.successes < settings.success_threshold);
            self.trouble.map(|trouble| trouble.pause().min(CONFIRM))
        } else {
            let trouble = self.trouble.unwrap_or_default().after_failure();
            self.trouble = Some(trouble);
            Some(trouble.pause())
        };
        self.next = match pause {
            Some(pause) => Next::At(went.ended + pause.min(settings.interval)),
            None => Next::Interval(went.began, roll),
        };
    }

    /// The kept session was asked, or has ended, which is no answer either.
    pub fn after_ping(&mut self, ended: Instant, ok: bool) {
        self.discarded = 0;
        self.asked = ended;
        if !ok {
            let trouble = self.trouble.unwrap_or_default();
            self.trouble = Some(Trouble {
                successes: 0,
                ..trouble
            });
            let apart = self.path_ended.map(|last| last + APART);
            self.next = Next::At(apart.map_or(ended, |earliest| earliest.max(ended)));
        }
    }

    /// A path is wanted soon: what the last one met is new.
    pub fn hurry(&mut self) {
        if let (Some(ended), Next::Interval(..)) = (self.path_ended, self.next) {
            self.next = Next::At(ended + CONFIRM);
        }
    }

    /// A look said nothing: a path is due at once, and a little later when that happens again.
    pub fn after_nothing(&mut self, now: Instant) {
        let again = self.discarded > 0;
        self.discarded = self.discarded.saturating_add(1);
        self.next = Next::At(if again { now + APART } else { now });
    }
}

impl Trouble {
    fn pause(self) -> Duration {
        let step = self.failures.saturating_sub(1).min(PAUSES.len() - 1);
        PAUSES[step]
    }

    const fn after_failure(self) -> Self {
        Self {
            failures: self.failures.saturating_add(1),
            successes: 0,
        }
    }

    const fn after_success(self) -> Self {
        Self {
            successes: self.successes.saturating_add(1),
            ..self
        }
    }
}
