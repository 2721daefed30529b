//! The worker: works the lanes that this process holds, each in its own task, its events one at a time in order.

mod settling;

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use tokio::sync::Semaphore;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use self::settling::is_events_own;
use super::debts::Debts;
use super::job::{Job, Verdict};
use super::refresh::{DeferBatch, RefreshBatch, Refreshed};
use super::store::Key;
use super::{Hold, Lease, Part, Work};
use crate::conversation::profile::Profiles;
use crate::conversation::store::SettleBatch;
use crate::db::group::Group;
use crate::event::Event;
use crate::metrics::Metrics;

/// Lanes held in memory at most; beyond that new ones are stored free and due.
const MOST_HELD: usize = 1024;
/// Events worked at once: more only wait for each other in Postgres and at LINE.
const AT_ONCE: usize = 256;
/// An answer that takes longer is announced by LINE's loading animation, which lasts for so many seconds at most.
const SLOW: Duration = Duration::from_millis(1500);
const LOADING_SECONDS: u8 = 20;
/// After a panic, which counts as the event's own fault.
const AFTER_PANIC: Duration = Duration::from_secs(1);

/// Works holds. Clones share it.
#[derive(Clone)]
pub struct Worker(Arc<Shared>);

struct Shared {
    parts: Parts,
    held: Mutex<HashMap<Key, Lease>>,
    at_once: Semaphore,
    tasks: TaskTracker,
    stop: CancellationToken,
}

/// What the worker works with.
pub struct Parts {
    pub job: Job,
    pub settle: Group<SettleBatch>,
    pub refresh: Group<RefreshBatch>,
    pub defer: Group<DeferBatch>,
    pub debts: Arc<Debts>,
    pub profiles: Profiles,
    pub metrics: Metrics,
}

/// What to do with the hold after an event.
enum Onward {
    Next,
    Refresh,
    Stop,
}

impl Worker {
    /// Makes a worker that gives back what it holds when `stop` is cancelled.
    pub fn new(parts: Parts, stop: CancellationToken) -> Self {
        Self(Arc::new(Shared {
            parts,
            held: Mutex::default(),
            at_once: Semaphore::new(AT_ONCE),
            tasks: TaskTracker::new(),
            stop,
        }))
    }

    /// How many more lanes it takes now; none while it stops or LINE is in trouble.
    pub fn room(&self) -> usize {
        let breaker = &self.0.parts.job.sender.breaker;
        if self.0.stop.is_cancelled() || self.0.parts.job.identity.get().is_none() {
            return 0;
        }
        let room = MOST_HELD.saturating_sub(self.0.held().len());
        match breaker.held_back() {
            None => room,
            Some(wait) if wait.is_zero() => room.min(1),
            Some(_) => 0,
        }
    }

    /// Starts to work a hold.
    pub fn take(&self, hold: Hold) {
        let key = Key {
            lane: Arc::clone(&hold.lane),
            token: hold.token,
        };
        self.0.held().insert(key.clone(), hold.lease.clone());
        let shared = Arc::clone(&self.0);
        self.0.tasks.spawn(async move {
            let worked = AssertUnwindSafe(shared.work(&key, hold))
                .catch_unwind()
                .await;
            if worked.is_err() {
                tracing::error!(
                    "working an event panicked; it is tried again until its attempts are exhausted"
                );
                shared.give_back(&key, AFTER_PANIC, None).await;
            }
            shared.held().remove(&key);
        });
    }

    /// The lanes held now, with their leases.
    pub fn held(&self) -> Vec<(Key, Lease)> {
        self.0
            .held()
            .iter()
            .map(|(key, lease)| (key.clone(), lease.clone()))
            .collect()
    }

    /// Waits until everything held is worked or given back.
    pub async fn drained(&self) {
        self.0.tasks.close();
        self.0.tasks.wait().await;
    }
}

impl Shared {
    fn held(&self) -> MutexGuard<'_, HashMap<Key, Lease>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn work(&self, key: &Key, hold: Hold) {
        let mut work = hold.work;
        loop {
            if self.stop.is_cancelled() {
                // Not begun: the attempt is taken back.
                let first = work
                    .as_ref()
                    .and_then(|part| part.events.front())
                    .map(|first| first.id);
                return self.give_back(key, Duration::ZERO, first).await;
            }
            let part = match &mut work {
                Some(part) if !part.events.is_empty() => part,
                _ => match self.refresh(key).await {
                    Some(part) => work.insert(part),
                    None => return,
                },
            };
            let Some(first) = part.events.pop_front() else {
                continue;
            };
            // The semaphore lives as long as we do.
            let _permit = self.at_once.acquire().await;
            // Boxed: a lane that waits for its turn takes a tenth of the memory of one that is worked.
            match Box::pin(self.work_one(key, &hold.lease, first, part)).await {
                Onward::Next => {}
                Onward::Refresh => work = None,
                Onward::Stop => return,
            }
        }
    }

    /// Clears the news flag and reads the lane; `None` when it has ended or is lost.
    async fn refresh(&self, key: &Key) -> Option<Part> {
        match self.parts.refresh.call(key.clone()).await {
            Ok(Refreshed::Work(part)) => Some(part),
            Ok(Refreshed::Released | Refreshed::Lost) => None,
            Err(fault) => {
                self.owe_lane(key, None, fault);
                None
            }
        }
    }

    async fn work_one(&self, key: &Key, lease: &Lease, work: Work, rest: &Part) -> Onward {
        match self.worked_or_slow(&work, key, lease).await {
            Verdict::Settle(end) => self.settle(key, work, end, rest).await,
            Verdict::Later(delay) => {
                self.give_back(key, delay, Some(work.id)).await;
                Onward::Stop
            }
            Verdict::News => Onward::Refresh,
            Verdict::Lost => Onward::Stop,
            Verdict::Postgres(fault) => {
                let refund = (!is_events_own(fault)).then_some(work.id);
                self.owe_lane(key, refund, fault);
                Onward::Stop
            }
        }
    }

    /// Works the event; when that takes long, the customer is shown that an answer is being written.
    async fn worked_or_slow(&self, work: &Work, key: &Key, lease: &Lease) -> Verdict {
        let mut job = pin!(self.parts.job.work(work, key, lease));
        tokio::select! {
            biased;
            verdict = &mut job => verdict,
            () = sleep(SLOW) => {
                let line = Arc::clone(&self.parts.job.sender.line);
                if let Some(user) = work.event.as_ref().and_then(Event::one_to_one).map(str::to_owned) {
                    self.tasks.spawn(async move { line.loading(&user, LOADING_SECONDS).await });
                }
                job.await
            }
        }
    }
}

/// A fresh token for a batch or a claim.
pub fn token() -> Uuid {
    Uuid::new_v4()
}
