//! Writes the PoolConfig's status in the name of the release, while this agent holds its Lease.

mod events;
mod patch;
mod reports;
mod writing;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use kube::runtime::watcher;
use sabai_crds::{POOLCONFIG_LABEL, PoolInstance};
use sabai_daemon::backoff::Backoff;
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep, sleep_until};

use super::cluster::{Cluster, pause};
use super::hold::Holding;
use super::obey::Followed;
use super::summary::Own;
use super::watch::watch_all;
use crate::app::standing::Standing;
use crate::canary::Knowledge;
use reports::Reports;
use writing::{Outcome, Writing};

const WATCHING: &str = "watch the release's PoolInstances";
/// What changes together is written together.
const TOGETHER: Duration = Duration::from_millis(250);
/// While the API server is away.
const PAUSES: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(3));
/// Heartbeats that may be missed.
const MISSED: u32 = 3;

/// What it takes to write it.
#[derive(Clone)]
pub(crate) struct Holder {
    pub(super) cluster: Cluster,
    pub(super) holding: Holding,
    pub(super) holds: watch::Receiver<bool>,
    pub(super) followed: watch::Receiver<Followed>,
    /// What this agent has judged last.
    pub(super) standing: watch::Receiver<Option<Standing>>,
    /// What our own canaries know, if we keep any.
    pub(super) known: Option<watch::Receiver<Knowledge>>,
    /// A peer's path has become ill: it waits to see our report change.
    pub(super) refresh_own_report: Arc<Notify>,
}

impl Holder {
    /// Writes while this agent holds the Lease, until it is dropped.
    pub(crate) async fn run(mut self) {
        loop {
            self.comes_to(true).await;
            let mut until = self.clone();
            tokio::select! {
                () = self.hold() => {}
                () = until.comes_to(false) => {}
            }
        }
    }

    async fn comes_to(&mut self, held: bool) {
        if self.holds.wait_for(|holds| *holds == held).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    async fn hold(&self) {
        let config = self.cluster.config();
        let limit = config.report_interval * MISSED;
        let reports = Mutex::new(Reports::new(config.pod.clone(), limit));
        let changed = Notify::new();
        let label = format!("{POOLCONFIG_LABEL}={}", config.pool_config);
        let selected = watcher::Config::default().labels(&label);
        let seen = watch_all::<PoolInstance>(&self.cluster, WATCHING, selected, |change| {
            let fell = lock(&reports).take(change, Instant::now());
            if fell {
                self.refresh_own_report.notify_one();
            }
            changed.notify_one();
        });
        tokio::join!(seen, self.keep(&reports, &changed));
    }

    /// Makes the status what it should be, whenever something has changed.
    async fn keep(&self, reports: &Mutex<Reports>, changed: &Notify) {
        let mut followed = self.followed.clone();
        let mut own = self.own();
        let mut writing = Writing::new(self.cluster.clone(), self.holding.clone());
        let mut backoff = Backoff::new(PAUSES.0, PAUSES.1);
        let mut again = None;
        loop {
            let stale = lock(reports).next_stale();
            tokio::select! {
                () = changed.notified() => {}
                // Its sender lives as long as the agent.
                _ = followed.changed() => {}
                () = self.own_changes(&own) => {}
                () = until(stale) => {}
                () = until(again) => {}
            }
            sleep(TOGETHER).await;
            let now = followed.borrow_and_update().clone();
            own = self.own();
            let wanted = lock(reports).read(Instant::now(), |reports| {
                writing.wanted(&now, reports, &own)
            });
            again = None;
            let Some(wanted) = wanted.flatten() else {
                continue;
            };
            match writing.write(wanted).await {
                Outcome::Done => backoff.reset(),
                // The watch brings what we did not know.
                Outcome::Overtaken => {}
                Outcome::Failed(trouble) => {
                    again = Some(Instant::now() + pause(&trouble, backoff.pause()));
                }
            }
        }
    }

    /// What this agent knows by itself.
    fn own(&self) -> Own {
        let standing = self.standing.borrow();
        let known = standing.as_ref().map(|standing| &standing.known);
        let knowledge = self.known.as_ref().map(|known| known.borrow().clone());
        Own::of(known, knowledge.as_ref(), self.cluster.config())
    }

    /// It is judged several times a second, and known anew far less often.
    async fn own_changes(&self, before: &Own) {
        let mut standing = self.standing.clone();
        let mut known = self.known.clone();
        while self.own() == *before {
            let finding = async {
                match &mut known {
                    Some(known) => known.changed().await,
                    None => std::future::pending().await,
                }
            };
            // Both senders live as long as the agent.
            tokio::select! {
                _ = standing.changed() => {}
                _ = finding => {}
            }
        }
    }
}

async fn until(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment).await,
        None => std::future::pending().await,
    }
}

fn lock(reports: &Mutex<Reports>) -> MutexGuard<'_, Reports> {
    reports.lock().unwrap_or_else(PoisonError::into_inner)
}
