//! Statements on a link: prepared once per session, each with a deadline.

use std::collections::HashMap;
use std::sync::{MutexGuard, PoisonError};

use tokio::time::{Instant, timeout_at};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Row, SimpleQueryMessage};

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

/// What a session has prepared, by name.
pub(super) type Prepared = HashMap<&'static str, (&'static Statement, tokio_postgres::Statement)>;

const PLANNING: &str = "link.plan";
/// Makes what has the session plan each of its statements: the plan is kept, since plans do not look at parameters.
const EXPLAIN: &str = "/* link.plan */ SELECT format('EXPLAIN EXECUTE %I', name)
    || CASE WHEN cardinality(parameter_types) > 0 THEN
        '(' || array_to_string(array_fill('NULL'::text, ARRAY[cardinality(parameter_types)]), ',') || ')'
    ELSE '' END
    FROM pg_prepared_statements";

fn column(message: &SimpleQueryMessage) -> Option<&str> {
    match message {
        SimpleQueryMessage::Row(row) => row.get(0),
        _ => None,
    }
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

    /// The statements that were run on it, in no order.
    pub fn statements(&self) -> Vec<&'static Statement> {
        self.known().values().map(|(known, _)| *known).collect()
    }

    /// Prepares `statements` and has Postgres plan them, so that the first who runs one waits for neither. In a fresh
    /// backend, whose caches are empty, that takes longer than most statements do.
    ///
    /// # Errors
    /// As [`Link::query`].
    pub async fn prepare(
        &self,
        statements: &[&'static Statement],
        deadline: Instant,
    ) -> Result<(), StatementError> {
        if statements.is_empty() {
            return Ok(());
        }
        for statement in statements {
            self.within(statement.name, deadline, self.prepared(statement))
                .await?;
        }
        let planning = self.within(PLANNING, deadline, self.client.simple_query(EXPLAIN));
        let planning = planning.await?;
        let explain: Vec<_> = planning.iter().filter_map(column).collect();
        self.batch(PLANNING, &explain.join(";"), deadline).await
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
        let known = self.known().get(statement.name).cloned();
        if let Some((_, prepared)) = known {
            return Ok(prepared);
        }
        let prepared = self.client.prepare(statement.sql).await?;
        self.known()
            .insert(statement.name, (statement, prepared.clone()));
        Ok(prepared)
    }

    fn known(&self) -> MutexGuard<'_, Prepared> {
        self.prepared.lock().unwrap_or_else(PoisonError::into_inner)
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
