//! Follows the answers file: whatever way it is changed, the rules follow.
//!
//! Looks once a second instead of being told, since file events are lost when
//! kubelet swaps its symlinks, when an editor replaces the file, and on network
//! volumes. A broken or missing file changes nothing but a log line and a counter.

mod file;

use std::error::Error;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::spawn_blocking;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::{error, info};

pub(super) use self::file::AnswersFile;
use super::{AnswersError, Responder, Rules};

/// Between two looks at the file.
const PERIOD: Duration = Duration::from_secs(1);
/// A file that is still being written changes again within a tenth of the period. One that never
/// rests is read as it is after a whole one.
const SETTLING_LOOKS: u32 = 10;

impl Responder {
    /// Exchanges the rules whenever the file changes, until `stop`.
    ///
    /// A file that cannot be used leaves the rules as they are: it is logged once with all its
    /// problems, `on_failure` is called once, and both again only when it has changed.
    pub async fn watch(self, stop: CancellationToken, on_failure: impl Fn()) {
        let follow = self.follow(PERIOD, on_failure);
        stop.run_until_cancelled(follow).await;
    }

    async fn follow(self, period: Duration, on_failure: impl Fn()) {
        let Some(mut file) = self.file else {
            return std::future::pending().await;
        };
        loop {
            sleep(period).await;
            let settled = settle(file, || sleep(period / SETTLING_LOOKS)).await;
            file = settled.0;
            let Some(contents) = settled.1 else { continue };
            match parse(&file, contents).await {
                Ok(rules) => {
                    info!(file = %file.path().display(), "the answers file has changed: the new answers are in force");
                    self.current.send_replace(Arc::new(rules));
                }
                Err(problem) => {
                    let cause = problem.source().map(ToString::to_string);
                    error!(cause, "{problem}; the last good answers stay in force");
                    on_failure();
                }
            }
        }
    }
}

/// What the file holds now if that is new, once it has stopped changing.
async fn settle<P: Future<Output = ()>>(
    mut file: AnswersFile,
    pause: impl Fn() -> P,
) -> (AnswersFile, Option<io::Result<Vec<u8>>>) {
    let first = file.clone();
    let mut newest = None;
    for _ in 0..SETTLING_LOOKS {
        let before = file.clone();
        let look = spawn_blocking(move || {
            let seen = file.look();
            (file, seen)
        });
        let seen;
        // A look that was not taken is taken at the next period.
        (file, seen) = look.await.unwrap_or((before, None));
        if seen.is_none() {
            break;
        }
        newest = seen;
        pause().await;
    }
    // Rewritten as it was: only the moment between was new.
    let newest = newest.filter(|_| !file.sees_as(&first));
    (file, newest)
}

/// Off the async threads, and a panic of the YAML reader is one more way for a file to be broken.
async fn parse(file: &AnswersFile, contents: io::Result<Vec<u8>>) -> Result<Rules, AnswersError> {
    let path = file.path().to_owned();
    let file = file.clone();
    let parsed = spawn_blocking(move || file.rules(contents)).await;
    parsed.unwrap_or_else(|panic| {
        let source = io::Error::other(panic);
        Err(AnswersError::Read { path, source })
    })
}

#[cfg(test)]
mod tests;
