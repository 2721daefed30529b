//! Holding a lane: which one, by which token, until when, and what is to be worked in it.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;
use uuid::Uuid;

use super::Work;

/// A lane that this process holds.
#[derive(Debug)]
pub struct Hold {
    /// The conversation.
    pub lane: Arc<str>,
    /// What shows the statements that we hold it.
    pub token: Uuid,
    /// How long we do.
    pub lease: Lease,
    /// The first of its events; `None` when they have to be read first.
    pub work: Option<Part>,
}

/// The first events of a lane, in the order of work: a lane may hold more than we want in memory.
#[derive(Debug, Default)]
pub struct Part {
    /// What is left of it.
    pub events: VecDeque<Work>,
    /// The lane may have others after these.
    pub more: bool,
}

impl Part {
    /// Whether no other event of the lane is known.
    pub fn is_last(&self) -> bool {
        self.events.is_empty() && !self.more
    }
}

/// How long a lane is ours, by our own monotonic clock, which was read before the claim was sent.
///
/// The renewer moves it on; clones share it.
#[derive(Clone, Debug)]
pub struct Lease {
    start: Instant,
    /// Milliseconds from `start`.
    until: Arc<AtomicU64>,
    lost: Arc<AtomicBool>,
}

impl Lease {
    /// A lease of `length` asked for at `asked`.
    pub fn new(asked: Instant, length: Duration) -> Self {
        let lease = Self {
            start: asked,
            until: Arc::new(AtomicU64::new(0)),
            lost: Arc::new(AtomicBool::new(false)),
        };
        lease.renewed(asked, length);
        lease
    }

    /// It was prolonged by a statement that was sent at `asked`.
    pub fn renewed(&self, asked: Instant, length: Duration) {
        let until = asked.saturating_duration_since(self.start) + length;
        self.until.store(
            u64::try_from(until.as_millis()).unwrap_or(u64::MAX),
            Ordering::Relaxed,
        );
    }

    /// Somebody else holds the lane now.
    pub fn lose(&self) {
        self.lost.store(true, Ordering::Relaxed);
    }

    /// Whether a call that ends within `margin` may still be started.
    pub fn allows(&self, margin: Duration) -> bool {
        let until = self.start + Duration::from_millis(self.until.load(Ordering::Relaxed));
        !self.lost.load(Ordering::Relaxed) && Instant::now() + margin < until
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn a_lease_allows_sends_until_its_margin_and_never_after_a_loss() {
        let lease = Lease::new(Instant::now(), SECOND * 30);
        assert!(lease.allows(SECOND * 10));
        tokio::time::advance(SECOND * 21).await;
        assert!(!lease.allows(SECOND * 10), "9 s left, 10 s are needed");
        lease.renewed(Instant::now(), SECOND * 30);
        assert!(lease.allows(SECOND * 10));
        lease.lose();
        assert!(!lease.allows(Duration::ZERO));
    }
}
