//! What mishaps happen to: a server, the gates before it, and the disk of the bot's spool. Remembers what is in force,
//! so that all of it can be taken back.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tokio::sync::Mutex;

use super::Mishap;
use crate::bot::Environment;
use crate::gate::{Fault, Gate, IdleEnd, Tls};
use crate::postgres::{Database, Postgres, Session};
use crate::preload::Preload;
use crate::process::{Signal, send};

/// A place for mishaps. The bot must come to Postgres by it.
pub struct Ground {
    pub(super) postgres: Arc<Postgres>,
    pub(super) database: Database,
    /// What the bot comes through.
    pub(super) gate: Gate,
    /// Behind it when TLS has to end on the way.
    pub(super) inner: Gate,
    pub(super) spool: Preload,
    pub(super) state: Mutex<State>,
}

/// What has to be taken back.
#[derive(Default)]
pub(super) struct State {
    pub(super) in_force: Vec<Mishap>,
    /// Processes that stand still.
    pub(super) frozen: Vec<u32>,
    /// Holds the table.
    pub(super) holder: Option<Session>,
    /// Sessions that are idle for so long the way forgets.
    pub(super) idle_limit: Option<Duration>,
}

impl Ground {
    /// Before this server. The bot's spool will be in `spool`; what is preloaded is kept in `home`.
    ///
    /// # Errors
    /// When a gate or the library for the disk cannot be had.
    pub async fn new(
        postgres: Arc<Postgres>,
        database: Database,
        home: &Path,
        spool: &Path,
    ) -> anyhow::Result<Self> {
        let gate = Gate::before(&postgres, Tls::Passed).await?;
        let inner = Gate::before(&postgres, Tls::Terminated).await?;
        if let Some(parent) = spool.parent() {
            std::fs::create_dir_all(parent).context("make the bot's folder")?;
        }
        let spool = Preload::new(home, spool)
            .await
            .context("prepare faults of the disk")?;
        Ok(Self {
            postgres,
            database,
            gate,
            inner,
            spool,
            state: Mutex::default(),
        })
    }

    /// What a bot needs to come through here, beside the database's own variables.
    #[must_use]
    pub fn env(&self) -> Environment {
        let mut environment = self.spool.env();
        environment.push(("PGPORT".to_owned(), self.gate.addr().port().to_string()));
        environment
    }

    /// The way that the bot takes.
    #[must_use]
    pub fn gate(&self) -> &Gate {
        &self.gate
    }

    /// The way forgets sessions that are idle for so long, as a middlebox does, until it is healed. Says nothing where the
    /// system can do that (Linux), resets them elsewhere.
    pub async fn forget_the_idle(&self, limit: Duration) {
        let end = match cfg!(target_os = "linux") {
            true => IdleEnd::Silent,
            false => IdleEnd::Reset,
        };
        let mut state = self.state.lock().await;
        self.gate.all(Fault::IdleTimeout(limit, end)).await;
        state.idle_limit = Some(limit);
    }

    /// Sessions that are idle for so long the way forgets; nothing while it forgets none.
    pub async fn idle_limit(&self) -> Option<Duration> {
        self.state.lock().await.idle_limit
    }

    /// What is wrong now, in the order in which it was inflicted. What happens once is not among it.
    pub async fn in_force(&self) -> Vec<Mishap> {
        self.state.lock().await.in_force.clone()
    }
}

impl Drop for Ground {
    fn drop(&mut self) {
        // A process that stands still could not be stopped.
        let state = self.state.get_mut();
        state
            .frozen
            .drain(..)
            .for_each(|pid| send(pid, Signal::Continue));
        self.spool.heal();
    }
}
