//! The command line: `serve` and `migrate` without options, since everything else is the environment, and what an
//! operator runs by hand (`commands`). `--help` lists every variable from the table that the configuration reads by.

use std::ffi::OsString;
use std::fmt::Write;

use clap::{Parser, Subcommand};
use sabai_daemon::command_line;
use sabai_daemon::config::variable::listing;
use sabai_daemon::exit::{EXIT_CONFIG, EXIT_FAILED, EXIT_OK};

use crate::commands;
use crate::config::table;

/// Sabai: a LINE bot that loses no message and answers none twice, on Postgres.
///
/// Configured by the environment alone, see below. Postgres is reached by TLS with the server's certificate
/// verified in full, or not at all.
#[derive(Debug, Parser)]
#[command(name = "sabai-bot", version, after_help = "--help lists every environment variable and the exit codes.",
    after_long_help = environment(), max_term_width = 110)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

/// What the process is to do.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum Command {
    /// Take webhooks, work the queue, answer. Applies migrations first.
    ///
    /// Stays up while Postgres or LINE is away; /readyz says what is wrong and what to do. SIGTERM stops it without
    /// losing anything; a second signal ends it at once.
    #[command(after_long_help = environment())]
    Serve,
    /// Apply the database migrations and end; for a role of its own.
    ///
    /// Needs the variables of Postgres only.
    #[command(after_long_help = environment())]
    Migrate,
    /// What an operator runs by hand.
    #[command(flatten)]
    Operator(commands::Command),
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
         of Postgres or LINE is read again at each use. An empty variable is not set. Durations are written as 30s, \
         1h30m or 500ms. Other variables of libpq are refused. All problems are told at once.\n",
    );
    text += &listing(&table::all().collect::<Vec<_>>());
    let _ = write!(
        text,
        "\nExit codes:\n  {EXIT_OK}   stopped as asked, or done\n  {EXIT_FAILED}   failed while running; the log says why, or the command\n  \
         {EXIT_CONFIG}  wrong configuration or command line; every problem is listed\n",
    );
    text
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    fn parsed(arguments: &[&str]) -> Result<Command, u8> {
        parse(arguments.iter().map(OsString::from))
    }

    #[test]
    fn commands_and_exit_codes() {
        Arguments::command().debug_assert();
        assert_eq!(parsed(&["sabai-bot", "serve"]), Ok(Command::Serve));
        assert_eq!(parsed(&["sabai-bot", "migrate"]), Ok(Command::Migrate));
        for operator in [
            "spool list --json --bodies",
            "spool verify --dir /spool",
            "pool report --json",
            "pool recycle --kind replace --wait",
            "webhook check --url http://shop:8080",
        ] {
            let words: Vec<_> = ["sabai-bot"]
                .into_iter()
                .chain(operator.split(' '))
                .collect();
            assert!(
                matches!(parsed(&words), Ok(Command::Operator(_))),
                "{operator}"
            );
        }
        for wrong in [
            &["sabai-bot"][..],
            &["sabai-bot", "dance"],
            &["sabai-bot", "serve", "--port", "1"],
            &["sabai-bot", "spool", "drop"],
        ] {
            assert_eq!(parsed(wrong), Err(EXIT_CONFIG), "{wrong:?}");
        }
        for asked in [
            &["sabai-bot", "--help"][..],
            &["sabai-bot", "--version"],
            &["sabai-bot", "serve", "--help"],
        ] {
            assert_eq!(parsed(asked), Err(EXIT_OK), "{asked:?}");
        }
    }

    #[test]
    fn the_long_help_lists_every_variable_with_its_default_and_meaning() {
        for mut command in [
            Arguments::command(),
            Arguments::command()
                .find_subcommand("serve")
                .expect("there")
                .clone(),
        ] {
            // Wrapping may come between any two words.
            let help = command.render_long_help().to_string();
            let words: Vec<_> = help.split_whitespace().collect();
            let help = words.join(" ");
            for variable in table::all() {
                let entry = format!("{} ({}) {}", variable.name, variable.need, variable.meaning);
                assert!(help.contains(&entry), "{entry} is not in {help}");
            }
            assert!(help.contains("64 wrong configuration"));
        }
        let short = Arguments::command().render_help().to_string();
        assert!(!short.contains("PGHOST"), "-h is short");
    }
}
