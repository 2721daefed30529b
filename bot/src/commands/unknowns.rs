//! `sabai-bot unknowns list|settle`: events of which nobody can know whether LINE accepted their answer. Sabai never
//! sends such an answer again; a person may look into the chat and say what is true.

mod list;
mod settle;

use std::io::Write;
use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};
use sabai_daemon::exit::Failure;

use super::database;
use super::dead_letters::age;

/// The commands.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum Command {
    /// List them, oldest first.
    List {
        #[command(flatten)]
        which: Which,
        /// JSON for scripts, an object a line.
        #[arg(long)]
        json: bool,
        /// Show customers' texts and ids too, and the answer.
        #[arg(long)]
        text: bool,
    },
    /// Say what is true of them. Changes what is saved; nothing is sent.
    Settle {
        /// Their ids, from the list.
        #[arg(value_name = "ID", required = true)]
        ids: Vec<i64>,
        /// What a look into the chat has shown.
        #[arg(long = "as", value_name = "WHAT")]
        truth: Truth,
        /// JSON for scripts.
        #[arg(long)]
        json: bool,
    },
}

/// Which ones.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub struct Which {
    /// Only those that ended longer ago than this: 30m, 24h.
    #[arg(long, value_name = "AGE", value_parser = age)]
    older_than: Option<Duration>,
    /// At most so many.
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
    limit: u32,
}

/// What became of the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Truth {
    /// The customer has it.
    Answered,
    /// The customer does not have it.
    Unanswered,
}

impl Truth {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Unanswered => "unanswered",
        }
    }
}

/// Runs a command.
///
/// # Errors
/// When Postgres cannot be asked, or an id is unknown.
pub fn run(command: &Command, out: &mut dyn Write) -> Result<(), Failure> {
    database::with(async |database| match command {
        Command::List { which, json, text } => list::run(database, which, *json, *text, out).await,
        Command::Settle { ids, truth, json } => {
            settle::run(database, ids, *truth, *json, out).await
        }
    })
}
