//! `cargo playground`: the whole system in one command, to chat with, or to be judged without a terminal. One way
//! through it: `options` -> `stage` (Postgres, LINE, bot, agent; `cluster` for `--kube`) -> `talk`, or `check` (`plan` -> `delivery` ->
//! `record` -> `verdict`).

mod answers;
mod check;
mod cluster;
mod command;
mod delivery;
mod log_file;
mod options;
mod path;
mod plan;
mod record;
mod screen;
mod sidecar;
mod stage;
mod talk;
mod trouble;
pub mod verdict;
mod words;

use std::process::ExitCode;
use std::time::Duration;

use options::Asked;
use screen::Screen;

/// Wrong command line (sysexits.h, EX_USAGE), as the bot does it.
const USAGE: u8 = 64;

/// Runs the playground with the arguments behind the program's name.
pub fn main(arguments: impl IntoIterator<Item = String>) -> ExitCode {
    let screen = Screen::new();
    let asked = match options::parse(arguments) {
        Ok(Asked::Help) => {
            screen.show(options::HELP.trim_end());
            return ExitCode::SUCCESS;
        }
        Ok(asked) => asked,
        Err(problem) => {
            screen.complain(&problem);
            return ExitCode::from(USAGE);
        }
    };
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            screen.complain(&format!("cannot start: {error}"));
            return ExitCode::FAILURE;
        }
    };
    let well = runtime.block_on(run(asked, &screen));
    // What a chat still reads from the terminal must not keep the program from ending.
    runtime.shutdown_timeout(Duration::from_secs(1));
    match well {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            screen.complain(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

/// Ends early, and drops what was started, when it is asked to by a signal.
async fn run(asked: Asked, screen: &Screen) -> anyhow::Result<bool> {
    let work = async {
        match asked {
            Asked::Help => Ok(true),
            Asked::Chat { kube } => Box::pin(talk::talk(screen, kube)).await.map(|()| true),
            Asked::Check { kube, seed, events } => check::check(screen, kube, seed, events).await,
        }
    };
    tokio::select! {
        result = Box::pin(work) => result,
        result = stop_signal() => {
            result?;
            screen.show("\nstopping");
            Ok(matches!(asked, Asked::Chat { .. }))
        }
    }
}

/// Ctrl-C, `kill`, or the terminal is closed.
async fn stop_signal() -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};

    let (mut interrupt, mut terminate, mut hangup) = (
        signal(SignalKind::interrupt())?,
        signal(SignalKind::terminate())?,
        signal(SignalKind::hangup())?,
    );
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
        _ = hangup.recv() => {}
    }
    Ok(())
}
