//! Keeps the canaries: parks sessions where the search wants them, tells it what became of them, and publishes what is
//! known. Dropping it closes them all.

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use sabai_wire::control::Timestamp;
use tokio::sync::{Mutex, oneshot, watch};
use tokio::task::{Id, JoinSet};
use tokio::time::sleep;
use tracing::{debug, info};

use super::Knowledge;
use super::limits::Limits;
use super::parked::{OneByOne, Parked};
use super::path::Path;
use super::search::{Next, Outcome, Search, Told};
use crate::moment::Moment;

/// After a session could not be opened; it doubles up to the longest.
const PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// The clock of the runtime counts whole milliseconds.
const TICK: Duration = Duration::from_millis(1);

/// Keeps the canaries of one path.
pub struct Keeper<P, C> {
    path: OneByOne<P>,
    awake: C,
    /// Sessions at a time.
    most: usize,
    search: Search,
    sessions: JoinSet<Option<Told>>,
    /// By task: the session's number, and what is dropped when nobody waits for it any more.
    berths: HashMap<Id, (u64, Option<oneshot::Sender<()>>)>,
    /// Openings that failed in a row, and when the next may be tried.
    failed: u32,
    opens_at: Moment,
    /// The confirmation whose time by the wall clock was published.
    confirmed: Option<Moment>,
    knowledge: watch::Sender<Knowledge>,
}

impl<P, C> Keeper<P, C>
where
    P: Path,
    C: Fn() -> Moment + Clone + Send + Sync + 'static,
{
    /// A keeper that knows nothing, and where it will publish what it knows. `awake` tells the time that the process was
    /// awake.
    pub fn new(path: P, awake: C, limits: Limits) -> (Self, watch::Receiver<Knowledge>) {
        let search = Search::new(limits);
        let (knowledge, published) = watch::channel(search.knowledge());
        let keeper = Self {
            path: Arc::new(Mutex::new(path)),
            awake,
            most: limits.sessions(),
            search,
            sessions: JoinSet::new(),
            berths: HashMap::new(),
            failed: 0,
            opens_at: Moment::default(),
            confirmed: None,
            knowledge,
        };
        (keeper, published)
    }

    /// Keeps them; it never ends by itself.
    pub async fn run(mut self) {
        loop {
            let now = (self.awake)();
            let next = self.search.next(now);
            self.abandon();
            self.publish();
            let until = match next {
                Next::Park(id, age) if self.may_open(now) => {
                    self.park(id, age).await;
                    continue;
                }
                // When one of the last has ended, if it is not for the pause.
                Next::Park(..) => Some(self.opens_at).filter(|then| now < *then),
                Next::Wait(until) => until,
            };
            let until = until.map_or(LONGEST_PAUSE, |until| until.since(now).max(TICK));
            tokio::select! {
                Some(done) = self.sessions.join_next_with_id() => self.tell(done),
                () = sleep(until) => {}
            }
        }
    }

    /// Those that are closing count.
    fn may_open(&self, now: Moment) -> bool {
        now >= self.opens_at && self.sessions.len() < self.most
    }

    async fn park(&mut self, id: u64, age: Duration) {
        // Large: a resolver, a handshake and a login.
        let opened = {
            let path = self.path.lock().await;
            Box::pin(path.open(age)).await
        };
        let now = (self.awake)();
        match opened {
            Ok(canary) => {
                self.failed = 0;
                let (kept, abandoned) = oneshot::channel();
                let parked = Parked {
                    canary,
                    age,
                    path: Arc::clone(&self.path),
                    awake: self.awake.clone(),
                    abandoned,
                };
                let task = self.sessions.spawn(parked.run());
                self.berths.insert(task.id(), (id, Some(kept)));
                self.search.parked(id, now);
            }
            Err(error) => {
                // The probe tells of it.
                debug!(fault = %error.fault, "no session for a canary");
                let pause = PAUSE * 2_u32.saturating_pow(self.failed.min(16));
                self.failed += 1;
                self.opens_at = Moment(now.0 + pause.min(LONGEST_PAUSE));
            }
        }
    }

    fn tell(&mut self, done: Result<(Id, Option<Told>), tokio::task::JoinError>) {
        let now = (self.awake)();
        let (task, told) = match done {
            Ok(done) => done,
            // It panicked: what it would have said is not known.
            Err(error) => {
                let told = Told {
                    at: now,
                    age: Duration::ZERO,
                    outcome: Outcome::Spoiled,
                };
                (error.id(), Some(told))
            }
        };
        let berth = self.berths.remove(&task);
        if let (Some((id, _)), Some(told)) = (berth, told) {
            debug!(session = id, age = ?told.age, outcome = ?told.outcome, "a canary");
            self.search.told(id, told, now);
        }
    }

    /// Lets those go that could say nothing new.
    fn abandon(&mut self) {
        let search = &self.search;
        for (id, kept) in self.berths.values_mut() {
            if !search.is_parked(*id) {
                *kept = None;
            }
        }
    }

    fn publish(&mut self) {
        let mut known = self.search.knowledge();
        let confirmed = self.search.confirmed();
        let before = self.knowledge.borrow().clone();
        known.confirmed_at = match confirmed {
            None => None,
            Some(_) if confirmed == self.confirmed => before.confirmed_at,
            Some(_) => Some(Timestamp::now()),
        };
        self.confirmed = confirmed;
        if known.finding != before.finding {
            report(&known);
        }
        if known != before {
            self.knowledge.send_replace(known);
        }
    }
}

fn report(known: &Knowledge) {
    match known.finding {
        Some(found) => info!(
            alive_after = ?found.alive_after,
            dead_after = ?found.dead_after,
            closed_by = found.closed_by.as_str(),
            "the path's idle timeout was found and confirmed"
        ),
        None => info!("the path's idle timeout has changed: it is searched again"),
    }
}
