//! A link in somebody's hands. Whatever happens to its user, it comes back or is closed, never lent dirty.

use std::sync::Arc;

use sabai_wire::link::{Link, SessionFacts, Statement, StatementError};
use tokio::time::Instant;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::Shared;

/// A lent link. Dropping it gives it back.
pub struct Lent {
    /// `None` only while it is being given back.
    link: Option<Link>,
    /// A statement was begun and not seen to its end: nobody else may have this link.
    dirty: bool,
    expires: Instant,
    pool: Arc<Shared>,
}

impl Lent {
    pub(super) fn new(link: Link, expires: Instant, pool: Arc<Shared>) -> Self {
        Self {
            link: Some(link),
            dirty: false,
            expires,
            pool,
        }
    }

    fn link(&self) -> &Link {
        self.link
            .as_ref()
            .expect("a lent link is there until it is given back")
    }

    /// What is known about the session.
    pub fn facts(&self) -> &SessionFacts {
        self.link().facts()
    }

    /// Whether it could be lent again: quiet, alive, nothing begun on it.
    pub(super) fn is_fit(&self) -> bool {
        !self.dirty && self.link().is_quiet()
    }

    /// Runs a statement, at most until `deadline` and the settings' own limit.
    ///
    /// # Errors
    /// What Postgres said, or why the link ended.
    pub async fn query(
        &mut self,
        statement: &'static Statement,
        params: &[&(dyn ToSql + Sync)],
        deadline: Instant,
    ) -> Result<Vec<Row>, StatementError> {
        let started = Instant::now();
        let limit = started + self.pool.connector.settings().statement_timeout();
        // Set before and cleared after: a cancelled future leaves it set.
        self.dirty = true;
        let outcome = self
            .link()
            .query(statement, params, deadline.min(limit))
            .await;
        match &outcome {
            Ok(_) => self.dirty = false,
            Err(error) => {
                self.dirty = !error.fault.keeps_session();
                self.pool.metrics.fault(error.fault.as_str());
            }
        }
        self.pool
            .metrics
            .statement(statement.name, started.elapsed());
        outcome
    }

    /// Closes the link instead of giving it back.
    pub(super) fn retire(mut self) {
        self.dirty = true;
    }

    /// Runs a script of several statements.
    ///
    /// # Errors
    /// As [`Lent::query`].
    pub async fn batch(
        &mut self,
        name: &'static str,
        sql: &str,
        deadline: Instant,
    ) -> Result<(), StatementError> {
        self.dirty = true;
        let outcome = self.link().batch(name, sql, deadline).await;
        self.dirty = outcome
            .as_ref()
            .is_err_and(|error| !error.fault.keeps_session());
        outcome
    }

    /// Takes the link out, for who does the bookkeeping himself.
    pub(super) fn dissolve(mut self) -> (Link, Instant) {
        let link = self
            .link
            .take()
            .expect("a lent link is there until it is given back");
        (link, self.expires)
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let Some(link) = self.link.take() else { return };
        if !self.dirty && link.is_quiet() && Instant::now() < self.expires {
            self.pool.give_back(link, self.expires);
        } else {
            self.pool.close(link);
        }
    }
}
