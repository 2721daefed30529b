//! The runtime of one life. Decides nothing about it.

use anyhow::Context;

use crate::exit::Failure;

/// Runs a life to its end.
///
/// # Errors
/// How it ended, or that there are no threads to run it on.
pub fn run(life: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start")?;
    let ended = runtime.block_on(life);
    // A look-up that hangs in a blocking thread must not keep a process that has stopped.
    runtime.shutdown_background();
    ended
}
