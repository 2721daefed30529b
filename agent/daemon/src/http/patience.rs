//! How long a client may take between requests: so long for a request's head once it has begun,
//! longer for the next one to begin. Never times a request being served: its body and its answer
//! have deadlines of their own.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

/// Whose turn it is on a connection; written by its socket and its service, in one task.
#[derive(Debug)]
pub(super) struct Turn {
    /// Odd while a request is served.
    steps: AtomicU32,
    /// Whether the next head has begun.
    heard: AtomicBool,
    /// Whether the last answer was given without reading the whole body.
    unread: AtomicBool,
}

impl Turn {
    /// A connection is made to be spoken on: its first head counts as begun.
    pub(super) fn new() -> Self {
        Self {
            steps: AtomicU32::new(0),
            heard: AtomicBool::new(true),
            unread: AtomicBool::new(false),
        }
    }

    /// Bytes came.
    pub(super) fn hear(&self) {
        self.heard.store(true, Ordering::Relaxed);
    }

    /// A request's head has been read.
    pub(super) fn begin(&self) {
        self.steps.fetch_add(1, Ordering::Relaxed);
    }

    /// Its answer is ready; some of its body may be `unread`.
    pub(super) fn end(&self, unread: bool) {
        self.heard.store(false, Ordering::Relaxed);
        self.unread.store(unread, Ordering::Relaxed);
        self.steps.fetch_add(1, Ordering::Relaxed);
    }

    /// Whether the client may still be sending what nobody will read.
    pub(super) fn unread(&self) -> bool {
        self.unread.load(Ordering::Relaxed)
    }

    fn now(&self) -> (u32, bool) {
        (
            self.steps.load(Ordering::Relaxed),
            self.heard.load(Ordering::Relaxed),
        )
    }
}

/// Ends when the client has used up its time. To be polled in the connection's own task, after
/// the connection: whatever changes the turn also wakes that task.
pub(super) struct Patience<'t> {
    turn: &'t Turn,
    head: Duration,
    idle: Duration,
    /// The turn that `due` belongs to.
    seen: Option<(u32, bool)>,
    due: Instant,
    /// Fires at or before `due`: moved back only when it fires, since most requests come in time
    /// and moving a timer for each would cost more than reading it.
    timer: Pin<Box<Sleep>>,
}

impl<'t> Patience<'t> {
    pub(super) fn new(turn: &'t Turn, head: Duration, idle: Duration) -> Self {
        let due = Instant::now() + head;
        Self {
            turn,
            head,
            idle,
            seen: None,
            due,
            timer: Box::pin(sleep_until(due)),
        }
    }
}

impl Future for Patience<'_> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        let now @ (steps, heard) = this.turn.now();
        if steps % 2 == 1 {
            return Poll::Pending;
        }
        if this.seen != Some(now) {
            this.seen = Some(now);
            this.due = Instant::now() + if heard { this.head } else { this.idle };
            if this.timer.deadline() > this.due {
                this.timer.as_mut().reset(this.due);
            }
        }
        loop {
            ready!(this.timer.as_mut().poll(cx));
            if this.timer.deadline() >= this.due {
                return Poll::Ready(());
            }
            this.timer.as_mut().reset(this.due);
        }
    }
}
