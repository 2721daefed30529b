//! Tasks that never end the process: one that panics or ends is told, counted and begun again.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt;
use sabai_daemon::backoff::Backoff;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

/// First and longest pause before a task begins again.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));
/// A task that went on for so long begins again after the first pause.
const WELL_FOR: Duration = Duration::from_secs(60);

/// Runs what `begin` makes until `stop`, again and again; `again` is told each time. Then the last one has `grace` to end
/// by itself.
pub async fn supervise<F>(
    task: &'static str,
    (stop, grace): (CancellationToken, Duration),
    again: impl Fn(),
    mut begin: impl FnMut() -> F,
) where
    F: Future<Output = ()>,
{
    let mut backoff = Backoff::new(PAUSES.0, PAUSES.1);
    loop {
        let begun = Instant::now();
        // What a panic leaves behind is dropped with the task; what tasks share is told of facts, one at a time.
        let run = AssertUnwindSafe(async { begin().await }).catch_unwind();
        let cut = async {
            stop.cancelled().await;
            sleep(grace).await;
        };
        let ended = tokio::select! {
            ended = run => ended,
            () = cut => return,
        };
        if stop.is_cancelled() {
            return;
        }
        tracing::error!(
            task,
            panicked = ended.is_err(),
            "a task ended on its own; it begins again"
        );
        again();
        if begun.elapsed() >= WELL_FOR {
            backoff.reset();
        }
        if stop
            .run_until_cancelled(sleep(backoff.pause()))
            .await
            .is_none()
        {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_task_that_panics_or_ends_begins_again_until_it_is_stopped() {
        let (stop, begun, told) = (CancellationToken::new(), Cell::new(0), Cell::new(0));
        let ending = stop.clone();
        let count = |cell: &Cell<u32>| cell.set(cell.get() + 1);
        let begin = || {
            count(&begun);
            let (turn, ending) = (begun.get(), ending.clone());
            async move {
                match turn {
                    1 => panic!("as a test does"),
                    2 => {}
                    _ => {
                        ending.cancel();
                        std::future::pending().await
                    }
                }
            }
        };
        supervise("test", (stop, Duration::ZERO), || count(&told), begin).await;
        assert_eq!((begun.get(), told.get()), (3, 2));
    }
}
