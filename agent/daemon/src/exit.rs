//! How a process ends: a failure is told once, where people look for it, and becomes an exit code. Exit codes are named
//! here and nowhere else.

use std::io;
use std::process::ExitCode;

use crate::config::Problems;

/// Stopped as asked, or the command is done.
pub const EXIT_OK: u8 = 0;
/// Failed while running; the log says why.
pub const EXIT_FAILED: u8 = 1;
/// Wrong configuration or command line (EX_USAGE of sysexits.h).
pub const EXIT_CONFIG: u8 = 64;

/// Why a process ends other than asked.
#[derive(Debug)]
pub enum Failure {
    /// Something that is configured cannot be used.
    Configuration(String),
    /// Anything else, of a life that logs.
    Failed(anyhow::Error),
    /// A command that an operator ran could not do what was asked.
    Command(anyhow::Error),
    /// A command's output has told what is wrong.
    Told,
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::Failed(error)
    }
}

impl From<Problems> for Failure {
    fn from(problems: Problems) -> Self {
        Self::Configuration(problems.to_string())
    }
}

/// Only commands have an output that can fail.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Command(error.into())
    }
}

/// Tells a failure of `program` and gives the exit code.
#[expect(
    clippy::print_stderr,
    reason = "configuration and commands are told to people, whatever the log is like or when it begins"
)]
pub fn code(program: &str, outcome: Result<(), Failure>) -> ExitCode {
    ExitCode::from(match outcome {
        Ok(()) => EXIT_OK,
        Err(Failure::Configuration(reason)) => {
            eprintln!("{program}: cannot start with this configuration:\n{reason}");
            EXIT_CONFIG
        }
        Err(Failure::Failed(error)) => {
            tracing::error!("{error:#}");
            EXIT_FAILED
        }
        Err(Failure::Command(error)) => {
            eprintln!("{program}: {error:#}");
            EXIT_FAILED
        }
        Err(Failure::Told) => EXIT_FAILED,
    })
}
