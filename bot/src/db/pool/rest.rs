//! Whether a link may be lent: pure.

use std::time::Duration;

use sabai_wire::settings::PoolSettings;
use tokio::time::Instant;

use super::end::Why;

/// What a link needs before somebody may use it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Lend it.
    Lend,
    /// Ask the server first: it idled long, or another link died since it was last used.
    Check,
    /// Close it.
    Retire(Why),
}

/// What does not change about a link.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Life {
    /// Its number in this process.
    pub id: u64,
    /// The generation it was opened in.
    pub generation: u64,
    /// When it was ready.
    pub opened: Instant,
    /// Its share of the lifetime's jitter, 0 to 1.
    pub roll: f64,
}

/// A link at rest.
#[derive(Clone, Copy, Debug)]
pub struct Resting {
    /// When it was given back.
    pub since: Instant,
    /// The rest of it.
    pub life: Life,
}

/// What faults and recycles have said about sessions that were there before.
#[derive(Clone, Copy, Debug, Default)]
pub struct Marks {
    /// Last used before this instant: check, since a link has died then.
    pub suspect_before: Option<Instant>,
    /// Opened before this instant: of no use any more.
    pub outdated_before: Option<Instant>,
    /// Of a smaller generation: closed when it comes back.
    pub least_generation: u64,
    /// No fresh session can be made now: what still works is kept beyond its time.
    pub protect: bool,
    /// One was closed for its age, and none has come in its place yet: until it is known whether one can, the others stay.
    pub renewing: bool,
}

/// The times it is held against.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// Idle longer than this: check.
    pub check_after_idle: Duration,
    /// Idle longer than this: retire.
    pub idle_timeout: Duration,
    /// The life of a link, before jitter.
    pub lifetime: Duration,
    /// In percent of it.
    pub jitter: u16,
}

impl Rules {
    /// Those of the settings.
    pub fn of(settings: &PoolSettings) -> Self {
        Self {
            check_after_idle: settings.check_after_idle(),
            idle_timeout: settings.idle_timeout(),
            lifetime: settings.max_lifetime(),
            jitter: settings.lifetime_jitter_percent(),
        }
    }
}

/// Decides about an idle link.
pub fn judge(resting: Resting, marks: Marks, rules: Rules, now: Instant) -> Verdict {
    let idle = now.saturating_duration_since(resting.since);
    if let Some(why) = past(resting.life, marks, rules, now) {
        Verdict::Retire(why)
    } else if idle >= rules.idle_timeout && !marks.protect && !marks.renewing {
        Verdict::Retire(Why::Idle)
    } else if idle >= rules.check_after_idle.min(rules.idle_timeout) || marks.suspect(resting.since)
    {
        Verdict::Check
    } else {
        Verdict::Lend
    }
}

/// Why a link, used or not, is past its time. While no fresh one can be made only what is of no use is.
pub fn past(life: Life, marks: Marks, rules: Rules, now: Instant) -> Option<Why> {
    let age = now.saturating_duration_since(life.opened);
    if marks.outdated_before.is_some_and(|at| life.opened <= at) {
        Some(Why::Outdated)
    } else if marks.protect {
        None
    } else if !marks.renewing && age >= lifetime(rules.lifetime, rules.jitter, life.roll) {
        Some(Why::Lifetime)
    } else if life.generation < marks.least_generation {
        Some(Why::Recycle)
    } else {
        None
    }
}

impl Marks {
    /// Whether a link that rests since then may be dead.
    pub fn suspect(&self, since: Instant) -> bool {
        self.suspect_before.is_some_and(|at| since <= at)
    }
}

/// The life of a link: `lifetime` shortened or lengthened by up to `jitter_percent`, `roll` being 0..=1.
pub fn lifetime(lifetime: Duration, jitter_percent: u16, roll: f64) -> Duration {
    lifetime.mul_f64(1.0 + (roll * 2.0 - 1.0) * f64::from(jitter_percent) / 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn checks_only_after_idling_or_a_death_and_retires_the_old() {
        let start = Instant::now();
        let at = |seconds: u32| start + SECOND * seconds;
        let rules = Rules {
            check_after_idle: SECOND * 2,
            idle_timeout: SECOND * 50,
            lifetime: SECOND * 100,
            jitter: 0,
        };
        let none = (None, None, 0);
        let table = [
            // idle since, (suspect, outdated, least generation), now -> verdict; opened at 0 in generation 3
            (0, none, 1, Verdict::Lend),
            (0, none, 2, Verdict::Check),
            (0, none, 50, Verdict::Retire(Why::Idle)),
            (99, none, 100, Verdict::Retire(Why::Lifetime)),
            (10, (Some(9), None, 0), 11, Verdict::Lend),
            (10, (Some(10), None, 0), 11, Verdict::Check),
            (10, (None, Some(5), 0), 11, Verdict::Retire(Why::Outdated)),
            (10, (None, None, 3), 11, Verdict::Lend),
            (10, (None, None, 4), 11, Verdict::Retire(Why::Recycle)),
        ];
        for (since, marks, now, verdict) in table {
            let life = Life {
                id: 1,
                generation: 3,
                opened: start,
                roll: 0.5,
            };
            let resting = Resting {
                since: at(since),
                life,
            };
            let given = Marks {
                suspect_before: marks.0.map(at),
                outdated_before: marks.1.map(at),
                least_generation: marks.2,
                protect: false,
                renewing: false,
            };
            assert_eq!(
                judge(resting, given, rules, at(now)),
                verdict,
                "{since} {marks:?} {now}"
            );
        }
    }

    #[test]
    fn while_none_can_be_made_only_what_is_of_no_use_is_retired() {
        let start = Instant::now();
        let at = |seconds: u32| start + SECOND * seconds;
        let rules = Rules {
            check_after_idle: SECOND * 60,
            idle_timeout: SECOND * 50,
            lifetime: SECOND * 100,
            jitter: 0,
        };
        let table = [
            // idle since, (suspect, outdated, least generation), now -> verdict; opened at 0 in generation 3
            (10, (None, None, 0), 11, Verdict::Lend),
            (10, (None, None, 0), 60, Verdict::Check),
            (999, (None, None, 0), 1000, Verdict::Lend),
            (10, (None, None, 4), 11, Verdict::Lend),
            (10, (Some(10), None, 4), 11, Verdict::Check),
            (10, (None, Some(5), 0), 11, Verdict::Retire(Why::Outdated)),
        ];
        for (since, marks, now, verdict) in table {
            let life = Life {
                id: 1,
                generation: 3,
                opened: start,
                roll: 0.5,
            };
            let resting = Resting {
                since: at(since),
                life,
            };
            let given = Marks {
                suspect_before: marks.0.map(at),
                outdated_before: marks.1.map(at),
                least_generation: marks.2,
                protect: true,
                renewing: false,
            };
            assert_eq!(
                judge(resting, given, rules, at(now)),
                verdict,
                "{since} {marks:?} {now}"
            );
        }
    }

    #[test]
    fn life_varies_by_its_jitter() {
        assert_eq!(lifetime(SECOND * 100, 20, 0.0), SECOND * 80);
        assert_eq!(lifetime(SECOND * 100, 20, 0.5), SECOND * 100);
        assert_eq!(lifetime(SECOND * 100, 20, 1.0), SECOND * 120);
    }
}
