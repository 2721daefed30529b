//! How the process ends: a failure is told once, where people look for it, and becomes an exit code.

use std::process::ExitCode;

use crate::cli::{EXIT_CONFIG, EXIT_FAILED, EXIT_OK};
use crate::config::Problems;

/// Why the process ends other than asked.
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

/// Tells a failure and gives the exit code.
#[expect(
    clippy::print_stderr,
    reason = "configuration and commands are told to people, whatever the log is like or when it begins"
)]
pub fn code(outcome: Result<(), Failure>) -> ExitCode {
    ExitCode::from(match outcome {
        Ok(()) => EXIT_OK,
        Err(Failure::Configuration(reason)) => {
            eprintln!("sabai-bot: cannot start with this configuration:\n{reason}");
            EXIT_CONFIG
        }
        Err(Failure::Failed(error)) => {
            tracing::error!("{error:#}");
            EXIT_FAILED
        }
        Err(Failure::Command(error)) => {
            eprintln!("sabai-bot: {error:#}");
            EXIT_FAILED
        }
        Err(Failure::Told) => EXIT_FAILED,
    })
}
