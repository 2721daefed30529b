//! Keeps the idle canaries, and what they know where `sabai-agent probe` finds it: in a file beside the control socket.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use sabai_daemon::access::Access;
use serde::Serialize;
use tokio::sync::watch;
use tokio::task::spawn_blocking;

use crate::canary::Knowledge;
use crate::canary::keeper::Keeper;
use crate::canary::limits::Limits;
use crate::canary::path::Links;
use crate::canary::recommendation::Recommendation;
use crate::clock::Clock;
use crate::metrics::Metrics;
use crate::orders::Orders;
use crate::settings::Discovery;

/// In the folder of the control socket.
const FILE: &str = "path.json";

/// What is known of the path, as `sabai-agent probe --json` shows it.
#[derive(Serialize)]
struct Known<'a> {
    #[serde(flatten)]
    knowledge: &'a Knowledge,
    #[serde(skip_serializing_if = "Option::is_none")]
    recommended: Option<Recommendation>,
}

/// What the canaries need.
#[derive(Clone)]
pub(super) struct Canaries {
    pub(super) access: Arc<Access>,
    pub(super) clock: Clock,
    pub(super) pod: String,
    pub(super) file: PathBuf,
    pub(super) metrics: Metrics,
    pub(super) known: watch::Sender<Knowledge>,
    /// Whoever holds the Lease.
    pub(super) always: bool,
    pub(super) holds: watch::Receiver<bool>,
    pub(super) orders: watch::Receiver<Orders>,
}

/// The file, by the path of the control socket.
pub(crate) fn file(control_socket: &Path) -> PathBuf {
    control_socket.with_file_name(FILE)
}

impl Canaries {
    /// Keeps them, while they are ours to keep and wanted, until it is dropped.
    pub(super) async fn run(mut self) {
        loop {
            self.change_to(true).await;
            let mut change = self.clone();
            tokio::select! {
                () = self.keep_some() => {}
                () = change.change_to(false) => {}
            }
            // What somebody else finds from now on stands in the status; what we knew is not confirmed any more.
            self.metrics.idle_timeout(None);
            self.known.send_replace(Knowledge::default());
        }
    }

    /// Waits until they are to be kept, or are not.
    async fn change_to(&mut self, wanted: bool) {
        loop {
            let ours = self.always || *self.holds.borrow_and_update();
            let looked_for = self.orders.borrow_and_update().agent.discovery != Discovery::Disabled;
            if (ours && looked_for) == wanted {
                return;
            }
            // Both senders live as long as the agent.
            tokio::select! {
                _ = self.holds.changed() => {}
                _ = self.orders.changed() => {}
            }
        }
    }

    async fn keep_some(&self) {
        let access = Arc::clone(&self.access);
        let links = Links::new(&self.pod, move |session| {
            let access = Arc::clone(&access);
            async move { access.open(&session).await }
        });
        let clock = self.clock.clone();
        let (keeper, published) = Keeper::new(links, move || clock.now(), Limits::default());
        tokio::join!(keeper.run(), self.follow(published));
    }

    async fn follow(&self, mut published: watch::Receiver<Knowledge>) {
        loop {
            let knowledge = published.borrow_and_update().clone();
            let found = knowledge.finding;
            self.metrics
                .idle_timeout(found.map(|found| found.alive_after));
            // Also when it was only confirmed again: people see when.
            self.keep(&knowledge).await;
            self.known.send_replace(knowledge);
            if published.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    /// Whole or not at all.
    async fn keep(&self, knowledge: &Knowledge) {
        let recommended = knowledge.finding.as_ref().map(Recommendation::of);
        let known = Known {
            knowledge,
            recommended,
        };
        let Ok(text) = serde_json::to_vec(&known) else {
            return;
        };
        let file = self.file.clone();
        let written = spawn_blocking(move || {
            let fresh = file.with_extension("new");
            std::fs::write(&fresh, text)?;
            std::fs::rename(&fresh, &file)
        });
        if let Ok(Err(error)) = written.await {
            tracing::warn!(
                "what the canaries found cannot be kept for `sabai-agent probe`: {error}"
            );
        }
    }
}
