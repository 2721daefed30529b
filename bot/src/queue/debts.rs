//! What Postgres does not know yet: acceptances that could not be written, lanes that could not be given back.
//!
//! Kept in memory and paid first when Postgres is back, before anything is claimed. Bounded: what does not
//! fit ends as `unknown`, or when its lease runs out.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sabai_wire::fault::Fault;
use tokio::time::Instant;
use uuid::Uuid;

use super::store::{self, Defer};
use crate::db::pool::Pool;
use crate::outbox::store::{Fact, write_facts};

const MOST: usize = 10_000;
const BATCH: usize = 256;
const LIMIT: Duration = Duration::from_secs(5);

/// Shared by all who work lanes.
#[derive(Debug, Default)]
pub struct Debts {
    owed: Mutex<Owed>,
    paying: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
struct Owed {
    facts: VecDeque<Fact>,
    defers: VecDeque<Defer>,
    tokens: Vec<Uuid>,
}

impl Debts {
    fn owed(&self) -> MutexGuard<'_, Owed> {
        self.owed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// LINE accepted, and it could not be written.
    pub fn owe_fact(&self, fact: Fact) {
        let mut owed = self.owed();
        if owed.facts.len() >= MOST {
            tracing::error!("too many acceptances wait for Postgres; this one ends as unknown");
            return;
        }
        owed.facts.push_back(fact);
    }

    /// A lane could not be given back.
    pub fn owe_lane(&self, defer: Defer) {
        let mut owed = self.owed();
        // Beyond that its lease runs out by itself.
        if owed.defers.len() < MOST {
            owed.defers.push_back(defer);
        }
    }

    /// A batch that may have won lanes under this token was not seen to commit.
    pub fn owe_token(&self, token: Uuid) {
        let mut owed = self.owed();
        if owed.tokens.len() < MOST {
            owed.tokens.push(token);
        }
    }

    /// Whether nothing is owed.
    pub fn is_empty(&self) -> bool {
        let owed = self.owed();
        owed.facts.is_empty() && owed.defers.is_empty() && owed.tokens.is_empty()
    }

    /// Pays what is owed, facts first: who takes a lane next must find them.
    ///
    /// # Errors
    /// The fault that stopped it; the rest is still owed.
    pub async fn pay(&self, pool: &Pool) -> Result<(), Fault> {
        // A stop pays too, maybe while a round of the claimer does: what is struck off must be what was paid.
        let _alone = self.paying.lock().await;
        while !self.is_empty() {
            let deadline = Instant::now() + LIMIT;
            let mut link = pool.acquire(deadline).await.map_err(|error| error.fault)?;
            let facts: Vec<Fact> = self.owed().facts.iter().take(BATCH).cloned().collect();
            if !facts.is_empty() {
                write_facts(&mut link, &facts, deadline)
                    .await
                    .map_err(|error| error.fault)?;
                self.owed().facts.drain(..facts.len());
                continue;
            }
            let tokens = self.owed().tokens.clone();
            if !tokens.is_empty() {
                store::disown(&mut link, &tokens, deadline)
                    .await
                    .map_err(|error| error.fault)?;
                self.owed().tokens.drain(..tokens.len());
                continue;
            }
            let defers: Vec<Defer> = self.owed().defers.iter().take(BATCH).cloned().collect();
            let refs: Vec<&Defer> = defers.iter().collect();
            store::defer(&mut link, &refs, deadline)
                .await
                .map_err(|error| error.fault)?;
            self.owed().defers.drain(..defers.len());
        }
        Ok(())
    }
}
