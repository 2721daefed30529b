//! What the old sessions of a refresh had prepared: a fresh one is told it before anybody uses it, so that no user waits
//! until Postgres has parsed his statement again.

use sabai_wire::link::{Link, Statement};
use tokio::time::Instant;

use crate::db::Duty;

/// By duty, since intake and work run different statements.
#[derive(Default)]
pub(super) struct Statements(Vec<(Duty, &'static Statement)>);

impl Statements {
    /// Learns what `old` was used for.
    pub(super) fn learn(&mut self, duty: Duty, old: &Link) {
        for statement in old.statements() {
            let known = |(of, known): &(Duty, &'static Statement)| {
                *of == duty && known.name == statement.name
            };
            if !self.0.iter().any(known) {
                self.0.push((duty, statement));
            }
        }
    }

    /// Prepares what is known for `duty`. Where it cannot be prepared whoever uses it finds out, as on any other link.
    pub(super) async fn prepare(&self, duty: Duty, fresh: &Link, deadline: Instant) {
        let known = self.0.iter().filter(|(of, _)| *of == duty);
        let known: Vec<_> = known.map(|(_, statement)| *statement).collect();
        if let Err(error) = fresh.prepare(&known, deadline).await {
            tracing::debug!(fault = %error.fault, "a fresh session could not prepare a statement: {error}");
        }
    }
}
