//! The order of the process's life: command line, configuration, log, then `serve` or `migrate`, and the exit code.

use std::env;
use std::process::ExitCode;

use sabai_bot::app;
use sabai_bot::cli::{self, Command};
use sabai_bot::commands;
use sabai_bot::config::{Config, MigrateConfig, unknown_names};
use sabai_daemon::config::read_file;
use sabai_daemon::exit::{self, Failure};
use sabai_daemon::logging::{self, LogConfig};
use sabai_daemon::runtime;

/// As it tells of itself.
const NAME: &str = "sabai-bot";

fn main() -> ExitCode {
    match cli::parse(env::args_os()) {
        Ok(Command::Serve) => exit::code(NAME, serve()),
        Ok(Command::Migrate) => exit::code(NAME, migrate()),
        Ok(Command::Operator(command)) => exit::code(NAME, commands::run(command)),
        // Help and version were printed, or what is wrong with the command line.
        Err(code) => ExitCode::from(code),
    }
}

fn serve() -> Result<(), Failure> {
    let config = Config::from_env(|name| env::var_os(name), read_file)?;
    begin(&config.log, &config.summary(), config.warnings())?;
    runtime::run(app::serve(config))
}

fn migrate() -> Result<(), Failure> {
    let config = MigrateConfig::from_env(|name| env::var_os(name), read_file)?;
    begin(&config.log, &config.database.summary(), vec![])?;
    runtime::run(async { Ok(app::migrate(config.database).await?) })
}

/// The log, and in it who begins with what, and what is odd about it.
fn begin(log: &LogConfig, summary: &str, warnings: Vec<String>) -> anyhow::Result<()> {
    logging::init(log)?;
    tracing::info!(version = env!("CARGO_PKG_VERSION"), "{NAME}: {summary}");
    let names = env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    let unknown = unknown_names(names)
        .into_iter()
        .map(|name| name.to_string());
    for warning in unknown.chain(warnings) {
        tracing::warn!("{warning}");
    }
    Ok(())
}
