//! The search for a path's idle timeout: pure. Rounds of parked sessions, of growing ages until one dies, then inside the
//! bounds until they are close, then each bound again, twice. Only then it is a [`Finding`]; it is looked at again each
//! hour, and dropped when it no longer holds.

#[cfg(test)]
mod tests;

use std::time::Duration;

use super::limits::Limits;
use super::plan::{Bounds, Dead, Plan, WITHIN, again};
use super::round::{Evidence, Round, Standing};
use super::{Finding, Knowledge};
use crate::moment::Moment;

pub use super::round::{Outcome, Told};

/// A bound counts when it was confirmed so often.
const CONFIRMATIONS: u32 = 2;
/// A bound that is refuted takes with it what lies so near.
const NEAR: f64 = 1.015;
/// The pause after a round that said nothing; it doubles up to the longest.
const PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Park a session under this number, to be asked at this age.
    Park(u64, Duration),
    /// Nothing before something is told, or before then.
    Wait(Option<Moment>),
}

/// The state of a search.
#[derive(Clone, Debug)]
pub struct Search {
    limits: Limits,
    bounds: Bounds,
    round: Option<(Purpose, Round)>,
    /// Sessions so far.
    sessions: u64,
    /// What the confirmations agree on, and how many there were.
    pair: Option<(Finding, u32)>,
    finding: Option<Finding>,
    /// When the finding was last confirmed.
    confirmed: Option<Moment>,
    /// The last round contradicted what is known; the next one decides.
    doubted: bool,
    /// Rounds in a row that said nothing.
    fruitless: u32,
    rests_until: Option<Moment>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Purpose {
    Search,
    /// Two ages, with this one between them.
    Confirm(Duration),
}

impl Search {
    /// Nothing is known yet.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            bounds: Bounds::default(),
            round: None,
            sessions: 0,
            pair: None,
            finding: None,
            confirmed: None,
            doubted: false,
            fruitless: 0,
            rests_until: None,
        }
    }

    /// What is to be done now. Whoever does it says so by [`Self::parked`]; until then the answer stays.
    pub fn next(&mut self, now: Moment) -> Next {
        loop {
            let Some((purpose, round)) = &self.round else {
                if let Some(then) = self.rests_until.filter(|then| now < *then) {
                    return Next::Wait(Some(then));
                }
                self.begin();
                continue;
            };
            match round.stands(now) {
                Standing::Park(id, age) => return Next::Park(id, age),
                Standing::Open(until) => return Next::Wait(until),
                Standing::Over => {
                    let (purpose, evidence) = (*purpose, round.evidence());
                    self.round = None;
                    self.learn(purpose, evidence, now);
                }
            }
        }
    }

    /// A session is parked since `now`.
    pub fn parked(&mut self, id: u64, now: Moment) {
        if let Some((_, round)) = &mut self.round {
            round.parked(id, now);
        }
    }

    /// A parked session was asked, or ended.
    pub fn told(&mut self, id: u64, told: Told, now: Moment) {
        if let Some((_, round)) = &mut self.round {
            round.told(id, told, now);
        }
    }

    /// Whether the end of this session is still of interest; if not it can be closed.
    #[must_use]
    pub fn is_parked(&self, id: u64) -> bool {
        let round = self.round.as_ref();
        round.is_some_and(|(_, round)| round.is_parked(id))
    }

    /// What is known, without the wall clock's time of the confirmation.
    #[must_use]
    pub fn knowledge(&self) -> Knowledge {
        Knowledge {
            finding: self.finding,
            confirmed_at: None,
            longest_alive: self.bounds.alive,
            shortest_dead: self.bounds.dead.map(|dead| dead.age),
            searching: self.rests_until.is_none() || self.fruitless > 0,
        }
    }

    /// When the finding was last confirmed.
    #[must_use]
    pub fn confirmed(&self) -> Option<Moment> {
        self.confirmed
    }

    fn begin(&mut self) {
        self.rests_until = None;
        let known = self.finding.as_ref().map(again);
        let plan = known.unwrap_or_else(|| self.bounds.plan(self.limits));
        let (purpose, ages) = match plan {
            Plan::Search(ages) => (Purpose::Search, ages),
            Plan::Confirm { lower, upper } => {
                let middle = (lower + upper) / 2;
                (Purpose::Confirm(middle), vec![lower, upper])
            }
            // After the pause: does it still hold?
            Plan::Unbounded => (Purpose::Search, vec![self.limits.largest]),
            Plan::Hopeless => {
                self.bounds = Bounds::default();
                (Purpose::Search, vec![self.limits.smallest])
            }
        };
        let first = self.sessions;
        self.sessions += ages.len() as u64;
        self.round = Some((purpose, Round::new(first, ages)));
    }

    fn learn(&mut self, purpose: Purpose, evidence: Evidence, now: Moment) {
        let confirms = purpose != Purpose::Search;
        if let Some(pair) = pair_of(evidence).filter(|_| confirms) {
            return self.confirm(pair, now);
        }
        let contradicted = self.is_contradicted_by(evidence, purpose);
        let nothing = evidence.alive.is_none() && evidence.dead.is_none();
        if nothing || (confirms && !contradicted) {
            let pause = PAUSE * 2_u32.saturating_pow(self.fruitless.min(16));
            self.fruitless += 1;
            self.rests_until = Some(Moment(now.0 + pause.min(LONGEST_PAUSE)));
        } else {
            self.fruitless = 0;
        }
        // Once may be an event that looked like idling.
        if nothing || (contradicted && !self.doubted) {
            self.doubted |= contradicted;
            return;
        }
        if contradicted {
            (self.finding, self.confirmed, self.pair) = (None, None, None);
        }
        self.doubted = false;
        self.move_bounds(evidence, contradicted);
        if let Plan::Unbounded | Plan::Hopeless = self.bounds.plan(self.limits) {
            self.rests_until = Some(Moment(now.0 + self.limits.pause));
        }
    }

    /// Both ages did as they should.
    fn confirm(&mut self, pair: Finding, now: Moment) {
        self.fruitless = 0;
        if let Some(found) = &mut self.finding {
            let differs = found.closed_by != pair.closed_by;
            if differs && !self.doubted {
                self.doubted = true;
                return;
            }
            found.closed_by = pair.closed_by;
        } else {
            let both = self.pair.map(|(before, times)| {
                let both = Finding {
                    alive_after: before.alive_after.min(pair.alive_after),
                    dead_after: before.dead_after.max(pair.dead_after),
                    closed_by: before.closed_by,
                };
                (both, times + 1)
            });
            let close =
                both.filter(|(both, _)| both.is_close() && both.closed_by == pair.closed_by);
            let (agreed, times) = close.unwrap_or((pair, 1));
            (self.pair, self.doubted) = (Some((agreed, times)), false);
            if times < CONFIRMATIONS {
                return;
            }
            self.finding = Some(agreed);
            self.bounds = Bounds {
                alive: Some(agreed.alive_after),
                dead: Some(Dead {
                    age: agreed.dead_after,
                    seen: false,
                }),
                moved: false,
            };
        }
        (self.doubted, self.confirmed) = (false, Some(now));
        self.rests_until = Some(Moment(now.0 + self.limits.pause));
    }

    fn is_contradicted_by(&self, evidence: Evidence, purpose: Purpose) -> bool {
        let (alive, dead) = match purpose {
            Purpose::Search => (self.bounds.alive, self.bounds.dead.map(|dead| dead.age)),
            Purpose::Confirm(middle) => (Some(middle), Some(middle)),
        };
        let lives_on = dead.zip(evidence.alive);
        let died_before = alive.zip(evidence.dead);
        lives_on.is_some_and(|(dead, alive)| alive >= dead)
            || died_before.is_some_and(|(alive, dead)| dead.age <= alive)
    }

    /// What is newer refutes what is older.
    fn move_bounds(&mut self, evidence: Evidence, moved: bool) {
        let Bounds { alive, dead, .. } = self.bounds;
        let margin = if moved { NEAR } else { 1.0 };
        let holds = |alive: &Duration| {
            let dead = evidence.dead.map(|dead| dead.age.div_f64(margin));
            dead.is_none_or(|dead| *alive < dead)
        };
        let still_dead = dead.filter(|dead| evidence.alive.is_none_or(|alive| dead.age > alive));
        let nearest = still_dead.into_iter().chain(evidence.dead);
        self.bounds = Bounds {
            alive: alive.filter(holds).max(evidence.alive),
            dead: nearest.min_by_key(|dead| dead.age),
            moved,
        };
    }
}

impl Finding {
    fn is_close(&self) -> bool {
        self.dead_after.as_secs_f64() <= self.alive_after.as_secs_f64() * WITHIN
    }
}

/// Alive at the lower age and dead at the upper one.
fn pair_of(evidence: Evidence) -> Option<Finding> {
    let pair = Finding {
        alive_after: evidence.alive?,
        dead_after: evidence.dead?.age,
        closed_by: evidence.closed_by?,
    };
    Some(pair).filter(Finding::is_close)
}
