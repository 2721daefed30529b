//! The process's own folder: its lock and identity, and in it the spools.

use std::path::Path;
use std::sync::Arc;

use sabai_daemon::exit::Failure;

use super::build::chain;
use crate::config::Config;
use crate::intake::Backlog;
use crate::queue::StateFolder;
use crate::queue::debts::Debts;
use crate::spool::{Options, SEGMENT_BYTES, Spool};

/// Acceptances are small and few; so many bytes are more than will ever be owed.
const OUTCOMES_BYTES: u64 = 16 << 20;

/// What is in `SABAI_SPOOL_DIR`; without one, an identity for one life and no spool.
pub(super) struct Folder {
    pub(super) state: StateFolder,
    /// Webhooks that Postgres did not take in time.
    pub(super) backlog: Option<Arc<Backlog>>,
    /// What LINE accepted and Postgres was not told.
    pub(super) debts: Debts,
}

impl Folder {
    /// Takes the folder and reads what is there, which may take a second for each GiB.
    pub(super) async fn open(config: &Config) -> Result<Self, Failure> {
        let Some(folder) = config.spool_dir.clone() else {
            return Ok(Self {
                state: StateFolder::none(),
                backlog: None,
                debts: Debts::default(),
            });
        };
        let max_bytes = config.spool_max_bytes;
        let opening = tokio::task::spawn_blocking(move || take(&folder, max_bytes));
        let (state, webhooks, outcomes) = opening.await.map_err(anyhow::Error::from)??;
        let debts = Debts::with_spool(outcomes).await;
        Ok(Self {
            state,
            backlog: Some(Backlog::new(webhooks)),
            debts: debts.map_err(|error| wrong(&error))?,
        })
    }
}

/// First the lock, so that nobody else's records are touched; then both spools.
fn take(folder: &Path, max_bytes: u64) -> Result<(StateFolder, Spool, Spool), Failure> {
    let state = StateFolder::take(folder).map_err(|error| wrong(&error))?;
    let open = |name: &str, max_bytes| {
        let options = Options {
            folder: folder.join(name),
            max_bytes,
            segment_bytes: SEGMENT_BYTES,
        };
        Spool::open(options).map_err(|error| wrong(&error))
    };
    Ok((
        state,
        open("webhooks", max_bytes)?,
        open("outcomes", OUTCOMES_BYTES)?,
    ))
}

fn wrong(error: &dyn std::error::Error) -> Failure {
    Failure::Configuration(chain(error))
}
