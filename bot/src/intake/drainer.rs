//! The drainer: takes webhooks from the spool to Postgres in their order, or to a peer when Postgres stays away. While
//! there is a backlog it is the only one of intake who writes to Postgres, and its only probe.

use std::sync::Arc;
use std::time::Duration;

use sabai_daemon::backoff::Backoff;
use sabai_wire::fault::Fault;
use sabai_wire::fault::decision::{Retry, Spool as Treatment};
use tokio::sync::watch;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::backlog::{Backlog, Draining};
use super::commit::{Commit, Committed};
use super::evacuation::Evacuation;
use super::portion::Portion;
use super::rows::Arrival;
use super::window::{Place, Window, arrivals};
use crate::spool::{RecordId, SpooledWebhook};

/// One try: waiting for a link and one statement, which the server ends at 700 ms.
const TRY: Duration = Duration::from_millis(1500);
/// After a failure; so Postgres is noticed well within a second of its return.
const FIRST: Duration = Duration::from_millis(20);
const MOST: Duration = Duration::from_millis(400);
/// What a file or a person has to mend is looked at less often.
const SLOWLY: Duration = Duration::from_secs(2);
/// So many refused one by one, and none taken: it is not them.
const MANY: usize = 16;
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
        let (mut window, mut pause) = (Window::default(), Backoff::new(FIRST, MOST));
        let mut portion = Portion::default();
        loop {
            self.backlog.until_begun().await;
            let mut changes = self.backlog.listen();
            if let Err(error) = window.top_up(&self.backlog.spool).await {
                tracing::error!(%error, "the spool cannot be read");
                window.clear();
                sleep(REST).await;
                continue;
            }
            let chunk = window.first(portion.events());
            if chunk.is_empty() {
                self.nothing_to_drain(&mut changes).await;
                continue;
            }
            match self.deposit(&chunk, &mut window, portion).await {
                Ok(()) => {
                    pause.reset();
                    portion.grow();
                    self.backlog.fares(Ok(()));
                }
                Err(fault) => {
                    portion.shrink(fault);
                    self.commit.metrics.retry(fault.as_str());
                    self.backlog.fares(Err(fault));
                    if self.evacuate().await {
                        window.clear();
                    }
                    sleep(patience(fault, &mut pause)).await;
                }
            }
        }
    }

    /// Nothing is there, or nothing yet.
    async fn nothing_to_drain(&self, changes: &mut watch::Receiver<u64>) {
        match (self.backlog.left(), self.backlog.is_hung()) {
            // Also when the last one was damaged, and removed by reading it.
            (0, false) => {
                self.backlog.knock();
                sleep(FIRST).await;
            }
            // Webhooks need not wait for the disk when Postgres takes them.
            (0, true) => {
                let ready = self.ready(Instant::now() + TRY).await;
                self.backlog.fares(ready);
                sleep(REST).await;
            }
            _ => self.backlog.changed(changes, REST).await,
        }
    }

    /// Brings these to Postgres. What it refuses for good is set aside, so that nothing else waits for it; but only when
    /// it takes others: a Postgres that refuses all is ill, and no webhook is to blame.
    async fn deposit(
        &self,
        chunk: &[Spooled],
        window: &mut Window,
        portion: Portion,
    ) -> Result<(), Fault> {
        let (mut refused, mut takes_others) = (Vec::new(), false);
        // A stack of parts, the first on top, keeps the order.
        let mut parts = vec![chunk];
        while let Some(part) = parts.pop() {
            match self.once(part, window, portion).await? {
                Taken::Yes => takes_others = true,
                Taken::Refused(_) if part.len() > 1 => {
                    let (left, right) = part.split_at(part.len() / 2);
                    parts.push(right);
                    parts.push(left);
                }
                // Each costs sessions: it is not asked about all of a full spool.
                Taken::Refused(fault) if !takes_others && refused.len() + 1 >= MANY => {
                    return Err(fault);
                }
                Taken::Refused(fault) => refused.push((part, fault)),
            }
        }
        for (part, fault) in refused {
            if !takes_others {
                return Err(fault);
            }
            // Postgres may be well again only since.
            if let Taken::Refused(fault) = self.once(part, window, portion).await? {
                self.set_aside(part, fault, window).await;
            }
        }
        Ok(())
    }

    /// One statement, and as many more as it takes for what came meanwhile and belongs before: only then is any of it
    /// worked.
    ///
    /// # Errors
    /// What says nothing about these webhooks.
    async fn once(
        &self,
        part: &[Spooled],
        window: &mut Window,
        portion: Portion,
    ) -> Result<Taken, Fault> {
        self.ready(Instant::now() + TRY).await?;
        let (mut stored, answer) = self.store(part, window, portion).await;
        if let Some((last, _)) = part.last()
            && answer.is_ok()
        {
            while window.top_up(&self.backlog.spool).await.is_ok() {
                let late = window.before(*last, portion.events());
                if late.is_empty() {
                    break;
                }
                let (late, answer) = self.store(&late, window, portion).await;
                stored.extend(late);
                if answer.is_err() {
                    break;
                }
            }
        }
        for (arrivals, committed) in stored {
            self.commit.finish(arrivals, committed);
        }
        match answer {
            Ok(()) => Ok(Taken::Yes),
            Err(fault) if fault.decision().spool == Treatment::Wait => Err(fault),
            Err(fault) => Ok(Taken::Refused(fault)),
        }
    }

    /// Nothing is in doubt and a link can be had; else nothing need be laid out.
    async fn ready(&self, deadline: Instant) -> Result<(), Fault> {
        let Commit {
            doubts,
            pool,
            metrics,
            ..
        } = &self.commit;
        let settled = doubts.settle(pool, deadline).await;
        settled.inspect_err(|fault| metrics.fault(fault.as_str()))?;
        pool.acquire(deadline).await.map_err(|error| error.fault)?;
        Ok(())
    }

    /// In one statement, if no webhook alone has more events than a portion.
    async fn store(
        &self,
        part: &[Spooled],
        window: &mut Window,
        portion: Portion,
    ) -> (Vec<(Vec<Arrival>, Committed)>, Result<(), Fault>) {
        let mut rest: Vec<Arrival> = part
            .iter()
            .flat_map(|(_, webhook)| arrivals(webhook))
            .collect();
        let mut stored = Vec::new();
        while !rest.is_empty() {
            let later = rest.split_off(portion.events().min(rest.len()));
            let now = std::mem::replace(&mut rest, later);
            let committed = self.commit.store(&now, Instant::now() + TRY).await;
            let answer = committed.answer;
            stored.push((now, committed));
            if answer.is_err() {
                return (stored, answer);
            }
        }
        self.remove(part, window);
        (stored, Ok(()))
    }

    fn remove(&self, part: &[Spooled], window: &mut Window) {
        let ids: Vec<RecordId> = part.iter().map(|((_, id), _)| *id).collect();
        window.remove(part.iter().map(|(place, _)| *place));
        self.backlog.spool.remove(&ids);
        self.backlog.knock();
    }

    async fn set_aside(&self, part: &[Spooled], fault: Fault, window: &mut Window) {
        for (place, webhook) in part {
            tracing::error!(%fault, trace = %webhook.trace, "Postgres refuses a webhook for good; it is kept aside on the spool");
            window.remove([*place]);
            if let Err(error) = self.backlog.spool.set_aside(place.1, fault.as_str()).await {
                tracing::error!(%error, "a refused webhook cannot be kept aside; it stays on the spool until the next start");
            }
        }
        self.backlog.knock();
    }

    /// To a peer, if it is time for one; whether it was.
    async fn evacuate(&self) -> bool {
        let Some(Draining::Ill { since, .. }) = self.backlog.draining() else {
            return false;
        };
        match &self.evacuation {
            Some(evacuation) if evacuation.is_due(since.elapsed(), self.leaving.is_cancelled()) => {
                evacuation.round(&self.backlog).await;
                true
            }
            _ => false,
        }
    }
}

/// A webhook and its place in the window.
type Spooled = (Place, SpooledWebhook);

/// What Postgres says to webhooks.
enum Taken {
    /// They are there.
    Yes,
    /// It does not take these, or not one among them.
    Refused(Fault),
}

/// How long to wait after a failure.
fn patience(fault: Fault, pause: &mut Backoff) -> Duration {
    match fault.decision().retry {
        Retry::AfterChange | Retry::Never => SLOWLY,
        Retry::Safe | Retry::Idempotent | Retry::AfterBackend => pause.pause(),
    }
}
