//! Sessions that were given up with a statement of intake unanswered. Such a commit may outlive its client, keep its
//! locks and still come true: nothing of intake is tried again before its backend is known to be gone.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sabai_wire::fault::{Class, Fault};
use sabai_wire::link::SessionFacts;
use tokio::time::Instant;

use super::store;
use crate::db::pool::Pool;

/// The backends in doubt, by process id. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Doubts(Arc<Mutex<Vec<i32>>>);

impl Doubts {
    fn list(&self) -> MutexGuard<'_, Vec<i32>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A statement on this session ended with `fault`: is its outcome unknown?
    pub(super) fn note(&self, session: &SessionFacts, fault: Fault) {
        if matches!(fault.class(), Class::Silent | Class::Severed) {
            self.list().push(session.backend_pid);
        }
    }

    /// What was in doubt is known to be stored.
    pub(super) fn clear(&self) {
        self.list().clear();
    }

    /// Asks Postgres for each; those that have ended are forgotten.
    ///
    /// # Errors
    /// [`Fault::CommitHanging`] while one is still there, or why Postgres could not be asked.
    pub(super) async fn settle(&self, pool: &Pool, deadline: Instant) -> Result<(), Fault> {
        let pids = self.list().clone();
        if pids.is_empty() {
            return Ok(());
        }
        let mut link = pool.acquire(deadline).await.map_err(|error| error.fault)?;
        let alive = store::working(&mut link, &pids, deadline).await;
        let alive = alive.map_err(|error| error.fault)?;
        self.list()
            .retain(|pid| !pids.contains(pid) || alive.contains(pid));
        match alive.is_empty() {
            true => Ok(()),
            false => Err(Fault::CommitHanging),
        }
    }
}
