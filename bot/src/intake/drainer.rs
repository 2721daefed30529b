//! The drainer: takes webhooks from the spool to Postgres in their order, or to a peer when Postgres stays away. While
//! there is a backlog it is the only one of intake who writes to Postgres, and its only probe.

use std::sync::Arc;
use std::time::Duration;

use sabai_wire::fault::Fault;
use sabai_wire::fault::decision::{Retry, Spool as Treatment};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::backlog::{Backlog, Draining};
use super::batch::MOST_EVENTS;
use super::commit::Commit;
use super::evacuation::Evacuation;
use super::rows::Arrival;
use super::submission::Incoming;
use crate::backoff::Backoff;
use crate::spool::{Record, RecordId, SpooledWebhook};

/// One try: waiting for a link and one statement, which the server ends at 700 ms.
const TRY: Duration = Duration::from_millis(1500);
/// After a failure; so Postgres is noticed well within a second of its return.
const FIRST: Duration = Duration::from_millis(20);
const MOST: Duration = Duration::from_millis(400);
/// What a file or a person has to mend is looked at less often.
const SLOWLY: Duration = Duration::from_secs(2);
/// How much is read from disk at a time.
const BYTES: usize = 4 << 20;
/// Nothing can be read, or nothing is there yet.
const REST: Duration = Duration::from_millis(500);

/// Drains the backlog.
pub struct Drainer {
    /// What is drained.
    pub backlog: Arc<Backlog>,
    /// To where.
    pub commit: Commit,
    /// To where else; `None` without a peer.
    pub evacuation: Option<Evacuation>,
    /// The pod must go: what Postgres does not take now is evacuated at once.
    pub leaving: CancellationToken,
}

impl Drainer {
    /// Runs until it is dropped.
    pub async fn run(self) {
        let mut pause = Backoff::new(FIRST, MOST);
        loop {
            self.backlog.until_begun().await;
            let mut changes = self.backlog.listen();
            let records = match self.backlog.spool.read(None, MOST_EVENTS, BYTES).await {
                Ok(records) => webhooks(records),
                Err(error) => {
                    tracing::error!(%error, "the spool cannot be read");
                    sleep(REST).await;
                    continue;
                }
            };
            if records.is_empty() {
                self.backlog.changed(&mut changes, REST).await;
                continue;
            }
            match self.deposit(&records).await {
                Ok(()) => {
                    pause.reset();
                    self.backlog.fares(Ok(()));
                }
                Err(fault) => {
                    self.commit.metrics.retry(fault.as_str());
                    self.backlog.fares(Err(fault));
                    self.wait(fault, &mut pause).await;
                }
            }
        }
    }

    /// Brings these records to Postgres. What it refuses for good is set aside, so that nothing else waits for it.
    async fn deposit(&self, records: &[(RecordId, SpooledWebhook)]) -> Result<(), Fault> {
        // A stack of parts, the first on top, keeps the order.
        let mut parts = vec![records];
        while let Some(part) = parts.pop() {
            let outcome = self.once(part).await;
            match outcome {
                Ok(()) => self.remove(part),
                Err(fault) if fault.decision().spool == Treatment::Wait => return Err(fault),
                Err(_) if part.len() > 1 => {
                    let (left, right) = part.split_at(part.len() / 2);
                    parts.push(right);
                    parts.push(left);
                }
                Err(fault) => self.set_aside(part, fault).await,
            }
        }
        Ok(())
    }

    async fn once(&self, part: &[(RecordId, SpooledWebhook)]) -> Result<(), Fault> {
        let deadline = Instant::now() + TRY;
        let settled = self.commit.doubts.settle(&self.commit.pool, deadline).await;
        settled.inspect_err(|fault| self.commit.metrics.fault(fault.as_str()))?;
        let arrivals: Vec<Arrival> = part
            .iter()
            .flat_map(|(_, webhook)| arrivals(webhook))
            .collect();
        let committed = self.commit.store(&arrivals, deadline).await;
        let answer = committed.answer;
        self.commit.finish(arrivals, committed);
        answer
    }

    fn remove(&self, part: &[(RecordId, SpooledWebhook)]) {
        let ids: Vec<RecordId> = part.iter().map(|(id, _)| *id).collect();
        self.backlog.spool.remove(&ids);
        self.backlog.knock();
    }

    async fn set_aside(&self, part: &[(RecordId, SpooledWebhook)], fault: Fault) {
        for (id, webhook) in part {
            tracing::error!(%fault, trace = %webhook.trace, "Postgres refuses a webhook for good; it is kept aside on the spool");
            if let Err(error) = self.backlog.spool.set_aside(*id, fault.as_str()).await {
                tracing::error!(%error, "a refused webhook cannot be kept aside; it stays at the head of the spool");
                sleep(SLOWLY).await;
            }
        }
    }

    /// After a failure: a peer, if it is time for one; else a pause.
    async fn wait(&self, fault: Fault, pause: &mut Backoff) {
        let Some(Draining::Ill { since, .. }) = self.backlog.draining() else {
            return;
        };
        if let Some(evacuation) = &self.evacuation
            && evacuation.is_due(since.elapsed(), self.leaving.is_cancelled())
        {
            evacuation.round(&self.backlog).await;
        }
        let pause = match fault.decision().retry {
            Retry::AfterChange | Retry::Never => SLOWLY,
            Retry::Safe | Retry::Idempotent | Retry::AfterBackend => pause.pause(),
        };
        sleep(pause).await;
    }
}

/// Only webhooks are on this spool.
fn webhooks(records: Vec<(RecordId, Record)>) -> Vec<(RecordId, SpooledWebhook)> {
    let webhook = |(id, record)| match record {
        Record::Webhook(webhook) => Some((id, webhook)),
        Record::Outcome(_) => None,
    };
    records.into_iter().filter_map(webhook).collect()
}

/// The events of a webhook, as when it came.
pub(super) fn arrivals(webhook: &SpooledWebhook) -> impl Iterator<Item = Arrival> {
    let (received, trace) = (webhook.received, webhook.trace);
    let events = Incoming::of_body(&webhook.body, received);
    events.into_iter().map(move |incoming| Arrival {
        incoming,
        received,
        trace,
    })
}
