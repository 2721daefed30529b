//! Sessions that were given up with a statement of intake unanswered. Such a commit may outlive its client, keep its
//! locks and still come true: nothing of intake is tried again before its backend is known to be gone.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use sabai_wire::fault::{Class, Fault};
use sabai_wire::link::SessionFacts;
use tokio::time::Instant;

use super::store;
use crate::db::pool::Pool;

/// A backend: its process id, which a restarted server soon gives to another one, and when it began.
pub(super) type Backend = (i32, SystemTime);

/// The backends in doubt. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Doubts(Arc<Mutex<Vec<Backend>>>);

impl Doubts {
    fn list(&self) -> MutexGuard<'_, Vec<Backend>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A statement on this session ended with `fault`: is its outcome unknown?
    pub(super) fn note(&self, session: &SessionFacts, fault: Fault) {
        if matches!(fault.class(), Class::Silent | Class::Severed) {
            let backend = (session.backend_pid, session.backend_start);
            self.list().push(backend);
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
        let asked = self.list().clone();
        if asked.is_empty() {
            return Ok(());
        }
        let mut link = pool.acquire(deadline).await.map_err(|error| error.fault)?;
        let alive = store::working(&mut link, &asked, deadline).await;
        let alive = alive.map_err(|error| error.fault)?;
        self.list()
            .retain(|one| !asked.contains(one) || alive.contains(one));
        match alive.is_empty() {
            true => Ok(()),
            false => Err(Fault::CommitHanging),
        }
    }
}
