//! The order of the process's life: command line, configuration, logging, then `serve` or `migrate`.

use std::process::ExitCode;

use anyhow::Context;
use sabai_bot::app;
use sabai_bot::cli::{self, Command};
use sabai_bot::config::{Config, MigrateConfig, read_file, unknown_names};
use sabai_bot::exit::{self, Failure};
use sabai_bot::logging::{self, LogConfig};

fn main() -> ExitCode {
    match cli::parse(std::env::args_os()) {
        Ok(Command::Serve) => exit::code(serve()),
        Ok(Command::Migrate) => exit::code(migrate()),
        // Help and version were printed, or what is wrong with the command line.
        Err(code) => ExitCode::from(code),
    }
}

fn serve() -> Result<(), Failure> {
    let config = Config::from_env(|name| std::env::var_os(name), read_file)?;
    begin(&config.log, &config.summary())?;
    config
        .warnings()
        .iter()
        .for_each(|warning| tracing::warn!("{warning}"));
    run(app::serve(config))
}

fn migrate() -> Result<(), Failure> {
    let config = MigrateConfig::from_env(|name| std::env::var_os(name), read_file)?;
    begin(&config.log, &config.database.summary())?;
    run(async { Ok(app::migrate(config.database).await?) })
}

/// The log, and in it who begins with what.
fn begin(log: &LogConfig, summary: &str) -> anyhow::Result<()> {
    logging::init(log)?;
    tracing::info!(version = env!("CARGO_PKG_VERSION"), "sabai-bot: {summary}");
    for unknown in
        unknown_names(std::env::vars_os().filter_map(|(name, _)| name.into_string().ok()))
    {
        tracing::warn!(
            nearest = unknown.nearest,
            "{} is not a variable of this program",
            unknown.name
        );
    }
    Ok(())
}

fn run(life: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start")?;
    let ended = runtime.block_on(life);
    // A look-up that hangs in a blocking thread must not keep a process that has stopped.
    runtime.shutdown_background();
    ended
}
