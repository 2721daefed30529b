//! Getting a link: the most recently used one that is fit, or the next that comes, or the true cause why there is none.

use std::sync::Arc;

use sabai_wire::fault::Fault;
use sabai_wire::link::{End, Link};
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};

use super::rest::{Life, Verdict};
use super::{AcquireError, Lent, Pool, Shared, State, Trouble, Why};
use crate::db::roll::Stand;

/// What a pool has for the next user.
enum Next {
    Fit(Lent, Verdict),
    Unfit(Lent, Why),
    Wait(oneshot::Receiver<Result<Lent, AcquireError>>),
}

impl Pool {
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

    /// An idle link, if there is one; unchecked, so the first statement on it is the check.
    pub(in crate::db) fn take_idle(&self) -> Option<Lent> {
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
                self.0.lost(fault, lent.facts());
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
    pub(super) fn lent(self: &Arc<Self>, (link, life): (Link, Life)) -> Lent {
        self.closer.roll.stands(life.id, Stand::Busy);
        Lent::new(link, life, Arc::clone(self))
    }

    pub(super) fn cause(&self, state: &State) -> AcquireError {
        let slots = state.ledger.slots();
        match &state.trouble {
            // Where every place is taken no dial is to blame.
            Some(Trouble { error, .. }) if slots.open() > 0 => AcquireError {
                fault: error.fault,
                detail: error.to_string(),
            },
            _ => AcquireError {
                fault: Fault::PoolExhausted,
                detail: format!(
                    "{} of {} sessions busy, {} dialing, {} closing",
                    slots.busy, slots.places, slots.dialing, slots.closing
                ),
            },
        }
    }
}
