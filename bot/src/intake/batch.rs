//! Batches: whole webhooks, packed for one statement, with those who wait for them.

use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, oneshot};
use tokio::time::Instant;

use super::rows::Arrival;
use super::submission::{Refusal, Submission};

/// How long after its arrival a webhook may still be committed; LINE gives up at 2 s.
pub const POSTGRES_LIMIT: Duration = Duration::from_millis(800);
/// Events of one statement: 256 take 13 ms, and a longer one only delays its first.
pub(super) const MOST_EVENTS: usize = 256;

/// Who waits for a webhook, and its share of the memory for bodies, held as long as its bytes.
pub(super) type Done = (
    oneshot::Sender<Result<(), Refusal>>,
    Option<OwnedSemaphorePermit>,
);

/// A batch on its way: the events of some webhooks, and who waits for them.
pub(super) struct Batch {
    pub(super) arrivals: Vec<Arrival>,
    pub(super) done: Vec<Done>,
    pub(super) deadline: Instant,
}

/// Packs webhooks into batches, whole ones; those that nobody waits for any more are left out.
pub(super) fn batches(waiting: impl Iterator<Item = Submission>) -> Vec<Batch> {
    let mut batches: Vec<Batch> = Vec::new();
    for Submission { webhook, done } in waiting {
        let deadline = webhook.arrived + POSTGRES_LIMIT;
        if Instant::now() >= deadline || done.is_closed() {
            let _ = done.send(Err(Refusal::Late));
            continue;
        }
        let (received, trace) = (webhook.received, webhook.trace);
        let done = (done, webhook.memory);
        let arrivals = webhook.events.into_iter().map(|incoming| Arrival {
            incoming,
            received,
            trace,
        });
        match batches.last_mut() {
            Some(batch) if batch.arrivals.len() < MOST_EVENTS => {
                batch.arrivals.extend(arrivals);
                batch.done.push(done);
                batch.deadline = batch.deadline.max(deadline);
            }
            _ => batches.push(Batch {
                arrivals: arrivals.collect(),
                done: vec![done],
                deadline,
            }),
        }
    }
    batches
}
