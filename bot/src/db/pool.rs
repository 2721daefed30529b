//! The pool of links: places, waiting users, and the truth about why a link cannot be had.
//!
//! LIFO, so that what is not needed idles out. Waiting and dialing have separate deadlines; a dial belongs to
//! the pool, not to the user who waited for it. A link that is not quiet when it comes back is closed.
//! The books are in `ledger.rs`; a link's way is `acquire.rs`, `lent.rs`, `give_back.rs`; what opens and closes links by
//! itself is in `keeper.rs`, what renews them in `renew.rs`.

mod acquire;
mod end;
mod give_back;
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
use sabai_wire::link::Link;
use sabai_wire::settings::PoolSettings;
use tokio::sync::{Notify, oneshot};
use tokio::time::Instant;

use super::Connector;
use super::closer::Closer;
use super::roll::Stand;
use super::shape::Duty;
use crate::metrics::Metrics;
use ledger::Ledger;
use progress::Counters;
use renew::Standby;
use rest::Rules;

pub use end::Why;
pub use lent::Lent;
pub use progress::Progress;
pub(super) use renew::{Fresh, Old, Swap};
pub use slots::Slots;

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

    /// The settings in force now.
    pub fn settings(&self) -> Arc<PoolSettings> {
        self.0.connector.settings()
    }

    /// What the last dial ran into, while it lasts.
    pub fn trouble(&self) -> Option<DialError> {
        self.troubled().map(|trouble| trouble.error)
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

    /// Makes it larger or smaller, at once for whoever comes next. What is too much and in use is closed when it
    /// comes back.
    pub(super) fn resize(&self) {
        let shape = self.0.duty.shape(&self.settings());
        let (surplus, open) = {
            let mut state = self.0.state();
            let surplus = state.ledger.resize(shape.places, shape.warm);
            (surplus, state.ledger.slots().open())
        };
        if open == 0 {
            // None is missing, so none will be opened that could end the trouble.
            self.0.untroubled();
        }
        for (link, life) in surplus {
            self.0.close(link, life, Why::Resize);
        }
        self.0.bell.notify_one();
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn rules(&self) -> Rules {
        Rules::of(&self.connector.settings())
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
}

#[cfg(test)]
mod tests;
