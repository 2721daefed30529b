//! The order of the process's life: command line, configuration, log, then `serve` or `migrate`, and the exit code.

use std::env;
use std::process::ExitCode;

use sabai_bot::app;
use sabai_bot::cli::{self, Command};
use sabai_bot::commands;
use sabai_bot::config::{Config, MigrateConfig, read_file, unknown_names};
use sabai_bot::exit::{self, Failure};
use sabai_bot::logging::{self, LogConfig};

fn main() -> ExitCode {
    match cli::parse(env::args_os()) {
        Ok(Command::Serve) => exit::code(serve()),
        Ok(Command::Migrate) => exit::code(migrate()),
        Ok(Command::Operator(command)) => exit::code(commands::run(command)),
        // Help and version were printed, or what is wrong with the command line.
        Err(code) => ExitCode::from(code),
    }
}

fn serve() -> Result<(), Failure> {
    let config = Config::from_env(|name| env::var_os(name), read_file)?;
    begin(&config.log, &config.summary(), config.warnings())?;
    app::run(app::serve(config))
}

fn migrate() -> Result<(), Failure> {
    let config = MigrateConfig::from_env(|name| env::var_os(name), read_file)?;
    begin(&config.log, &config.database.summary(), vec![])?;
    app::run(async { Ok(app::migrate(config.database).await?) })
}

/// The log, and in it who begins with what, and what is odd about it.
fn begin(log: &LogConfig, summary: &str, warnings: Vec<String>) -> anyhow::Result<()> {
    logging::init(log)?;
    tracing::info!(version = env!("CARGO_PKG_VERSION"), "sabai-bot: {summary}");
    let names = env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    let unknown = unknown_names(names)
        .into_iter()
        .map(|name| name.to_string());
    for warning in unknown.chain(warnings) {
        tracing::warn!("{warning}");
    }
    Ok(())
}
