//! Batches: whole webhooks, packed for one statement, with those who wait for them.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, oneshot};
use tokio::time::Instant;

use super::rows::Arrival;
use super::submission::{Refusal, Submission};
use crate::spool::{Record, SpooledWebhook};
use crate::trace::TraceId;

/// How long after its arrival a webhook may still be committed; LINE gives up at 2 s.
pub const POSTGRES_LIMIT: Duration = Duration::from_millis(800);
/// How long after its arrival a webhook may still reach the spool.
pub const SPOOL_LIMIT: Duration = Duration::from_millis(1300);
/// Events of one statement: 256 take 13 ms, and a longer one only delays its first.
pub(super) const MOST_EVENTS: usize = 256;

/// A webhook as it came, and who waits for it.
pub(super) struct Call {
    done: oneshot::Sender<Result<(), Refusal>>,
    events: usize,
    received: SystemTime,
    trace: TraceId,
    signature: Bytes,
    body: Bytes,
    /// Its share of the memory for bodies, held as long as its bytes.
    _memory: Option<OwnedSemaphorePermit>,
    /// From the spool of another pod: it is there until we have committed it.
    pub(super) relayed: bool,
}

impl Call {
    /// Tells who waits; whoever has gone away was told 503 already.
    pub(super) fn answer(self, answer: Result<(), Refusal>) {
        let _ = self.done.send(answer);
    }

    /// As it is kept on the spool.
    pub(super) fn record(&self) -> Record {
        Record::Webhook(SpooledWebhook {
            received: self.received,
            trace: self.trace,
            events: u32::try_from(self.events).unwrap_or(u32::MAX),
            signature: self.signature.clone(),
            body: self.body.clone(),
        })
    }
}

/// A batch on its way: the events of some webhooks, and who waits for them.
pub(super) struct Batch {
    pub(super) arrivals: Vec<Arrival>,
    pub(super) calls: Vec<Call>,
    /// Of the webhook that came first and of the one that came last.
    pub(super) deadlines: (Instant, Instant),
}

/// Packs webhooks into batches, whole ones; those that nobody waits for any more are left out.
pub(super) fn batches(waiting: impl Iterator<Item = Submission>) -> Vec<Batch> {
    let mut batches: Vec<Batch> = Vec::new();
    for Submission { webhook, done } in waiting {
        if done.is_closed() {
            continue;
        }
        let deadline = webhook.arrived + POSTGRES_LIMIT;
        let (received, trace) = (webhook.received, webhook.trace);
        let call = Call {
            done,
            events: webhook.events.len(),
            received,
            trace,
            signature: webhook.signature,
            body: webhook.body,
            _memory: webhook.memory,
            relayed: webhook.relayed,
        };
        let arrivals = webhook.events.into_iter().map(|incoming| Arrival {
            incoming,
            received,
            trace,
        });
        match batches.last_mut() {
            Some(batch) if batch.arrivals.len() < MOST_EVENTS => {
                batch.arrivals.extend(arrivals);
                batch.calls.push(call);
                batch.deadlines.1 = batch.deadlines.1.max(deadline);
            }
            _ => batches.push(Batch {
                arrivals: arrivals.collect(),
                calls: vec![call],
                deadlines: (deadline, deadline),
            }),
        }
    }
    batches
}
