//! The order of the process's life: command line, configuration, log, then `run` or `probe`, and the exit code.

use std::env;
use std::process::ExitCode;

use sabai_agent::cli::{self, Command};
use sabai_agent::config::{Config, ProbeConfig, unknown_names};
use sabai_agent::{app, once};
use sabai_daemon::config::read_file;
use sabai_daemon::exit::{self, Failure};
use sabai_daemon::{logging, runtime};

/// As it tells of itself.
const NAME: &str = "sabai-agent";

fn main() -> ExitCode {
    match cli::parse(env::args_os()) {
        Ok(Command::Run) => exit::code(NAME, run()),
        Ok(Command::Probe { json }) => exit::code(NAME, probe(json)),
        // Help and version were printed, or what is wrong with the command line.
        Err(code) => ExitCode::from(code),
    }
}

fn run() -> Result<(), Failure> {
    let config = Config::from_env(|name| env::var_os(name), read_file)?;
    logging::init(&config.log).map_err(anyhow::Error::from)?;
    let (version, summary) = (env!("CARGO_PKG_VERSION"), config.summary());
    tracing::info!(version, "{NAME}: {summary}");
    let names = env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    for unknown in unknown_names(names) {
        tracing::warn!("{unknown}");
    }
    // It has little to do: one thread is enough, and costs the least.
    runtime::run_command(app::run(config))
}

fn probe(json: bool) -> Result<(), Failure> {
    let config = ProbeConfig::from_env(|name| env::var_os(name), read_file)?;
    runtime::run_command(once::probe(&config, json))
}
