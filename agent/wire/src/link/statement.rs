//! Statements on a link: prepared once per session, each with a deadline.

use std::sync::PoisonError;

use tokio::time::{Instant, timeout_at};
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::{Link, StatementError};
use crate::fault::Fault;

/// A statement of the program. Its text names its columns, never `*`, so that a migration does not break it.
#[derive(Debug)]
pub struct Statement {
    /// Name for metrics and logs, `queue.settle` for example.
    pub name: &'static str,
    /// The SQL text; it begins with its name in a comment, so that `pg_stat_activity` tells it.
    pub sql: &'static str,
}

impl Link {
    /// Runs a statement and collects its rows.
    ///
    /// # Errors
    /// With [`Fault::Silent`] when `deadline` passed; the session must then be closed.
    pub async fn query(
        &self,
        statement: &'static Statement,
        params: &[&(dyn ToSql + Sync)],
        deadline: Instant,
    ) -> Result<Vec<Row>, StatementError> {
        let work = async {
            let prepared = self.prepared(statement).await?;
            self.client.query(&prepared, params).await
        };
        self.within(statement.name, deadline, work).await
    }

    /// Runs a script of several statements, without parameters or rows.
    ///
    /// # Errors
    /// As [`Link::query`].
    pub async fn batch(
        &self,
        name: &'static str,
        sql: &str,
        deadline: Instant,
    ) -> Result<(), StatementError> {
        self.within(name, deadline, self.client.batch_execute(sql))
            .await
    }

    async fn prepared(
        &self,
        statement: &'static Statement,
    ) -> Result<tokio_postgres::Statement, tokio_postgres::Error> {
        let known = self
            .prepared
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(statement.name)
            .cloned();
        if let Some(prepared) = known {
            return Ok(prepared);
        }
        let prepared = self.client.prepare(statement.sql).await?;
        self.prepared
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(statement.name, prepared.clone());
        Ok(prepared)
    }

    async fn within<T>(
        &self,
        name: &'static str,
        deadline: Instant,
        work: impl Future<Output = Result<T, tokio_postgres::Error>>,
    ) -> Result<T, StatementError> {
        let outcome = timeout_at(deadline, async {
            match work.await {
                Ok(value) => Ok(value),
                Err(error) => Err(self.explain(name, &error).await),
            }
        });
        outcome.await.unwrap_or_else(|_| {
            Err(StatementError::new(
                name,
                Fault::Silent,
                "no answer before the deadline",
            ))
        })
    }

    /// What Postgres said, else why the link ended: the driver sees only that it did.
    async fn explain(&self, name: &'static str, error: &tokio_postgres::Error) -> StatementError {
        if error.as_db_error().is_some() {
            let explained = StatementError::of_driver(name, error);
            // ReadyForQuery follows the error; until it is here the session cannot be judged.
            if explained.fault.keeps_session() {
                self.watch.until_answered().await;
            }
            return explained;
        }
        if !error.is_closed() && self.watch.end().is_none() {
            return StatementError::of_driver(name, error);
        }
        match self.ended().await {
            super::End::Lost(fault) => {
                StatementError::new(name, fault, "the session ended under the statement")
            }
            super::End::Cut(fault) => {
                StatementError::new(name, fault, "the session was cut under the statement")
            }
            super::End::Closed => {
                StatementError::new(name, Fault::ClosedByPeer, "the session was closed")
            }
        }
    }
}
