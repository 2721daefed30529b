//! Renewing every session of the process. *Refresh*: make before break through the spare's place, nobody notices.
//! *Replace*: at once, for a wedged pool; users are cut off and try again. Both stop when no fresh session can be made,
//! and then protect what works.

mod plan;
mod refresh;
mod replace;
mod statements;
mod witness;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use sabai_wire::control::{RecycleKind, RecycleOutcome, RecycleReason};
use sabai_wire::dial::DialError;
use sabai_wire::fault::Fault;
use tokio::time::{Instant, interval, timeout_at};

use super::outlived::Backend;
use super::pool::Fresh;
use super::{Db, Duty};

pub use witness::Witness;

/// How often it is looked whether the last of the old has gone.
const LOOK: Duration = Duration::from_millis(20);

/// What a recycle has done so far.
#[derive(Debug, Default)]
pub struct Tally {
    /// Sessions opened by it.
    pub opened: AtomicU64,
    /// Old sessions that it closed or cut.
    pub closed: AtomicU64,
    /// Old sessions whose place a fresh one took before they were closed.
    pub replaced: AtomicU64,
}

/// How a recycle ended.
#[derive(Clone, Debug)]
pub struct Summary {
    pub outcome: RecycleOutcome,
    /// What kept it from a fresh session, and in a sentence.
    pub fault: Option<(Fault, String)>,
    /// The generation in force now.
    pub generation: u64,
    /// Old sessions that are still there.
    pub old_left: usize,
    /// Statements that it cut off; they are tried again.
    pub requests_failed: u64,
    /// What the server says; `None` when it could not be asked.
    pub witness: Option<Witness>,
}

/// Why a recycle did not come to its end.
enum Halt {
    NoSession(DialError),
    Late,
}

/// What the first fresh session has shown.
struct Begun {
    fresh: Fresh,
    generation: u64,
    /// By the server's clock.
    at: SystemTime,
    /// The sessions that are to go.
    old: Vec<Backend>,
}

impl Db {
    /// Renews every session, and returns when none of the old is left, or at `deadline`.
    pub async fn recycle(
        &self,
        kind: RecycleKind,
        reason: RecycleReason,
        deadline: Instant,
        tally: &Tally,
    ) -> Summary {
        let Ok(_turn) = timeout_at(deadline, self.recycling.lock()).await else {
            return self.summary(Err(Halt::Late), 0, None, 0);
        };
        let cut_before = self.cut();
        let (kind_name, reason_name) = (kind.as_str(), reason.as_str());
        tracing::info!(
            kind = kind_name,
            reason = reason_name,
            generation = self.generation(),
            "recycling sessions"
        );
        let (mut witness, mut generation) = (None, self.generation());
        let done = match self.begin(deadline, tally).await {
            Err(halt) => Err(halt),
            Ok(begun) => {
                generation = begun.generation;
                let (at, old) = (begun.at, begun.old.clone());
                let done = match kind {
                    RecycleKind::Refresh => self.refresh(begun, deadline, tally).await,
                    RecycleKind::Replace => self.replace(begun, deadline, tally).await,
                };
                if !matches!(done, Err(Halt::NoSession(_))) {
                    witness = self.witness(at, &old).await;
                }
                done
            }
        };
        let summary = self.summary(done, generation, witness, self.cut() - cut_before);
        self.metrics
            .recycle(kind_name, reason_name, summary.outcome.as_str());
        told(&summary, kind_name, tally);
        summary
    }

    fn cut(&self) -> u64 {
        self.intake.progress().cut + self.work.progress().cut
    }

    fn summary(
        &self,
        done: Result<(), Halt>,
        generation: u64,
        witness: Option<Witness>,
        requests_failed: u64,
    ) -> Summary {
        let (outcome, fault) = match done {
            Ok(()) => (RecycleOutcome::Completed, None),
            Err(Halt::Late) => (RecycleOutcome::TimedOut, None),
            Err(Halt::NoSession(error)) => (
                RecycleOutcome::Stopped,
                Some((error.fault, error.to_string())),
            ),
        };
        Summary {
            outcome,
            fault,
            generation: self.generation(),
            old_left: self.older_than(generation),
            requests_failed,
            witness,
        }
    }

    /// Opens the first fresh session. From then on all new ones are of its generation; when it cannot be opened
    /// nothing has changed.
    async fn begin(&self, deadline: Instant, tally: &Tally) -> Result<Begun, Halt> {
        let generation = self.generation() + 1;
        let fresh = self.fresh(generation, Duty::Work, deadline, tally).await?;
        self.connector.live.raise(generation);
        let old = self.roll().entries().into_iter();
        let old = old
            .filter(|entry| entry.facts.generation < generation)
            .map(|entry| (entry.facts.backend_pid, entry.facts.backend_start));
        Ok(Begun {
            at: fresh.link.facts().backend_start,
            old: old.collect(),
            fresh,
            generation,
        })
    }

    async fn fresh(
        &self,
        generation: u64,
        duty: Duty,
        deadline: Instant,
        tally: &Tally,
    ) -> Result<Fresh, Halt> {
        let place = self.spare.take(deadline).await.ok_or(Halt::Late)?;
        let fresh = self.open_fresh(place, generation, duty).await;
        let fresh = fresh.map_err(Halt::NoSession)?;
        add(&tally.opened, 1);
        Ok(fresh)
    }

    /// Waits until the last of the old has ended.
    async fn none_older(&self, generation: u64, deadline: Instant) -> Result<(), Halt> {
        let mut look = interval(LOOK);
        while self.older_than(generation) > 0 {
            timeout_at(deadline, look.tick())
                .await
                .map_err(|_| Halt::Late)?;
        }
        Ok(())
    }
}

fn add(counter: &AtomicU64, by: usize) {
    counter.fetch_add(by as u64, Ordering::Relaxed);
}

fn told(summary: &Summary, kind: &str, tally: &Tally) {
    let (outcome, generation, left) = (
        summary.outcome.as_str(),
        summary.generation,
        summary.old_left,
    );
    let replaced = tally.replaced.load(Ordering::Relaxed);
    match &summary.fault {
        None => tracing::info!(
            kind,
            outcome,
            generation,
            replaced,
            old_left = left,
            "sessions were recycled"
        ),
        Some((fault, detail)) => tracing::warn!(
            kind, outcome, generation, replaced, old_left = left, %fault,
            "recycling stopped, the old sessions go on: {detail}"
        ),
    }
}
