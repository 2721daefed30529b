//! One link to Postgres for a command: each statement with a deadline, errors with what to do.

use std::env;
use std::time::Duration;

use anyhow::anyhow;
use sabai_daemon::config::read_file;
use sabai_daemon::exit::Failure;
use sabai_daemon::runtime;
use sabai_wire::fault::Fault;
use sabai_wire::link::{Link, Statement, StatementError};
use tokio::time::Instant;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use crate::config::MigrateConfig;
use crate::db::Connector;

/// Of one statement; an operator waits for it.
const LIMIT: Duration = Duration::from_secs(30);
/// The server ends it a little earlier, so that it tells why.
const SERVER_LIMIT: Duration = Duration::from_secs(27);
const CLOSING: Duration = Duration::from_secs(2);

/// An open link.
pub struct Database {
    link: Link,
}

impl Database {
    /// Runs a statement.
    ///
    /// # Errors
    /// Why it failed, and what to do.
    pub async fn query(
        &self,
        statement: &'static Statement,
        params: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, Failure> {
        let rows = self.link.query(statement, params, Instant::now() + LIMIT);
        rows.await.map_err(failed)
    }

    /// Runs a script without parameters or rows.
    ///
    /// # Errors
    /// As [`Database::query`].
    pub async fn batch(&self, name: &'static str, sql: &str) -> Result<(), Failure> {
        let done = self.link.batch(name, sql, Instant::now() + LIMIT);
        done.await.map_err(failed)
    }
}

/// Reads the configuration, opens a link, does `work` on it and closes it.
///
/// # Errors
/// Of the configuration (of Postgres alone), of opening the link, or of the work.
pub fn with<T>(work: impl AsyncFnOnce(&Database) -> Result<T, Failure>) -> Result<T, Failure> {
    let config = MigrateConfig::from_env(|name| env::var_os(name), read_file)?;
    runtime::run_command(async {
        let connector = Connector::new(config.database);
        let link = connector.open_patient(SERVER_LIMIT).await;
        let link = link.map_err(|error| {
            let advice = error.fault.advice();
            Failure::Command(anyhow!("cannot reach Postgres: {error}; {advice}"))
        })?;
        let database = Database { link };
        let done = work(&database).await;
        database.link.close(CLOSING).await;
        done
    })
}

fn failed(error: StatementError) -> Failure {
    let advice = match error.fault {
        Fault::SchemaBehind => "run `sabai-bot migrate` first",
        fault => fault.advice(),
    };
    Failure::Command(anyhow!("{error}; {advice}"))
}
