//! `sabai-bot dead-letters list|show|requeue|drop`: events that could not be worked, and what becomes of them.

mod list;
mod remove;
mod requeue;
mod show;
mod store;

use std::io::Write;
use std::time::Duration;

use anyhow::anyhow;
use clap::{Args, Subcommand};
use sabai_daemon::exit::Failure;
use sabai_wire::duration::GepDuration;

use super::database::{self, Database};
use store::Filter;

/// The commands.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum Command {
    /// List dead letters, oldest first, and whether each can be requeued.
    List {
        #[command(flatten)]
        which: Which,
        /// At most so many.
        #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
        limit: u32,
        #[command(flatten)]
        how: How,
    },
    /// Show everything about one dead letter.
    Show {
        /// Its id, from the list.
        id: i64,
        #[command(flatten)]
        how: How,
    },
    /// Make events workable again, as if they had just come: in their place in their conversation, attempts from 0.
    ///
    /// A running bot takes them within a second. An event that may have been answered, or whose message was taken
    /// back, or that could never be read, is refused with the reason. Doing it twice is harmless.
    Requeue {
        #[command(flatten)]
        chosen: Chosen,
        #[command(flatten)]
        which: Which,
        /// JSON for scripts: an object a line for each id.
        #[arg(long)]
        json: bool,
    },
    /// Delete dead letters for good, bytes and all. The conversation keeps its turn, which says that there was one.
    Drop {
        #[command(flatten)]
        chosen: Chosen,
        #[command(flatten)]
        which: Which,
        /// JSON for scripts.
        #[arg(long)]
        json: bool,
    },
}

/// Which ones, by what they are.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub struct Which {
    /// Only those with this reason: attempts_exhausted, refused, unreadable, cannot_be_saved.
    #[arg(long, value_name = "WORD")]
    reason: Option<String>,
    /// Only those that died longer ago than this: 30m, 24h.
    #[arg(long, value_name = "AGE", value_parser = age)]
    older_than: Option<Duration>,
}

impl Which {
    fn filter(&self, ids: Option<Vec<i64>>) -> Filter {
        Filter {
            ids,
            reason: self.reason.clone(),
            older_than: self.older_than,
        }
    }
}

/// Which ones to change.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub struct Chosen {
    /// Their ids, from the list.
    #[arg(value_name = "ID", required_unless_present = "all", conflicts_with_all = ["all", "yes", "reason", "older_than"])]
    ids: Vec<i64>,
    /// All of them, or all that --reason and --older-than choose.
    #[arg(long)]
    all: bool,
    /// Do it: without it, --all only says how many there are.
    #[arg(long)]
    yes: bool,
}

impl Chosen {
    /// The ids, in order and once each. With `--all`, what is there now.
    async fn ids(
        &self,
        verb: &str,
        which: &Which,
        database: &Database,
    ) -> Result<Vec<i64>, Failure> {
        if !self.all {
            let mut ids = self.ids.clone();
            ids.sort_unstable();
            ids.dedup();
            return Ok(ids);
        }
        let ids = store::ids(database, &which.filter(None)).await?;
        if self.yes || ids.is_empty() {
            return Ok(ids);
        }
        let there = super::show::count(ids.len() as u64, "dead letter");
        Err(Failure::Command(anyhow!(
            "this would {verb} {there}; nothing was changed: add --yes to do it"
        )))
    }
}

/// How to tell of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Args)]
pub struct How {
    /// JSON for scripts.
    #[arg(long)]
    json: bool,
    /// Show customers' texts and ids too.
    #[arg(long)]
    text: bool,
}

/// For an option that takes an age.
pub(super) fn age(text: &str) -> Result<Duration, String> {
    let age = text.parse::<GepDuration>().map_err(|why| why.to_string());
    age.map(GepDuration::get)
}

/// Runs a command.
///
/// # Errors
/// When Postgres cannot be asked, an id is unknown, or something was refused.
pub fn run(command: &Command, out: &mut dyn Write) -> Result<(), Failure> {
    database::with(async |database| match command {
        Command::List { which, limit, how } => list::run(database, which, *limit, *how, out).await,
        Command::Show { id, how } => show::run(database, *id, *how, out).await,
        Command::Requeue {
            chosen,
            which,
            json,
        } => {
            let ids = chosen.ids("requeue", which, database).await?;
            requeue::run(database, &ids, *json, out).await
        }
        Command::Drop {
            chosen,
            which,
            json,
        } => {
            let ids = chosen.ids("drop", which, database).await?;
            remove::run(database, &ids, *json, out).await
        }
    })
}

fn unknown(ids: &[i64]) -> Failure {
    let ids: Vec<String> = ids.iter().map(i64::to_string).collect();
    Failure::Command(anyhow!(
        "no dead letter (any more): {}; see `sabai-bot dead-letters list`",
        ids.join(", ")
    ))
}
