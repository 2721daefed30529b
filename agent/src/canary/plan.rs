//! Which ages are tried next: pure, from the bounds that are known.

use std::time::Duration;

use super::Finding;
use super::limits::Limits;

/// What counts as found: dead at most so much later than alive.
pub(super) const WITHIN: f64 = 1.05;
/// How far apart the two ages are that are confirmed. The rest is for a path's own jitter and for asking late.
const SPREAD: f64 = 1.045;
/// So far below an age at which a session was seen to end, it is expected alive.
const BELOW: f64 = 1.04;
/// Nothing is known on that side.
const FAR: [f64; 4] = [2.0, 4.0, 8.0, 16.0];
/// A bound was refuted: the new one may be near. Its first step makes, with jitter, a pair to confirm.
const NEAR: [f64; 4] = [1.022, 1.15, 1.6, 2.6];
/// What ends sooner than this part of the smallest age is of no use as a session.
const FLOOR: u32 = 10;

/// Between these the idle timeout lies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Bounds {
    /// The longest age that was alive.
    pub(super) alive: Option<Duration>,
    pub(super) dead: Option<Dead>,
    /// The bound that is missing was there and was refuted.
    pub(super) moved: bool,
}

/// The shortest age that was dead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Dead {
    pub(super) age: Duration,
    /// The end itself was seen, not only that nobody answered later.
    pub(super) seen: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Plan {
    /// These ages, the smallest first.
    Search(Vec<Duration>),
    /// The bounds are close enough.
    Confirm { lower: Duration, upper: Duration },
    /// Nothing dies up to the largest age.
    Unbounded,
    /// It dies at the smallest age that can be told.
    Hopeless,
}

impl Bounds {
    /// What is tried next.
    pub(super) fn plan(&self, limits: Limits) -> Plan {
        let steps = if self.moved { NEAR } else { FAR };
        let floor = limits.smallest / FLOOR;
        let ages: Vec<_> = match (self.alive, self.dead) {
            (Some(alive), None) if alive >= limits.largest => return Plan::Unbounded,
            (None, Some(dead)) if dead.age.as_secs_f64() <= floor.as_secs_f64() * BELOW => {
                return Plan::Hopeless;
            }
            (None, None) => [1.0, 2.0, 4.0, 8.0]
                .map(|step| limits.smallest.mul_f64(step))
                .into(),
            (Some(alive), None) => steps.map(|step| alive.mul_f64(step)).into(),
            (None, Some(dead)) => steps.map(|step| dead.age.div_f64(step)).into(),
            (Some(alive), Some(dead)) if dead.age.as_secs_f64() <= alive.as_secs_f64() * SPREAD => {
                return around(alive, dead);
            }
            (Some(alive), Some(dead)) => between(alive, dead, limits.sessions()),
        };
        let ages = ages
            .into_iter()
            .map(|age| age.clamp(floor, limits.largest.max(floor)));
        let mut ages: Vec<_> = ages.map(in_milliseconds).collect();
        ages.sort_unstable();
        ages.dedup();
        ages.truncate(limits.sessions());
        Plan::Search(ages)
    }
}

/// The two ages to confirm.
fn around(alive: Duration, dead: Dead) -> Plan {
    let middle = match dead.seen {
        true => dead.age.as_secs_f64(),
        false => (alive.as_secs_f64() * dead.age.as_secs_f64()).sqrt(),
    };
    let half = SPREAD.sqrt();
    Plan::Confirm {
        lower: in_milliseconds(Duration::from_secs_f64(middle / half)),
        upper: in_milliseconds(Duration::from_secs_f64(middle * half)),
    }
}

/// The ages that confirm a finding again. Who asks at the very moment of an end that was seen may find silence.
pub(super) fn again(found: &Finding) -> Plan {
    let upper = in_milliseconds(found.alive_after.mul_f64(SPREAD));
    Plan::Confirm {
        lower: found.alive_after,
        upper: upper.max(found.dead_after),
    }
}

/// As many ages as are needed, or may be, with equal quotients. Where the end was seen, just below it and in the middle.
fn between(alive: Duration, dead: Dead, sessions: usize) -> Vec<Duration> {
    let quotient = dead.age.as_secs_f64() / alive.as_secs_f64();
    let below = dead.age.div_f64(BELOW);
    if dead.seen {
        let middle = alive.mul_f64(quotient.sqrt());
        return if middle < below {
            vec![middle, below]
        } else {
            vec![below]
        };
    }
    let most = u32::try_from(sessions).unwrap_or(u32::MAX);
    let inside = (1..=most).find(|inside| quotient.powf(1.0 / f64::from(inside + 1)) <= BELOW);
    let inside = inside.unwrap_or(most);
    let age = |place: u32| quotient.powf(f64::from(place) / f64::from(inside + 1));
    (1..=inside)
        .map(|place| alive.mul_f64(age(place)))
        .collect()
}

fn in_milliseconds(age: Duration) -> Duration {
    Duration::from_millis(u64::try_from(age.as_millis()).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_bounds_has_its_ages() {
        let at = |age: u64, seen| {
            let age = Duration::from_millis(age);
            Some(Dead { age, seen })
        };
        // Alive, dead, moved; ages in milliseconds.
        let table: [(u64, Option<Dead>, bool, &[u64]); 9] = [
            (0, None, false, &[1_000, 2_000, 4_000, 8_000]),
            (8_000, None, false, &[16_000, 32_000, 64_000, 128_000]),
            (128_000, None, false, &[256_000, 512_000, 900_000]),
            (10_000, None, true, &[10_220, 11_500, 16_000, 26_000]),
            (0, at(10_000, true), true, &[3_846, 6_250, 8_695, 9_784]),
            (0, at(300, true), false, &[100, 150]),
            (
                32_000,
                at(64_000, false),
                false,
                &[36_758, 42_224, 48_502, 55_715],
            ),
            (32_000, at(60_000, true), false, &[43_817, 57_692]),
            (56_000, at(64_000, false), false, &[57_900, 59_866, 61_898]),
        ];
        for (alive, dead, moved, ages) in table {
            let alive = (alive > 0).then(|| Duration::from_millis(alive));
            let bounds = Bounds { alive, dead, moved };
            let ages = ages.iter().map(|age| Duration::from_millis(*age));
            let expected = Plan::Search(ages.collect());
            assert_eq!(bounds.plan(Limits::default()), expected, "{bounds:?}");
        }
    }

    #[test]
    fn close_bounds_are_confirmed_around_their_middle_or_the_end_that_was_seen() {
        let secs = Duration::from_secs;
        for (seen, middle) in [(false, 347.0), (true, 350.0)] {
            let bounds = Bounds {
                alive: Some(secs(344)),
                dead: Some(Dead {
                    age: secs(350),
                    seen,
                }),
                moved: false,
            };
            let Plan::Confirm { lower, upper } = bounds.plan(Limits::default()) else {
                panic!("{bounds:?}")
            };
            let (lower, upper) = (lower.as_secs_f64(), upper.as_secs_f64());
            assert!(upper / lower < WITHIN, "{lower} {upper}");
            assert!(((lower * upper).sqrt() - middle).abs() < 0.1, "{lower}");
        }
    }

    #[test]
    fn the_ends_of_the_scale_are_told() {
        let millis = Duration::from_millis;
        let unbounded = Bounds {
            alive: Some(millis(900_000)),
            ..Bounds::default()
        };
        assert_eq!(unbounded.plan(Limits::default()), Plan::Unbounded);
        let hopeless = Bounds {
            dead: Some(Dead {
                age: millis(100),
                seen: false,
            }),
            ..Bounds::default()
        };
        assert_eq!(hopeless.plan(Limits::default()), Plan::Hopeless);
    }
}
