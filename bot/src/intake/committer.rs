//! The committer: the one place that decides where a webhook goes. *Direct*: one statement for all that wait.
//! *Spooling*, from the first missed deadline until the spool is empty: to disk, behind what is there already, so that
//! the order of this pod stays. The drainer is then the only one who writes to Postgres.

use std::sync::Arc;
use std::time::Duration;

use sabai_wire::fault::Fault;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::task::TaskTracker;

use super::backlog::Backlog;
use super::batch::{Batch, Call, MOST_EVENTS, batches};
use super::commit::Commit;
use super::submission::{Refusal, Submission};

/// When little is left on the spool, webhooks wait so long for its end, and are committed again.
const TURNING: Duration = Duration::from_millis(150);

/// Takes webhooks, one batch at a time.
pub struct Committer {
    /// To Postgres.
    pub commit: Commit,
    /// To disk; `None` without a folder for it.
    pub backlog: Option<Arc<Backlog>>,
}

impl Committer {
    /// Works until every sender is dropped and everybody has been told.
    pub async fn run(self, mut receiver: mpsc::Receiver<Submission>) {
        let tickets = TaskTracker::new();
        let mut waiting = Vec::new();
        let mut not_before = Instant::now();
        loop {
            if let Some(backlog) = self.spooling() {
                tokio::select! {
                    biased;
                    () = async { sleep_until(not_before).await; backlog.nearly_empty().await } => {
                        match timeout(TURNING, backlog.emptied()).await {
                            Ok(()) => backlog.end(),
                            // Those who wait meanwhile go to disk first.
                            Err(_) => not_before = Instant::now() + TURNING,
                        }
                        continue;
                    }
                    received = receiver.recv_many(&mut waiting, MOST_EVENTS) => {
                        if received == 0 { break; }
                        for batch in batches(waiting.drain(..)) {
                            keep(backlog, &tickets, batch.calls);
                        }
                    }
                }
            } else {
                if receiver.recv_many(&mut waiting, MOST_EVENTS).await == 0 {
                    break;
                }
                for batch in batches(waiting.drain(..)) {
                    match self.spooling() {
                        Some(backlog) => keep(backlog, &tickets, batch.calls),
                        None => self.direct(batch, &tickets).await,
                    }
                }
            }
        }
        tickets.close();
        tickets.wait().await;
    }

    /// The backlog, while webhooks go there.
    fn spooling(&self) -> Option<&Arc<Backlog>> {
        self.backlog.as_ref().filter(|backlog| backlog.is_begun())
    }

    async fn direct(&self, batch: Batch, tickets: &TaskTracker) {
        let (first, last) = batch.deadlines;
        // With a spool nobody waits longer than his own time; without one, a late commit is better than none.
        let deadline = if self.backlog.is_some() { first } else { last };
        let committed = self.commit.store(&batch.arrivals, deadline).await;
        match (committed.answer, &self.backlog) {
            (Ok(()), backlog) => {
                if let Some(backlog) = backlog {
                    backlog.is_well();
                }
                batch.calls.into_iter().for_each(|call| call.answer(Ok(())));
            }
            (Err(fault), Some(backlog)) => {
                backlog.begin(fault);
                keep(backlog, tickets, batch.calls);
            }
            (Err(fault), None) => {
                tracing::warn!(%fault, webhooks = batch.calls.len(), "webhooks are refused: not committed in time");
                refuse(batch.calls, fault);
            }
        }
        self.commit.finish(batch.arrivals, committed);
    }
}

fn refuse(calls: Vec<Call>, fault: Fault) {
    for call in calls {
        call.answer(Err(Refusal::Unavailable(fault.as_str())));
    }
}

/// Puts webhooks on the spool, in this order; each is answered when it is durable there.
fn keep(backlog: &Arc<Backlog>, tickets: &TaskTracker, calls: Vec<Call>) {
    for call in calls {
        if call.relayed {
            // It is on another pod's spool: two pods without Postgres must not play ball with it.
            call.answer(Err(Refusal::Spooling));
            continue;
        }
        let ticket = backlog.append(call.record());
        let backlog = Arc::clone(backlog);
        tickets.spawn(async move {
            let kept = ticket.await;
            if kept.is_ok() {
                backlog.keeps_one_more();
            }
            call.answer(match kept {
                Ok(_) => Ok(()),
                Err(why) => Err(Refusal::Unavailable(why.as_str())),
            });
            backlog.knock();
        });
    }
}
