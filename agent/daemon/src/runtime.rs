//! The runtime of one life or one command. Decides nothing about it.

use anyhow::Context;
use tokio::runtime::{Builder, Runtime};

use crate::exit::Failure;

/// Runs a life to its end, on as many threads as there are processors.
///
/// # Errors
/// How it ended, or that there are no threads to run it on.
pub fn run(life: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    let runtime = Builder::new_multi_thread().enable_all().build();
    to_the_end(runtime.context("cannot start")?, life)
}

/// Runs what an operator asked for to its end, on the present thread.
///
/// # Errors
/// How it ended, or that the system has no runtime to give.
pub fn run_command<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = Builder::new_current_thread().enable_all().build();
    to_the_end(
        runtime.map_err(|error| Failure::Command(error.into()))?,
        work,
    )
}

fn to_the_end<T>(runtime: Runtime, work: impl Future<Output = T>) -> T {
    let ended = runtime.block_on(work);
    // A look-up that hangs in a blocking thread must not keep a process that has stopped.
    runtime.shutdown_background();
    ended
}
