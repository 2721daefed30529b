//! The pool of links: places, waiting users, and the truth about why a link cannot be had.
//!
//! LIFO, so that what is not needed idles out. Waiting and dialing have separate deadlines; a dial belongs to
//! the pool, not to the user who waited for it. A link that is not quiet when it comes back is closed.

mod keeper;
mod lent;
pub mod rest;
mod slots;

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sabai_wire::dial::DialError;
use sabai_wire::fault::Fault;
use sabai_wire::link::{Link, Statement};
use tokio::sync::{Notify, oneshot};
use tokio::time::{Instant, timeout_at};
use tokio_util::task::TaskTracker;

use super::Connector;
use crate::metrics::Metrics;
use rest::{Resting, Rules, Verdict};

pub use lent::Lent;
pub use slots::Slots;

const CHECK: Statement = Statement {
    name: "pool.check",
    sql: "/* pool.check */ select 1",
};

/// How large a pool is and what its links are set to.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// Sessions at most, in whatever state.
    pub places: usize,
    /// Sessions kept open even when nobody needs them.
    pub warm: usize,
    /// The server's own limit for a statement on these links.
    pub server_statement_timeout: Duration,
}

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

type Waiter = oneshot::Sender<Result<Lent, AcquireError>>;

/// What a pool has for the next user.
enum Next {
    Fit(Lent, Verdict),
    Unfit(Lent),
    Wait(oneshot::Receiver<Result<Lent, AcquireError>>),
}

/// A pool of links. Clones share it.
#[derive(Clone)]
pub struct Pool(Arc<Shared>);

struct Shared {
    connector: Arc<Connector>,
    shape: Shape,
    metrics: Metrics,
    state: Mutex<State>,
    /// Rung when the keeper may have something to do.
    bell: Notify,
    closings: TaskTracker,
}

#[derive(Default)]
struct State {
    slots: Slots,
    idle: Vec<(Link, Resting)>,
    waiting: VecDeque<Waiter>,
    /// When a link was last found dead: those that rested before are suspect.
    suspect_before: Option<Instant>,
    /// What the last dial ran into, until one succeeds.
    trouble: Option<DialError>,
    stopped: bool,
}

impl Pool {
    /// Makes an empty pool; [`Pool::keep`] must run for it to open anything.
    pub fn new(connector: Arc<Connector>, shape: Shape, metrics: Metrics) -> Self {
        let slots = Slots {
            places: shape.places,
            ..Slots::default()
        };
        Self(Arc::new(Shared {
            connector,
            shape,
            metrics,
            state: Mutex::new(State {
                slots,
                ..State::default()
            }),
            bell: Notify::new(),
            closings: TaskTracker::new(),
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
                    if let Some(lent) = self.checked(lent, deadline).await {
                        break Ok(lent);
                    }
                }
                Next::Unfit(lent) => lent.retire(),
                Next::Wait(receiver) => break self.wait(receiver, deadline).await,
            }
        };
        self.0.metrics.acquire(started.elapsed());
        outcome
    }

    /// What the last dial ran into, while it lasts.
    pub fn trouble(&self) -> Option<DialError> {
        self.0.state().trouble.clone()
    }

    /// How the places are used now.
    pub fn slots(&self) -> Slots {
        self.0.state().slots
    }

    /// The most recently used link, or a place in the queue: decided under one lock, so that no link that
    /// comes back in between is missed.
    fn next(&self) -> Next {
        let mut state = self.0.state();
        let Some((link, resting)) = state.idle.pop() else {
            let (sender, receiver) = oneshot::channel();
            if !state.stopped {
                state.waiting.push_back(sender);
            }
            drop(state);
            self.0.bell.notify_one();
            return Next::Wait(receiver);
        };
        state.slots.idle -= 1;
        state.slots.busy += 1;
        let verdict = rest::judge(resting, self.0.rules(&state), Instant::now());
        drop(state);
        let lent = Lent::new(link, resting.expires, Arc::clone(&self.0));
        if lent.is_fit() && verdict != Verdict::Retire {
            Next::Fit(lent, verdict)
        } else {
            Next::Unfit(lent)
        }
    }

    async fn checked(&self, mut lent: Lent, deadline: Instant) -> Option<Lent> {
        let limit = Instant::now() + self.0.connector.settings().check_timeout();
        match lent.query(&CHECK, &[], limit.min(deadline)).await {
            Ok(_) => Some(lent),
            Err(error) => {
                tracing::debug!(fault = %error.fault, "an idle link was dead; its elders are suspect");
                self.0.state().suspect_before = Some(Instant::now());
                None
            }
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

    fn rules(&self, state: &State) -> Rules {
        let settings = self.connector.settings();
        Rules {
            check_after_idle: settings.check_after_idle(),
            idle_timeout: settings.idle_timeout(),
            suspect_before: state.suspect_before,
        }
    }

    fn cause(&self, state: &State) -> AcquireError {
        match &state.trouble {
            Some(trouble) => AcquireError {
                fault: trouble.fault,
                detail: trouble.to_string(),
            },
            None => AcquireError {
                fault: Fault::PoolExhausted,
                detail: format!(
                    "{} of {} sessions busy",
                    state.slots.busy, state.slots.places
                ),
            },
        }
    }

    /// Takes back a link that is fit, or gives it straight to who waits longest.
    fn give_back(self: &Arc<Self>, link: Link, expires: Instant) {
        let mut lent = Lent::new(link, expires, Arc::clone(self));
        loop {
            let mut state = self.state();
            let Some(waiter) = state.waiting.pop_front() else {
                state.slots.busy -= 1;
                state.slots.idle += 1;
                let (link, expires) = lent.dissolve();
                state.idle.push((
                    link,
                    Resting {
                        since: Instant::now(),
                        expires,
                    },
                ));
                return;
            };
            drop(state);
            match waiter.send(Ok(lent)) {
                Ok(()) => return,
                // Its user has gone away; the next one, please.
                Err(Ok(back)) => lent = back,
                Err(Err(_)) => return,
            }
        }
    }

    /// Says goodbye to a link; its place is free when the end was seen, or when the kernel must have given up.
    fn close(self: &Arc<Self>, link: Link) {
        let mut state = self.state();
        state.slots.busy -= 1;
        state.slots.closing += 1;
        drop(state);
        let shared = Arc::clone(self);
        self.closings.spawn(async move {
            let limit = shared.connector.settings().unacknowledged_timeout();
            if !link.close(limit).await {
                tracing::warn!("a session was given up without seeing its end");
            }
            shared.state().slots.closing -= 1;
            shared.bell.notify_one();
        });
    }
}
