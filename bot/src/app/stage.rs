//! Long-lived tasks in stages, ended one stage after another. A task that ends unasked ends the process.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Tasks that are ended together. Clones share them.
#[derive(Clone)]
pub(super) struct Stage {
    tasks: TaskTracker,
    stop: CancellationToken,
    broken: CancellationToken,
}

impl Stage {
    /// `broken` is cancelled when a task ends unasked.
    pub(super) fn new(broken: &CancellationToken) -> Self {
        Self {
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
            broken: broken.clone(),
        }
    }

    /// Cancelled when the stage ends, for tasks that end themselves.
    pub(super) fn stop(&self) -> &CancellationToken {
        &self.stop
    }

    /// Runs a task until the stage ends.
    pub(super) fn spawn(
        &self,
        name: &'static str,
        task: impl Future<Output = ()> + Send + 'static,
    ) {
        let stop = self.stop.clone();
        self.spawn_ending(name, async move {
            stop.run_until_cancelled(task).await;
        });
    }

    /// Runs a task that ends itself when the stage ends.
    pub(super) fn spawn_ending(
        &self,
        name: &'static str,
        task: impl Future<Output = ()> + Send + 'static,
    ) {
        let (stop, broken) = (self.stop.clone(), self.broken.clone());
        self.tasks.spawn(async move {
            let ended = AssertUnwindSafe(task).catch_unwind().await;
            if ended.is_err() || !stop.is_cancelled() {
                tracing::error!(
                    task = name,
                    panicked = ended.is_err(),
                    "a task ended on its own"
                );
                broken.cancel();
            }
        });
    }

    /// Ends the tasks; whether all did within `limit`.
    pub(super) async fn end(&self, limit: Duration) -> bool {
        self.stop.cancel();
        self.tasks.close();
        timeout(limit, self.tasks.wait()).await.is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_task_that_ends_unasked_breaks_and_one_that_is_ended_does_not() {
        let broken = CancellationToken::new();
        let stage = Stage::new(&broken);
        stage.spawn("waits", std::future::pending());
        assert!(stage.end(Duration::from_secs(1)).await);
        assert!(!broken.is_cancelled());

        let stage = Stage::new(&broken);
        stage.spawn("panics", async { panic!("as a test does") });
        broken.cancelled().await;

        let broken = CancellationToken::new();
        Stage::new(&broken).spawn("returns", async {});
        broken.cancelled().await;
    }
}
