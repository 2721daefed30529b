//! Sessions that were given up with a statement of intake unanswered. Such a commit may outlive its client, keep its
//! locks and still come true: nothing of intake is tried again before its backend is known to be gone.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use sabai_wire::fault::{Class, Fault};
use sabai_wire::link::SessionFacts;
use tokio::time::Instant;
use uuid::Uuid;

use super::store;
use crate::db::pool::Pool;
use crate::queue::debts::Debts;

/// A backend: its process id, which a restarted server soon gives to another one, and when it began.
pub(super) type Backend = (i32, SystemTime);

/// The backends in doubt. Clones share them.
#[derive(Clone, Debug)]
pub struct Doubts {
    list: Arc<Mutex<Vec<Doubt>>>,
    debts: Arc<Debts>,
}

/// A backend that may still commit.
#[derive(Clone, Copy, Debug)]
struct Doubt {
    backend: Backend,
    /// Under which it then wins lanes that nobody works.
    token: Option<Uuid>,
}

impl Doubts {
    /// None yet. Lanes that a late commit has won are given back by `debts`.
    pub fn new(debts: Arc<Debts>) -> Self {
        Self {
            list: Arc::default(),
            debts,
        }
    }

    fn list(&self) -> MutexGuard<'_, Vec<Doubt>> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A statement on this session, with this token, ended with `fault`: is its outcome unknown?
    pub(super) fn note(&self, session: &SessionFacts, token: Option<Uuid>, fault: Fault) {
        if matches!(fault.class(), Class::Silent | Class::Severed) {
            let backend = (session.backend_pid, session.backend_start);
            self.list().push(Doubt { backend, token });
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
        let asked: Vec<Backend> = self.list().iter().map(|doubt| doubt.backend).collect();
        if asked.is_empty() {
            return Ok(());
        }
        let mut link = pool.acquire(deadline).await.map_err(|error| error.fault)?;
        let alive = store::working(&mut link, &asked, deadline).await;
        let alive = alive.map_err(|error| error.fault)?;
        let gone =
            |doubt: &mut Doubt| asked.contains(&doubt.backend) && !alive.contains(&doubt.backend);
        let gone: Vec<Doubt> = self.list().extract_if(.., gone).collect();
        // Only now can their lanes be given back: before, they might have been won afterwards.
        let tokens = gone.into_iter().filter_map(|doubt| doubt.token);
        tokens.for_each(|token| self.debts.owe_token(token, true));
        match alive.is_empty() {
            true => Ok(()),
            false => Err(Fault::CommitHanging),
        }
    }
}
