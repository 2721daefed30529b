//! Sees sessions off: says goodbye, waits for the end, and only then frees the place.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use sabai_daemon::backoff;
use sabai_wire::fault::Class;
use sabai_wire::link::Link;
use tokio::time::timeout;
use tokio_util::task::TaskTracker;

use super::live::Live;
use super::outlived::Outlived;
use super::pool::Why;
use super::pool::rest::Life;
use super::roll::{Roll, Stand};
use super::shape::Duty;

/// A goodbye that is not answered for so long makes us ask the server by another session.
const ASK_AFTER: Duration = Duration::from_millis(250);

/// For all sessions of the process.
pub(super) struct Closer {
    pub(super) live: Arc<Live>,
    pub(super) roll: Roll,
    pub(super) outlived: Arc<Outlived>,
    tasks: TaskTracker,
}

impl Closer {
    pub(super) fn new(live: Arc<Live>) -> Arc<Self> {
        Arc::new(Self {
            live,
            roll: Roll::default(),
            outlived: Arc::default(),
            tasks: TaskTracker::new(),
        })
    }

    /// Enters a link that was opened.
    pub(super) fn enter(&self, link: &Link, duty: Duty) -> Life {
        Life {
            id: self.roll.enter(link, duty),
            generation: link.facts().generation,
            opened: link.facts().opened,
            roll: backoff::roll(),
        }
    }

    /// Closes a link in the background; dropping `place` frees its place.
    pub(super) fn close(
        self: &Arc<Self>,
        link: Link,
        id: u64,
        why: Why,
        place: impl Send + 'static,
    ) {
        self.roll.stands(id, Stand::Closing);
        let closer = Arc::clone(self);
        self.tasks.spawn(async move {
            closer.see_off(link, id, why).await;
            closer.roll.leaves(id, why);
            drop(place);
        });
    }

    /// Waits until all that were closed have ended.
    pub(super) async fn all_ended(&self) {
        self.tasks.close();
        self.tasks.wait().await;
    }

    async fn see_off(&self, link: Link, id: u64, why: Why) {
        let limit = self.live.settings().unacknowledged_timeout();
        // Who has not answered before will hardly answer now.
        let silent = matches!(why, Why::Lost(fault) if fault.class() == Class::Silent);
        let patience = if silent { Duration::ZERO } else { ASK_AFTER };
        let backend = (link.facts().backend_pid, link.facts().backend_start);
        let mut closing = pin!(link.close(limit));
        let at_first = timeout(patience.min(limit), &mut closing).await;
        if at_first == Ok(true) {
            return;
        }
        self.roll.stands(id, Stand::Outlived);
        let mut gone = self.outlived.ask_about(id, backend);
        if at_first.is_err() {
            tokio::select! {
                seen = closing => if seen {
                    return self.outlived.forget(id);
                },
                _ = &mut gone => return,
            }
        }
        // TCP is gone and the session may not be.
        self.outlived.is_overdue(id);
        let pid = backend.0;
        if at_first.is_err() {
            tracing::warn!(
                pid,
                after_s = limit.as_secs(),
                "a session that was closed is still there at the server; it keeps its place"
            );
        }
        let _ = gone.await;
        if at_first.is_err() {
            tracing::info!(pid, "the session has gone");
        }
    }
}
