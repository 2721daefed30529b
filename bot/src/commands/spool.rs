//! `sabai-bot spool list|verify`: what waits on local disk, and whether it can be read.

mod list;
mod verify;

use std::env;
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use sabai_daemon::config::read_file;
use sabai_daemon::exit::Failure;

use crate::config;

/// The folder of spooled webhooks, in the one of the process.
pub const WEBHOOKS: &str = "webhooks";
/// The folder of spooled outcomes.
pub const OUTCOMES: &str = "outcomes";

/// The commands.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum Command {
    /// List the records, oldest first: when a webhook came, how many events it carries; which answers LINE accepted.
    ///
    /// With --json, an object a line for each record.
    List {
        #[command(flatten)]
        place: Place,
        /// Show the webhooks' bodies too: customers' text and ids.
        #[arg(long)]
        bodies: bool,
    },
    /// Read every record and say what is damaged. Exit code 1 if anything is.
    ///
    /// A torn tail is no damage: that record was never answered for. What is damaged is set aside by the bot when it
    /// meets it, in the folder rejected/, and all else is read.
    Verify {
        #[command(flatten)]
        place: Place,
    },
}

/// Which spool, and how to tell of it.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub struct Place {
    /// The folder, as SABAI_SPOOL_DIR.
    #[arg(long, value_name = "PATH")]
    dir: Option<PathBuf>,
    /// JSON for scripts.
    #[arg(long)]
    json: bool,
}

impl Place {
    fn folder(&self) -> Result<PathBuf, Failure> {
        let folder = match &self.dir {
            Some(folder) => Some(folder.clone()),
            None => config::spool_dir(|name| env::var_os(name), read_file)?,
        };
        let folder = folder.ok_or_else(|| {
            Failure::Configuration(
                "SABAI_SPOOL_DIR is not set: set it, or name the folder with --dir PATH".to_owned(),
            )
        })?;
        if !folder.is_dir() {
            return Err(Failure::Command(anyhow::anyhow!(
                "{} is not a folder: name the one that the bot has as SABAI_SPOOL_DIR",
                folder.display()
            )));
        }
        Ok(folder)
    }
}

/// Runs a command.
///
/// # Errors
/// When there is no such folder, it cannot be read, or `verify` found damage.
pub fn run(command: &Command, out: &mut dyn Write) -> Result<(), Failure> {
    match command {
        Command::List { place, bodies } => list::run(&place.folder()?, place.json, *bodies, out),
        Command::Verify { place } => verify::run(&place.folder()?, place.json, out),
    }
}

/// What kept a spool from being read.
fn unreadable(folder: &Path, error: std::io::Error) -> Failure {
    // Told as it is: the reader of the output may have gone.
    let broken_pipe = error.kind() == std::io::ErrorKind::BrokenPipe;
    let error = anyhow::Error::from(error);
    Failure::Command(if broken_pipe {
        error
    } else {
        error.context(format!("cannot read the spool in {}", folder.display()))
    })
}

#[cfg(test)]
mod tests;
