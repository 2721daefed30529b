//! The pool of links: places, waiting users, and the truth about why a link cannot be had.
//!
//! LIFO, so that what is not needed idles out. Waiting and dialing have separate deadlines; a dial belongs to
//! the pool, not to the user who waited for it. A link that is not quiet when it comes back is closed.
//! The books are in `ledger.rs`, what opens and closes links by itself in `keeper.rs`, what renews them in `renew.rs`.

mod end;
mod keeper;
mod ledger;
mod lent;
mod progress;
mod renew;
pub mod rest;
mod slots;
mod suspects;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use sabai_wire::dial::DialError;
use sabai_wire::fault::Fault;
use sabai_wire::fault::decision::Elders;
use sabai_wire::link::{End, Link, Statement, StatementError};
use sabai_wire::settings::PoolSettings;
use tokio::sync::{Notify, oneshot};
use tokio::time::{Instant, timeout_at};

use super::Connector;
use super::closer::Closer;
use super::roll::Stand;
use super::shape::Duty;
use crate::metrics::Metrics;
use ledger::Ledger;
use progress::Counters;
use renew::Standby;
use rest::{Life, Rules, Verdict};

pub use end::Why;
pub use lent::Lent;
pub use progress::Progress;
pub(super) use renew::{Fresh, Old, Swap};
pub use slots::Slots;

const GONE: Statement = Statement {
    name: "pool.gone",
    sql: "/* pool.gone */ select exists (select from pg_stat_activity where pid = $1 and backend_start = $2)",
};

/// Why no link could be had in time.
#[derive(Clone, Debug)]
pub struct AcquireError {
    /// The cause: what the last dial ran into, or [`Fault::PoolExhausted`].
    pub fault: Fault,
    /// In a sentence.
    pub detail: String,
}

impl fmt::Display for AcquireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no link to Postgres: {}: {}", self.fault, self.detail)
    }
}

impl std::error::Error for AcquireError {}

/// What the last dial ran into, and since when none succeeds.
#[derive(Clone, Debug)]
pub struct Trouble {
    /// The last error.
    pub error: DialError,
    /// When the first of them failed.
    pub since: SystemTime,
}

type Waiter = oneshot::Sender<Result<Lent, AcquireError>>;

/// What a pool has for the next user.
enum Next {
    Fit(Lent, Verdict),
    Unfit(Lent, Why),
    Wait(oneshot::Receiver<Result<Lent, AcquireError>>),
}

/// A pool of links. Clones share it.
#[derive(Clone)]
pub struct Pool(Arc<Shared>);

struct Shared {
    duty: Duty,
    connector: Arc<Connector>,
    closer: Arc<Closer>,
    metrics: Metrics,
    state: Mutex<State>,
    /// Rung when the keeper may have something to do.
    bell: Notify,
    counters: Counters,
}

struct State {
    ledger: Ledger<Link, Waiter>,
    /// What the last dial ran into, until one succeeds.
    trouble: Option<Trouble>,
    /// A fresh link that takes the place of the next old one.
    standby: Option<Standby>,
}

impl Pool {
    /// Makes an empty pool; [`Pool::keep`] must run for it to open anything.
    pub(super) fn new(
        duty: Duty,
        connector: Arc<Connector>,
        closer: Arc<Closer>,
        metrics: Metrics,
    ) -> Self {
        let shape = duty.shape(&connector.settings());
        Self(Arc::new(Shared {
            duty,
            connector,
            closer,
            metrics,
            state: Mutex::new(State {
                ledger: Ledger::new(shape.places, shape.warm),
                trouble: None,
                standby: None,
            }),
            bell: Notify::new(),
            counters: Counters::default(),
        }))
    }

    /// A link that is fit for use.
    ///
    /// # Errors
    /// The true cause, at `deadline` or as soon as waiting cannot help.
    pub async fn acquire(&self, deadline: Instant) -> Result<Lent, AcquireError> {
        let started = Instant::now();
        let outcome = loop {
            match self.next() {
                Next::Fit(lent, Verdict::Lend) => break Ok(lent),
                Next::Fit(lent, _) => {
                    let limit = Instant::now() + self.settings().check_timeout();
                    match lent.checked(limit.min(deadline)).await {
                        Some(lent) => break Ok(lent),
                        // Nobody pays for more than one: the other suspects are asked in the background.
                        None => self.0.ask_suspects(),
                    }
                }
                Next::Unfit(lent, why) => lent.retire(why),
                Next::Wait(receiver) => break self.wait(receiver, deadline).await,
            }
        };
        self.0.metrics.acquire(started.elapsed());
        self.0.counters.acquired(outcome.is_ok());
        outcome
    }

    /// The settings in force now.
    pub fn settings(&self) -> Arc<PoolSettings> {
        self.0.connector.settings()
    }

    /// What the last dial ran into, while it lasts.
    pub fn trouble(&self) -> Option<DialError> {
        self.0.state().trouble.clone().map(|trouble| trouble.error)
    }

    /// The same, and since when.
    pub fn troubled(&self) -> Option<Trouble> {
        self.0.state().trouble.clone()
    }

    /// How the places are used now.
    pub fn slots(&self) -> Slots {
        self.0.state().ledger.slots()
    }

    /// How many wait for a link now.
    pub fn waiting(&self) -> usize {
        self.0.state().ledger.waiting()
    }

    /// Sessions of this pool that we closed and that the server still shows, or may show: they keep their places.
    pub fn outlived(&self) -> usize {
        let duty = self.0.duty;
        self.0
            .closer
            .roll
            .count(|entry| entry.duty == duty && entry.stand == Stand::Outlived)
    }

    /// What the pool has done so far.
    pub fn progress(&self) -> Progress {
        self.0.counters.now()
    }

    /// Asks by a link of this pool whether a session has ended at the server: its pid and `backend_start`, as
    /// [`Lent::facts`] told them.
    ///
    /// # Errors
    /// Why it could not be asked before `deadline`; the session may be there or not.
    pub async fn is_gone(
        &self,
        pid: i32,
        backend_start: SystemTime,
        deadline: Instant,
    ) -> Result<bool, Fault> {
        let lent = self.acquire(deadline).await;
        let mut lent = lent.map_err(|error| error.fault)?;
        let rows = lent.query(&GONE, &[&pid, &backend_start], deadline).await;
        let rows = rows.map_err(|error| error.fault)?;
        let there = rows.first().is_none_or(|row| row.get(0));
        Ok(!there)
    }

    /// An idle link, if there is one; unchecked, so the first statement on it is the check.
    pub(super) fn take_idle(&self) -> Option<Lent> {
        let (taken, verdict) = {
            let mut state = self.0.state();
            state.ledger.lend(self.0.rules(), Instant::now())?
        };
        let lent = self.0.lent(taken);
        if let Verdict::Retire(why) = verdict {
            lent.retire(why);
            return None;
        }
        lent.is_fit().then_some(lent)
    }

    /// Makes it larger or smaller, at once for whoever comes next. What is too much and in use is closed when it
    /// comes back.
    pub(super) fn resize(&self) {
        let shape = self.0.duty.shape(&self.settings());
        let surplus = self.0.state().ledger.resize(shape.places, shape.warm);
        for (link, life) in surplus {
            self.0.close(link, life, Why::Resize);
        }
        self.0.bell.notify_one();
    }

    /// The most recently used link, or a place in the queue: decided under one lock, so that no link that
    /// comes back in between is missed.
    fn next(&self) -> Next {
        let mut state = self.0.state();
        let Some((taken, verdict)) = state.ledger.lend(self.0.rules(), Instant::now()) else {
            let (sender, receiver) = oneshot::channel();
            state.ledger.queue(sender);
            drop(state);
            self.0.bell.notify_one();
            return Next::Wait(receiver);
        };
        drop(state);
        let lent = self.0.lent(taken);
        match (verdict, lent.end()) {
            (Verdict::Retire(why), _) => Next::Unfit(lent, why),
            (_, Some(End::Lost(fault))) => {
                self.0.met(fault);
                Next::Unfit(lent, Why::Lost(fault))
            }
            _ if !lent.is_fit() => Next::Unfit(lent, Why::Dirty),
            (verdict, _) => Next::Fit(lent, verdict),
        }
    }

    async fn wait(
        &self,
        receiver: oneshot::Receiver<Result<Lent, AcquireError>>,
        deadline: Instant,
    ) -> Result<Lent, AcquireError> {
        match timeout_at(deadline, receiver).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) | Err(_) => Err(self.0.cause(&self.0.state())),
        }
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn rules(&self) -> Rules {
        Rules::of(&self.connector.settings())
    }

    fn lent(self: &Arc<Self>, (link, life): (Link, Life)) -> Lent {
        self.closer.roll.stands(life.id, Stand::Busy);
        Lent::new(link, life, Arc::clone(self))
    }

    /// Notes what a fault says about the links that were there before it.
    fn met(&self, fault: Fault) {
        let now = Some(Instant::now());
        match fault.decision().elders {
            Elders::Check => self.state().ledger.marks.suspect_before = now,
            Elders::Retire => self.state().ledger.marks.outdated_before = now,
            Elders::Keep | Elders::Protect => {}
        }
    }

    /// The same for a statement that failed, which is counted.
    fn failed(&self, error: &StatementError) {
        self.metrics.fault(error.fault.as_str());
        self.met(error.fault);
    }

    fn cause(&self, state: &State) -> AcquireError {
        match &state.trouble {
            Some(Trouble { error, .. }) => AcquireError {
                fault: error.fault,
                detail: error.to_string(),
            },
            None => {
                let slots = state.ledger.slots();
                AcquireError {
                    fault: Fault::PoolExhausted,
                    detail: format!(
                        "{} of {} sessions busy, {} closing",
                        slots.busy, slots.places, slots.closing
                    ),
                }
            }
        }
    }

    /// Takes back a link: gives it to who waits longest, lets it rest, or closes it when it is not to be lent again,
    /// for the reason given or for another.
    fn come_back(self: &Arc<Self>, link: Link, life: Life, ill: Option<Why>) {
        let (now, rules) = (Instant::now(), self.rules());
        let ill = ill.or_else(|| unquiet(&link));
        let mut state = self.state();
        let ill = ill.or_else(|| state.ledger.unwanted(life, rules, now));
        if let Some(standby) = state.take_standby_for(life) {
            drop(state);
            return self.swap(standby, (link, life), ill.unwrap_or(Why::Recycle));
        }
        if let Some(why) = ill {
            drop(state);
            return self.close(link, life, why);
        }
        drop(state);
        self.hand_on(Lent::new(link, life, Arc::clone(self)));
    }

    fn hand_on(self: &Arc<Self>, mut lent: Lent) {
        loop {
            let mut state = self.state();
            let Some(waiter) = state.ledger.next_waiter() else {
                let (link, life) = lent.dissolve();
                if state.ledger.is_stopped() {
                    drop(state);
                    return self.close(link, life, Why::Stopped);
                }
                state.ledger.rest(link, life, Instant::now());
                // Under the lock, so that whoever takes it next is noted after this.
                self.closer.roll.stands(life.id, Stand::Idle);
                return;
            };
            drop(state);
            lent.counted();
            match waiter.send(Ok(lent)) {
                Ok(()) => return,
                // Its user has gone away; the next one, please.
                Err(Ok(back)) => lent = back,
                Err(Err(_)) => return,
            }
        }
    }

    /// Says goodbye to a busy link; its place is free when the end was seen, or when the server or the kernel must
    /// have given up.
    fn close(self: &Arc<Self>, link: Link, life: Life, why: Why) {
        self.state().ledger.closing();
        self.counters.closed();
        let place = ClosingPlace(Arc::clone(self));
        self.closer.close(link, life.id, why, place);
    }
}

/// Why a link is not fit to be lent.
fn unquiet(link: &Link) -> Option<Why> {
    match link.end() {
        Some(End::Lost(fault)) => Some(Why::Lost(fault)),
        Some(End::Cut(_)) => Some(Why::Recycle),
        _ => (!link.is_quiet()).then_some(Why::Dirty),
    }
}

/// The place of a link that says goodbye.
struct ClosingPlace(Arc<Shared>);

impl Drop for ClosingPlace {
    fn drop(&mut self) {
        self.0.state().ledger.ended();
        self.0.bell.notify_one();
    }
}

#[cfg(test)]
mod tests;
