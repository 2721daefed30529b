//! One round: a few sessions parked together, each at a moment of its own, and what their ends say together. Pure.

use std::time::Duration;

use super::ClosedBy;
use super::plan::Dead;
use crate::moment::Moment;

/// What parts two parkings: a share of the age of the later one, within these ends.
const GAP_SHARE: u32 = 20;
const GAP: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));
/// After an end was noticed, others that have the same cause are told within this time.
const SETTLING: Duration = Duration::from_millis(500);

/// What a parked session said in the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Told {
    /// When it ended, or was asked.
    pub at: Moment,
    /// How long it had been idle then.
    pub age: Duration,
    pub outcome: Outcome,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It answered.
    Alive,
    /// Its end was noticed when it came, without asking.
    Ended(ClosedBy),
    /// It was asked, and found to be dead.
    FoundDead(ClosedBy),
    /// Something happened that has nothing to do with idling.
    Spoiled,
}

/// All that a round says about idling.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Evidence {
    pub(super) alive: Option<Duration>,
    pub(super) dead: Option<Dead>,
    pub(super) closed_by: Option<ClosedBy>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// This one is parked next, at this age.
    Park(u64, Duration),
    /// Nothing to do before something is told, or before then.
    Open(Option<Moment>),
    Over,
}

#[derive(Clone, Debug)]
pub(super) struct Round {
    /// The smallest age first.
    berths: Vec<Berth>,
    last_parked: Option<Moment>,
    last_end: Option<Moment>,
}

#[derive(Clone, Debug)]
struct Berth {
    id: u64,
    age: Duration,
    state: State,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum State {
    Planned,
    Parked,
    Told(Told),
}

impl Round {
    /// The sessions are numbered from `first`.
    pub(super) fn new(first: u64, ages: Vec<Duration>) -> Self {
        let berth = |(id, age)| Berth {
            id,
            age,
            state: State::Planned,
        };
        Self {
            berths: (first..).zip(ages).map(berth).collect(),
            last_parked: None,
            last_end: None,
        }
    }

    pub(super) fn is_parked(&self, id: u64) -> bool {
        let mut parked = self.berths.iter().filter(|one| one.state == State::Parked);
        parked.any(|one| one.id == id)
    }

    pub(super) fn parked(&mut self, id: u64, now: Moment) {
        if let Some(berth) = self.berths.iter_mut().find(|one| one.id == id) {
            berth.state = State::Parked;
            self.last_parked = Some(now);
        }
    }

    pub(super) fn told(&mut self, id: u64, told: Told, now: Moment) {
        if let Some(berth) = self.berths.iter_mut().find(|one| one.id == id) {
            berth.state = State::Told(told);
            if let Outcome::Ended(_) = told.outcome {
                self.last_end = Some(now);
            }
        }
    }

    /// How it stands: it is over as soon as more waiting would say nothing new.
    pub(super) fn stands(&self, now: Moment) -> Standing {
        let evidence = self.evidence();
        let matters =
            |berth: &&Berth| !berth.is_told() && evidence.dead.is_none_or(|d| berth.age < d.age);
        let open: Vec<_> = self.berths.iter().filter(matters).collect();
        if open.is_empty() {
            let settled = self.last_end.map(|end| Moment(end.0 + SETTLING));
            let waits = self.berths.iter().any(|one| one.state == State::Parked);
            return match settled.filter(|settled| waits && now < *settled) {
                Some(settled) => Standing::Open(Some(settled)),
                None => Standing::Over,
            };
        }
        match open.iter().find(|one| one.state == State::Planned) {
            None => Standing::Open(None),
            Some(next) => match self.last_parked.map(|last| Moment(last.0 + gap(next.age))) {
                Some(then) if now < then => Standing::Open(Some(then)),
                _ => Standing::Park(next.id, next.age),
            },
        }
    }

    /// What it says so far.
    pub(super) fn evidence(&self) -> Evidence {
        let told = self.berths.iter().filter_map(Berth::told);
        let told: Vec<_> = told.collect();
        let alive = told.iter().filter(|one| one.outcome == Outcome::Alive);
        let alive = alive.map(|one| one.age).max();
        let dead = told.iter().filter_map(|one| match one.outcome {
            // Several ended at the same moment: something happened to them.
            Outcome::Ended(_) if told.iter().any(|other| by_an_event(one, other)) => None,
            Outcome::Ended(by) => Some((one.age, true, by)),
            Outcome::FoundDead(by) => Some((one.age, false, by)),
            Outcome::Alive | Outcome::Spoiled => None,
        });
        // One that was idle for longer is alive: it was not idling that ended this one.
        let dead = dead.filter(|(age, ..)| alive.is_none_or(|alive| *age > alive));
        let first = dead.min_by_key(|(age, ..)| *age);
        Evidence {
            alive,
            dead: first.map(|(age, seen, _)| Dead { age, seen }),
            closed_by: first.map(|(.., by)| by),
        }
    }
}

impl Berth {
    fn is_told(&self) -> bool {
        self.told().is_some()
    }

    fn told(&self) -> Option<Told> {
        match self.state {
            State::Told(told) => Some(told),
            State::Planned | State::Parked => None,
        }
    }
}

/// An idle timeout ends sessions at the same age, an event at the same moment: whichever they are closer in. They were
/// parked one after another, so they cannot be close in both.
fn by_an_event(one: &Told, other: &Told) -> bool {
    let ended = matches!(other.outcome, Outcome::Ended(_));
    ended && one.at.0.abs_diff(other.at.0) < one.age.abs_diff(other.age)
}

fn gap(age: Duration) -> Duration {
    (age / GAP_SHARE).clamp(GAP.0, GAP.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: f64) -> Moment {
        Moment(Duration::from_secs_f64(seconds))
    }

    /// Session, moment, age, outcome.
    type Line = (u64, f64, f64, Outcome);

    /// A round of ages 16, 32, 64 and 128 s that began at 0, with these told.
    fn round(told: &[Line]) -> Round {
        let ages = [16, 32, 64, 128].map(Duration::from_secs);
        let mut round = Round::new(0, ages.into());
        let mut now = Moment::default();
        loop {
            match round.stands(now) {
                Standing::Park(id, _) => round.parked(id, now),
                Standing::Open(Some(then)) => now = then,
                _ => break,
            }
        }
        for (id, moment, age, outcome) in told {
            let told = Told {
                at: at(*moment),
                age: Duration::from_secs_f64(*age),
                outcome: *outcome,
            };
            round.told(*id, told, at(*moment));
        }
        round
    }

    #[test]
    fn sessions_are_parked_one_after_another_and_ended_together_by_what_they_say() {
        use ClosedBy as By;
        use Outcome as O;
        let reset = O::Ended(By::Reset);
        let table: [(&str, &[Line], Evidence); 6] = [
            ("nothing yet", &[], Evidence::default()),
            (
                "found dead by asking",
                &[
                    (0, 16.0, 16.0, O::Alive),
                    (1, 33.6, 32.0, O::FoundDead(By::Silent)),
                ],
                evidence(16, Some((32, false, By::Silent))),
            ),
            (
                "the same age at two moments: idling",
                &[(2, 34.8, 30.0, reset), (3, 39.8, 30.0, reset)],
                evidence(0, Some((30, true, By::Reset))),
            ),
            (
                "the same moment at two ages: an event",
                &[(2, 34.8, 30.0, reset), (3, 34.8, 25.0, reset)],
                Evidence::default(),
            ),
            (
                "what is older lives",
                &[(1, 10.8, 10.0, reset), (2, 68.8, 64.0, O::Alive)],
                evidence(64, None),
            ),
            (
                "spoiled says nothing",
                &[(0, 3.0, 3.0, O::Spoiled)],
                Evidence::default(),
            ),
        ];
        for (name, told, expected) in table {
            assert_eq!(round(told).evidence(), expected, "{name}");
        }
    }

    fn evidence(alive: u64, dead: Option<(u64, bool, ClosedBy)>) -> Evidence {
        let secs = Duration::from_secs;
        Evidence {
            alive: (alive > 0).then(|| secs(alive)),
            dead: dead.map(|(age, seen, _)| Dead {
                age: secs(age),
                seen,
            }),
            closed_by: dead.map(|(.., by)| by),
        }
    }

    #[test]
    fn it_is_over_when_the_others_could_say_nothing_new_and_not_a_moment_before() {
        let alive = (0, 16.0, 16.0, Outcome::Alive);
        let ended = (2, 30.0, 25.0, Outcome::Ended(ClosedBy::Closed));
        let found = (1, 33.6, 32.0, Outcome::FoundDead(ClosedBy::Silent));
        assert_eq!(round(&[alive]).stands(at(17.0)), Standing::Open(None));
        assert_eq!(round(&[ended]).stands(at(30.1)), Standing::Open(None));
        assert_eq!(round(&[alive, found]).stands(at(34.0)), Standing::Over);
        // Whether the others end at the same moment is not known at once.
        let round = round(&[alive, ended]);
        assert_eq!(round.stands(at(30.1)), Standing::Open(Some(at(30.5))));
        assert_eq!(round.stands(at(30.5)), Standing::Over);
    }
}
