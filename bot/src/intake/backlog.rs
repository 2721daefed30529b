//! The backlog: the spool of webhooks with the mode that intake is in. Committer and drainer meet here.

use std::sync::Arc;
use std::time::Duration;

use sabai_wire::control::{FaultName, SpoolReport};
use sabai_wire::fault::Fault;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::spool::{Record, Spool, State, Ticket};

/// So few records are taken in one go: intake may wait for their end.
const FEW: u64 = 256;

/// How the drainer fares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Draining {
    /// Postgres takes what is there.
    Well,
    /// It does not, since then, for this reason.
    Ill {
        /// In one word.
        fault: Fault,
        /// The first failure since the last success.
        since: Instant,
    },
}

/// Webhooks on disk, and whether new ones go there too.
#[derive(Debug)]
pub struct Backlog {
    /// Where they are.
    pub spool: Spool,
    /// Whether new webhooks go to disk. Begun by the committer and ended by it.
    begun: watch::Sender<bool>,
    draining: watch::Sender<Draining>,
    /// Whether peers refuse for good all that is left.
    refused: watch::Sender<bool>,
    /// Counts what may have changed on the spool.
    changes: watch::Sender<u64>,
}

impl Backlog {
    /// What an earlier life left is drained first: new webhooks go behind it.
    pub fn new(spool: Spool) -> Arc<Self> {
        let left = spool.depth();
        if left.records > 0 {
            tracing::info!(
                webhooks = left.records,
                events = left.events,
                "the spool holds webhooks of an earlier life"
            );
        }
        Arc::new(Self {
            begun: watch::Sender::new(left.records > 0),
            spool,
            draining: watch::Sender::new(Draining::Well),
            refused: watch::Sender::new(false),
            changes: watch::Sender::new(0),
        })
    }

    /// Whether webhooks go to disk now.
    pub fn is_begun(&self) -> bool {
        *self.begun.borrow()
    }

    /// How the drainer fares; `None` while webhooks go straight to Postgres.
    pub fn draining(&self) -> Option<Draining> {
        self.is_begun().then(|| *self.draining.borrow())
    }

    /// How it stands, for the control socket.
    pub fn report(&self) -> SpoolReport {
        let depth = self.spool.depth();
        let state = match self.spool.state() {
            State::Open => "Open",
            State::Full => "Full",
            State::Failing(_) => "Failing",
            State::Hung(_) => "Hung",
        };
        let fault = match self.draining() {
            Some(Draining::Ill { fault, .. }) => Some(FaultName(fault)),
            Some(Draining::Well) | None => None,
        };
        SpoolReport {
            events: depth.events,
            records: depth.records,
            bytes: depth.bytes,
            oldest: depth.oldest.map(Into::into),
            state: state.to_owned(),
            in_use: self.is_begun(),
            fault,
        }
    }

    /// Postgres did not take a batch in time: from now on webhooks go to disk.
    pub(super) fn begin(&self, fault: Fault) {
        tracing::warn!(%fault, "webhooks go to the spool until Postgres has taken them");
        self.fares(Err(fault));
        self.begun.send_replace(true);
    }

    /// The spool is empty: from now on webhooks go to Postgres.
    pub(super) fn end(&self) {
        tracing::info!("the spool is empty; webhooks go to Postgres again");
        self.begun.send_replace(false);
    }

    /// Postgres took a batch that went straight to it. What an outage that peers ended has left is over too.
    pub(super) fn is_well(&self) {
        self.draining.send_if_modified(|draining| {
            let was_ill = *draining != Draining::Well;
            *draining = Draining::Well;
            was_ill
        });
    }

    /// Queues a record; the order of the calls is the order on disk.
    pub(super) fn append(&self, record: Record) -> Ticket {
        // No peer has seen this one.
        self.refused.send_if_modified(std::mem::take);
        self.spool.append(record)
    }

    /// Something changed on the spool.
    pub(super) fn knock(&self) {
        self.changes.send_modify(|count| *count += 1);
    }

    /// What the last try to drain came to.
    pub(super) fn fares(&self, outcome: Result<(), Fault>) {
        self.draining.send_modify(|draining| {
            *draining = match (outcome, *draining) {
                (Ok(()), _) => Draining::Well,
                (Err(fault), Draining::Ill { since, .. }) => Draining::Ill { fault, since },
                (Err(fault), Draining::Well) => Draining::Ill {
                    fault,
                    since: Instant::now(),
                },
            };
        });
        self.knock();
    }

    /// Waits until nothing is left, or so little, with Postgres taking it, that its end is near.
    pub(super) async fn nearly_empty(&self) {
        self.until(|backlog| {
            let is_well = *backlog.draining.borrow() == Draining::Well;
            match backlog.left() {
                // What else waits may be taken yet.
                0 => is_well || !backlog.is_hung(),
                left => left <= FEW && is_well,
            }
        })
        .await;
    }

    /// Peers refuse for good all that is left.
    pub(super) fn is_refused_by_peers(&self) {
        self.refused.send_replace(true);
    }

    /// Waits until peers refuse for good all that is left.
    pub async fn refused_by_peers(&self) {
        let _ = self.refused.subscribe().wait_for(|refused| *refused).await;
    }

    /// Waits until nothing is left.
    pub async fn emptied(&self) {
        self.until(|backlog| backlog.left() == 0).await;
    }

    /// Records to be drained. What waits for a disk that hangs is not among them: whoever sent it is told 503.
    pub(super) fn left(&self) -> u64 {
        let depth = self.spool.depth();
        match self.is_hung() {
            true => depth.records - depth.queued,
            false => depth.records,
        }
    }

    /// Whether a write to the disk does not end.
    pub(super) fn is_hung(&self) -> bool {
        matches!(self.spool.state(), State::Hung(_))
    }

    /// A record is on disk that was given up when webhooks went to Postgres again: it is to be drained too.
    pub(super) fn keeps_one_more(&self) {
        let was_ended = |begun: &mut bool| !std::mem::replace(begun, true);
        if self.begun.send_if_modified(was_ended) {
            tracing::info!(
                "the spool's disk has ended a write; webhooks go there until it is empty"
            );
        }
    }

    /// Waits until webhooks go to disk.
    pub(super) async fn until_begun(&self) {
        // The sender is ours: it cannot be dropped meanwhile.
        let _ = self.begun.subscribe().wait_for(|begun| *begun).await;
    }

    /// Waits until something changed since `seen`, at most `limit`.
    pub(super) async fn changed(&self, seen: &mut watch::Receiver<u64>, limit: Duration) {
        let _ = tokio::time::timeout(limit, seen.changed()).await;
    }

    /// A listener for [`Backlog::changed`].
    pub(super) fn listen(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    async fn until(&self, holds: impl Fn(&Self) -> bool) {
        let mut changes = self.changes.subscribe();
        while !holds(self) {
            let _ = changes.changed().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use futures_util::FutureExt;

    use super::*;
    use crate::spool::{Options, SEGMENT_BYTES, SpooledWebhook};
    use crate::trace::TraceId;

    fn backlog(folder: &tempfile::TempDir) -> Arc<Backlog> {
        let options = Options {
            folder: folder.path().join("spool"),
            max_bytes: 1 << 20,
            segment_bytes: SEGMENT_BYTES,
        };
        Backlog::new(Spool::open(options).expect("opens"))
    }

    #[tokio::test(start_paused = true)]
    async fn an_outage_that_peers_ended_does_not_make_the_next_one_old() {
        let folder = tempfile::tempdir().expect("a folder");
        let backlog = backlog(&folder);
        backlog.begin(Fault::Refused);
        // Evacuated to the last: it ends with Postgres still away.
        backlog.end();
        backlog.is_well();
        tokio::time::advance(Duration::from_secs(3600)).await;
        backlog.begin(Fault::Refused);
        let Some(Draining::Ill { since, .. }) = backlog.draining() else {
            panic!("{:?}", backlog.draining());
        };
        assert_eq!(since.elapsed(), Duration::ZERO);
    }

    #[tokio::test]
    async fn what_peers_refused_once_says_nothing_about_what_comes_later() {
        let folder = tempfile::tempdir().expect("a folder");
        let backlog = backlog(&folder);
        backlog.is_refused_by_peers();
        assert!(backlog.refused_by_peers().now_or_never().is_some());
        let webhook = SpooledWebhook {
            received: std::time::SystemTime::now(),
            trace: TraceId::random(),
            events: 1,
            signature: Bytes::from_static(b"signed"),
            body: Bytes::from_static(b"{}"),
        };
        backlog
            .append(Record::Webhook(webhook))
            .await
            .expect("kept");
        assert!(backlog.refused_by_peers().now_or_never().is_none());
    }
}
