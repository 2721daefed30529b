//! The command line: `run` without options, since everything else is the environment, and `probe`. `--help` lists every
//! variable from the table that the configuration reads by.

use std::ffi::OsString;
use std::fmt::Write;

use clap::{Parser, Subcommand};
use sabai_daemon::command_line;
use sabai_daemon::config::variable::listing;
use sabai_daemon::exit::{EXIT_CONFIG, EXIT_FAILED, EXIT_OK};

use crate::config::table;

/// Sabai's agent: watches the path to Postgres, drives the pod's readiness, has the bot's sessions renewed.
///
/// Configured by the environment alone, see below; give it the bot's variables of Postgres and of the pool.
#[derive(Debug, Parser)]
#[command(name = "sabai-agent", version, after_help = "--help lists every environment variable and the exit codes.",
    after_long_help = environment(), max_term_width = 110)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

/// What the process is to do.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum Command {
    /// Watch the path and the bot until a signal comes.
    ///
    /// Stays up whatever happens to Postgres or the bot; /readyz says whether the pod is to get webhooks, and why not.
    #[command(after_long_help = environment())]
    Run,
    /// Go the whole path to Postgres once and print it, stage by stage, like a traceroute.
    ///
    /// Writes one row of the agent's own, if its table is there. Needs the variables of Postgres only. Exit code 0 when
    /// every stage was passed, else 1.
    #[command(after_long_help = environment())]
    Probe {
        /// One JSON object for scripts, its stages named as in a PoolInstance's status.
        #[arg(long)]
        json: bool,
    },
}

/// Reads the command line.
///
/// # Errors
/// As [`command_line::parse`].
pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Command, u8> {
    command_line::parse(arguments).map(|arguments: Arguments| arguments.command)
}

/// The part of the help that comes from the table.
fn environment() -> String {
    let mut text = String::from(
        "Environment. Any variable X may be given as X_FILE, the path of a file that holds the value; such a file \
         of Postgres is read again at each use. An empty variable is not set. Durations are written as 30s, 1h30m or \
         500ms. Other variables of libpq are refused. All problems are told at once.\n",
    );
    text += &listing(&table::all().collect::<Vec<_>>());
    let _ = write!(
        text,
        "\nExit codes:\n  {EXIT_OK}   stopped as asked, or the path is healthy\n  {EXIT_FAILED}   failed while running, or a stage of the path did\n  \
         {EXIT_CONFIG}  wrong configuration or command line; every problem is listed\n",
    );
    text
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn commands_and_exit_codes() {
        Arguments::command().debug_assert();
        let table: [(&[&str], Result<Command, u8>); 8] = [
            (&["run"], Ok(Command::Run)),
            (&["probe"], Ok(Command::Probe { json: false })),
            (&["probe", "--json"], Ok(Command::Probe { json: true })),
            (&[], Err(EXIT_CONFIG)),
            (&["serve"], Err(EXIT_CONFIG)),
            (&["run", "--fast"], Err(EXIT_CONFIG)),
            (&["--version"], Err(EXIT_OK)),
            (&["probe", "--help"], Err(EXIT_OK)),
        ];
        for (arguments, expected) in table {
            let words = ["sabai-agent"].iter().chain(arguments).map(OsString::from);
            assert_eq!(parse(words), expected, "{arguments:?}");
        }
    }

    #[test]
    fn the_long_help_lists_every_variable_with_its_default_and_meaning() {
        let help = Arguments::command().render_long_help().to_string();
        // Wrapping may come between any two words.
        let words: Vec<_> = help.split_whitespace().collect();
        let help = words.join(" ");
        for variable in table::all() {
            let entry = format!("{} ({}) {}", variable.name, variable.need, variable.meaning);
            assert!(help.contains(&entry), "{entry} is not in {help}");
        }
        let short = Arguments::command().render_help().to_string();
        assert!(!short.contains("PGHOST"), "-h is short");
    }
}
