//! A link in somebody's hands. Whatever happens to its user, it comes back or is closed, never lent dirty.

use std::sync::Arc;

use sabai_wire::fault::Class;
use sabai_wire::link::{End, Link, SessionFacts, Statement, StatementError};
use tokio::time::Instant;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::rest::Life;
use super::{Shared, Why};

const CHECK: Statement = Statement {
    name: "pool.check",
    sql: "/* pool.check */ select 1",
};

/// A lent link. Dropping it gives it back.
pub struct Lent {
    /// `None` only while it is being given back.
    link: Option<Link>,
    life: Life,
    /// A statement was begun and not seen to its end: nobody else may have this link.
    dirty: bool,
    /// It is not to be lent again.
    retired: Option<Why>,
    pool: Arc<Shared>,
}

impl Lent {
    pub(super) fn new(link: Link, life: Life, pool: Arc<Shared>) -> Self {
        Self {
            link: Some(link),
            life,
            dirty: false,
            retired: None,
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

    /// Notes that it goes from one user to the next without resting.
    pub(super) fn counted(&self) {
        self.pool.closer.roll.lent_again(self.life.id);
    }

    pub(super) fn end(&self) -> Option<End> {
        self.link().end()
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
        if let Err(error) = &outcome {
            self.pool.metrics.fault(error.fault.as_str());
        }
        self.judge(outcome.as_ref().err());
        self.pool
            .metrics
            .statement(statement.name, started.elapsed());
        outcome
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
        self.judge(outcome.as_ref().err());
        outcome
    }

    /// What a statement's outcome says about this link, and about those that were there before.
    fn judge(&mut self, error: Option<&StatementError>) {
        let Some(error) = error else {
            self.dirty = false;
            return self.pool.counters.answered();
        };
        self.dirty = !error.fault.keeps_session();
        if matches!(error.class(), Class::Severed | Class::Silent) {
            self.retired = Some(Why::Lost(error.fault));
        }
        match self.end() {
            // We did it: nothing is wrong with the others.
            Some(End::Cut(_)) => {
                self.retired = Some(Why::Recycle);
                self.pool.counters.cut();
            }
            _ => self.pool.met(error.fault),
        }
    }

    /// Itself, if the server answers on it before `limit`.
    pub(super) async fn checked(mut self, limit: Instant) -> Option<Self> {
        match self.query(&CHECK, &[], limit).await {
            Ok(_) => Some(self),
            Err(error) => {
                tracing::debug!(fault = %error.fault, "an idle link was dead; its elders are suspect");
                self.retire(Why::Lost(error.fault));
                None
            }
        }
    }

    /// Closes the link instead of giving it back.
    pub(super) fn retire(mut self, why: Why) {
        self.retired = Some(why);
    }

    /// Takes the link out, for who does the bookkeeping himself.
    pub(super) fn dissolve(mut self) -> (Link, Life) {
        let link = self
            .link
            .take()
            .expect("a lent link is there until it is given back");
        (link, self.life)
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let Some(link) = self.link.take() else { return };
        let dirty = self
            .dirty
            .then(|| super::give_back::unquiet(&link).unwrap_or(Why::Dirty));
        self.pool.come_back(link, self.life, self.retired.or(dirty));
    }
}
