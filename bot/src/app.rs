//! Puts the parts together, starts them, and stops them in the order that loses nothing.

mod account;
mod build;
mod folder;
mod gauges;
mod health;
mod keys;
mod listeners;
mod schema;
mod stage;
mod start;

use std::sync::atomic::Ordering;
use std::time::Duration;

use anyhow::anyhow;
use sabai_daemon::config::DatabaseConfig;
use sabai_daemon::exit::Failure;
use sabai_daemon::signals::Signals;
use tokio::time::{sleep, timeout};

use crate::config::Config;
use crate::db::{Connector, migrate as migrations};
use build::App;
use listeners::Listeners;

/// After SIGTERM webhooks are still taken for so long: the endpoints of the Service have to catch up.
const ACCEPTING: Duration = Duration::from_secs(3);
/// A lane is given back or worked to its end by then: longer than a call to LINE and its settling.
const WORKING: Duration = Duration::from_secs(20);
/// What no peer takes has so long to reach Postgres.
const DRAINING: Duration = Duration::from_secs(10);
/// Sessions have said goodbye by then, unless nobody answers them.
const CLOSING: Duration = Duration::from_secs(5);

/// Serves until a signal, then stops so that nothing is lost.
///
/// # Errors
/// When a listener cannot be bound or what is configured cannot be used. Postgres and LINE may be away.
pub async fn serve(config: Config) -> Result<(), Failure> {
    let mut signals = Signals::listen()?;
    let listeners = Listeners::bind(&config).await?;
    let app = App::build(&config).await?;
    listeners.announce();
    let broken = app.broken.clone();
    let running = app.start(listeners, &config);
    tokio::select! {
        () = signals.next() => {}
        () = broken.cancelled() => return Err(anyhow!("a task ended on its own; a restart is safer than going on").into()),
    }
    tokio::select! {
        () = running.stop() => {
            tracing::info!("stopped");
            Ok(())
        }
        () = signals.next() => Err(anyhow!("a second signal: ended at once").into()),
    }
}

/// Applies the migrations and ends.
///
/// # Errors
/// What kept it from doing so.
pub async fn migrate(config: DatabaseConfig) -> anyhow::Result<()> {
    let migrated = migrations::migrate(&Connector::new(config)).await?;
    tracing::info!(
        from = migrated.from,
        to = migrated.to,
        "the schema is up to date"
    );
    Ok(())
}

/// The started parts.
struct Running {
    app: App,
}

impl Running {
    /// Readiness off; a while of accepting; 503; work given back; the spool emptied; debts paid; sessions closed; last
    /// of all the metrics.
    async fn stop(self) {
        let app = self.app;
        tracing::info!(
            "stopping: not ready; webhooks are taken for {} s more",
            ACCEPTING.as_secs()
        );
        // From here on new events are stored unclaimed, and what is held is given back after its present event.
        app.stopping.cancel();
        sleep(ACCEPTING).await;
        app.draining.store(true, Ordering::Relaxed);
        if timeout(WORKING, app.worker.drained()).await.is_err() {
            tracing::warn!("some lanes were neither worked nor given back; their leases run out");
        }
        if !app.webhook.end(CLOSING).await {
            tracing::warn!("some webhook calls did not end in time");
        }
        app.leave().await;
        if let Err(fault) = app.debts.pay(&app.db.work).await {
            tracing::warn!(%fault, "what LINE accepted could not be written; it is kept on the spool, or ends as unknown");
        }
        if !app.database.end(CLOSING).await {
            tracing::warn!("some sessions did not end in time");
        }
        // Also what was owed only while the sessions ended.
        if !app.debts.close(CLOSING).await {
            tracing::warn!("some of what LINE accepted is not on disk; it ends as unknown");
        }
        app.admin.end(CLOSING).await;
    }
}

impl App {
    /// Waits until the spool is empty: to Postgres, else to a peer, for as long as we are let live. What neither takes
    /// stays on disk for the next life, and is counted.
    async fn leave(&self) {
        let Some(backlog) = &self.backlog else { return };
        self.leaving.cancel();
        let patience = async {
            if self.has_peer {
                // Until SIGKILL: the grace period is the operator's word for how long that is.
                backlog.refused_by_peers().await;
            }
            sleep(DRAINING).await;
        };
        tokio::select! {
            () = backlog.emptied() => {}
            () = patience => {
                let left = backlog.spool.depth();
                self.metrics.spool_abandoned(left.events);
                tracing::error!(events = left.events, bytes = left.bytes, "events stay on the spool; the next process with this folder takes them");
            }
        }
        backlog.spool.close(CLOSING).await;
    }
}
