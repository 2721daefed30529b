//! What an operator runs by hand: each command has its file here, and writes to the output it is given; nothing is
//! logged. Tables are for people, `--json` is for scripts. No customer's text unless asked for with a flag.

pub mod database;
pub mod dead_letters;
pub mod pool;
pub mod show;
pub mod spool;
pub mod table;
pub mod unknowns;
pub mod webhook;

use std::io::{self, BufWriter, Write};

use clap::Subcommand;
use sabai_daemon::exit::Failure;

/// The commands.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum Command {
    /// Look at what is spooled: webhooks and outcomes that wait on local disk for Postgres.
    ///
    /// Reads only, and needs nothing but the folder: also while a bot runs, also when Postgres is away. Looks at
    /// SABAI_SPOOL_DIR unless --dir is given.
    #[command(subcommand)]
    Spool(spool::Command),
    /// Events that could not be worked: look at them, have them worked again, or drop them.
    ///
    /// Needs the variables of Postgres only. Safe beside running bots.
    #[command(subcommand)]
    DeadLetters(dead_letters::Command),
    /// Answers of which nobody can know whether LINE accepted them: look at them, say what is true.
    ///
    /// Needs the variables of Postgres only. Safe beside running bots.
    #[command(subcommand)]
    Unknowns(unknowns::Command),
    /// How a running bot's sessions of Postgres stand, and having them renewed.
    ///
    /// Asks the bot over its control socket, SABAI_CONTROL_SOCKET unless --socket is given.
    #[command(subcommand)]
    Pool(pool::Command),
    /// Whether a bot takes what LINE signs, tried through the address that LINE's calls come by.
    ///
    /// Needs LINE_CHANNEL_SECRET only. Stores nothing.
    #[command(subcommand)]
    Webhook(webhook::Command),
}

/// Runs a command to its end, with its output on stdout.
///
/// # Errors
/// Why it could not do what was asked, or that it has told of something that is wrong.
pub fn run(command: Command) -> Result<(), Failure> {
    let mut out = BufWriter::new(io::stdout().lock());
    let outcome = match command {
        Command::Spool(command) => spool::run(&command, &mut out),
        Command::DeadLetters(command) => dead_letters::run(&command, &mut out),
        Command::Unknowns(command) => unknowns::run(&command, &mut out),
        Command::Pool(command) => pool::run(&command, &mut out),
        Command::Webhook(command) => webhook::run(&command, &mut out),
    };
    let flushed = out.flush().map_err(Failure::from);
    match outcome.and(flushed) {
        // Whoever reads it has seen enough, as `head` does.
        Err(Failure::Command(error)) if is_broken_pipe(&error) => Ok(()),
        outcome => outcome,
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let io = error.downcast_ref::<io::Error>();
    io.is_some_and(|io| io.kind() == io::ErrorKind::BrokenPipe)
}
