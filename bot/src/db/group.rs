//! Group commit: while one statement is in flight the next batch gathers. A busy group waits a moment for more, since
//! a statement of many costs little more than one of few; an idle one waits for nobody.
//!
//! One group runs one statement for all that wait. A batch that is refused for good is halved until the
//! culprit stands alone; what may heal is tried again within the retry budget.

mod gather;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use sabai_daemon::backoff::Backoff;
use sabai_wire::fault::{Class, Fault};
use sabai_wire::link::StatementError;
use sabai_wire::settings::PoolSettings;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout_at};

use self::gather::gather;
use super::again::is_time_left;
use super::pool::{AcquireError, Lent, Pool};
use crate::metrics::Metrics;

/// Work that many callers have done in one statement.
pub trait Batch: Send + Sync + 'static {
    /// One caller's part.
    type Item: Send + Sync + 'static;
    /// The answer to it.
    type Out: Send + 'static;

    /// Does the work of all items, idempotently: it may be run again after an unknown outcome.
    /// Answers in the order of the items.
    fn run(
        &self,
        link: &mut Lent,
        items: &[&Self::Item],
        deadline: Instant,
    ) -> impl Future<Output = Result<Vec<Self::Out>, StatementError>> + Send;
}

/// Items of one statement at most: beyond this a batch gains nothing and only delays its first.
const MOST: usize = 256;
/// A batch of so many is followed by another soon: that one waits for more.
const BUSY: usize = 8;
/// Half of what a statement of 20 costs is paid for the statement itself, of one of 64 a quarter.
const ENOUGH: usize = 64;
/// No longer than this; the acknowledgement of a webhook never waits for a group.
const LINGER: Duration = Duration::from_millis(3);

struct Waiting<B: Batch> {
    item: B::Item,
    done: oneshot::Sender<Result<B::Out, Fault>>,
}

/// A door to one kind of batch. Clones share it.
pub struct Group<B: Batch> {
    sender: mpsc::Sender<Waiting<B>>,
}

impl<B: Batch> Clone for Group<B> {
    fn clone(&self) -> Self {
        Self {
            sender: self.sender.clone(),
        }
    }
}

impl<B: Batch> Group<B> {
    /// Opens the door; the future does the work until every door is dropped. The budget for trying again is that of the
    /// pool's settings, read at each use.
    pub fn new(batch: B, pool: Pool, metrics: Metrics) -> (Self, impl Future<Output = ()> + Send) {
        let (sender, receiver) = mpsc::channel(4 * MOST);
        let runner = Runner {
            batch: Arc::new(batch),
            pool,
            metrics,
        };
        (Self { sender }, runner.run(receiver))
    }

    /// Has `item` done with the others that wait.
    ///
    /// # Errors
    /// The fault that the last try ran into; the work may have been done all the same.
    pub async fn call(&self, item: B::Item) -> Result<B::Out, Fault> {
        let (done, answer) = oneshot::channel();
        // A closed door means that the process is stopping.
        self.sender
            .send(Waiting { item, done })
            .await
            .map_err(|_| Fault::PoolExhausted)?;
        answer.await.unwrap_or(Err(Fault::Unexpected))
    }
}

/// The budget for trying again.
#[derive(Clone, Copy, Debug)]
pub struct Retry {
    /// From the first try until giving up.
    pub budget: Duration,
    /// One try, including waiting for a link.
    pub each: Duration,
    /// First delay.
    pub first: Duration,
    /// Longest delay.
    pub most: Duration,
}

impl Retry {
    /// What the settings allow.
    pub fn of(settings: &PoolSettings) -> Self {
        Self {
            budget: settings.retry_deadline(),
            each: settings.acquire_timeout(),
            first: settings.retry_initial_delay(),
            most: settings.retry_max_delay(),
        }
    }
}

struct Runner<B: Batch> {
    batch: Arc<B>,
    pool: Pool,
    metrics: Metrics,
}

impl<B: Batch> Runner<B> {
    async fn run(self, mut receiver: mpsc::Receiver<Waiting<B>>) {
        let mut waiting = Vec::with_capacity(MOST);
        let (mut before, mut ended) = (0, Instant::now());
        while receiver.recv_many(&mut waiting, MOST).await > 0 {
            if before >= BUSY && ended.elapsed() < LINGER {
                gather(&mut receiver, &mut waiting, ENOUGH, MOST, LINGER).await;
            }
            before = waiting.len();
            let (items, doors): (Vec<_>, Vec<_>) =
                waiting.drain(..).map(|one| (one.item, one.done)).unzip();
            let items: Vec<&B::Item> = items.iter().collect();
            let answers = self.halving(&items).await;
            for (door, answer) in doors.into_iter().zip(answers) {
                // Whoever has gone away does not want the answer.
                let _ = door.send(answer);
            }
            ended = Instant::now();
        }
    }

    /// Runs the items, in halves when together they are refused for good.
    async fn halving(&self, items: &[&B::Item]) -> Vec<Result<B::Out, Fault>> {
        let mut answers = Vec::with_capacity(items.len());
        // A stack of parts, the first on top, keeps the answers in order without recursion.
        let mut parts = vec![items];
        while let Some(part) = parts.pop() {
            match self.trying(part).await {
                Ok(done) => answers.extend(done.into_iter().map(Ok)),
                Err(fault) if fault.class() == Class::Permanent && part.len() > 1 => {
                    let (left, right) = part.split_at(part.len() / 2);
                    parts.push(right);
                    parts.push(left);
                }
                Err(fault) => answers.extend(part.iter().map(|_| Err(fault))),
            }
        }
        answers
    }

    async fn trying(&self, items: &[&B::Item]) -> Result<Vec<B::Out>, Fault> {
        let retry = Retry::of(&self.pool.settings());
        let end = Instant::now() + retry.budget;
        let mut backoff = Backoff::new(retry.first, retry.most);
        loop {
            let begun = Instant::now();
            let deadline = end.min(begun + retry.each);
            let fault = match self.once(items, deadline).await {
                Ok(done) => return Ok(done),
                Err(fault) => fault,
            };
            let pause = backoff.pause();
            let left = end.saturating_duration_since(Instant::now() + pause);
            if !is_time_left(fault, begun.elapsed(), left) {
                return Err(fault);
            }
            self.metrics.retry(fault.as_str());
            tokio::time::sleep(pause).await;
        }
    }

    async fn once(&self, items: &[&B::Item], deadline: Instant) -> Result<Vec<B::Out>, Fault> {
        let mut link = self
            .pool
            .acquire(deadline)
            .await
            .map_err(|AcquireError { fault, .. }| fault)?;
        let outcome = timeout_at(deadline, self.batch.run(&mut link, items, deadline)).await;
        match outcome {
            Ok(Ok(done)) => {
                debug_assert_eq!(done.len(), items.len(), "one answer for each item");
                Ok(done)
            }
            Ok(Err(error)) => {
                tracing::debug!(fault = %error.fault, statement = error.statement, "{}", error.detail);
                Err(error.fault)
            }
            Err(_) => Err(Fault::Silent),
        }
    }
}
