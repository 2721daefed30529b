//! What Postgres does not know yet: acceptances that could not be written, lanes that could not be given back.
//!
//! Kept in memory and paid first when Postgres is back, before anything is claimed. An acceptance is also kept on a
//! spool of its own, so that it survives the process; lost with the pod, it ends as `unknown`. Bounded: what does not
//! fit ends as `unknown`, or when its lease runs out.

use std::collections::VecDeque;
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sabai_wire::fault::Fault;
use tokio::time::Instant;
use uuid::Uuid;

use super::store::{self, Defer};
use crate::db::pool::Pool;
use crate::outbox::store::{Fact, write_facts};
use crate::spool::{Record, RecordId, SentBy, Spool, SpooledOutcome, Ticket};

const MOST: usize = 10_000;
const BATCH: usize = 256;
const LIMIT: Duration = Duration::from_secs(5);

/// Shared by all who work lanes.
#[derive(Debug, Default)]
pub struct Debts {
    owed: Mutex<Owed>,
    paying: tokio::sync::Mutex<()>,
    /// Where acceptances outlive the process; `None` without a folder for them.
    outcomes: Option<Spool>,
}

#[derive(Debug, Default)]
struct Owed {
    facts: VecDeque<OwedFact>,
    defers: VecDeque<Defer>,
    tokens: Vec<OwedToken>,
}

/// Lanes may be held under it, and nobody works them.
#[derive(Clone, Copy, Debug)]
struct OwedToken {
    token: Uuid,
    /// An attempt was counted with it, maybe.
    counted: bool,
}

#[derive(Debug)]
struct OwedFact {
    fact: Fact,
    kept: Kept,
}

/// Where an acceptance is on the spool.
#[derive(Debug, Default)]
pub enum Kept {
    /// It is not.
    #[default]
    No,
    /// It will be, or not: nobody waits for it.
    OnItsWay(Ticket),
    /// It is there.
    Yes(RecordId),
}

impl Debts {
    /// With what former lives of the process still owe.
    ///
    /// # Errors
    /// When the spool cannot be read.
    pub async fn with_spool(outcomes: Spool) -> io::Result<Self> {
        let mut facts = VecDeque::new();
        for (id, record) in outcomes.read(None, MOST, usize::MAX).await? {
            if let Record::Outcome(outcome) = record {
                let (fact, kept) = (fact(outcome), Kept::Yes(id));
                facts.push_back(OwedFact { fact, kept });
            }
        }
        if !facts.is_empty() {
            tracing::info!(
                acceptances = facts.len(),
                "the spool holds what LINE accepted in an earlier life"
            );
        }
        Ok(Self {
            owed: Mutex::new(Owed {
                facts,
                ..Owed::default()
            }),
            outcomes: Some(outcomes),
            ..Self::default()
        })
    }

    fn owed(&self) -> MutexGuard<'_, Owed> {
        self.owed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps an acceptance on the spool while somebody still tries to write it: a kill meanwhile forgets nothing.
    pub fn keep(&self, fact: &Fact) -> Kept {
        match &self.outcomes {
            Some(spool) => Kept::OnItsWay(spool.append(Record::Outcome(outcome(fact)))),
            None => Kept::No,
        }
    }

    /// LINE accepted, and it could not be written.
    pub fn owe_fact(&self, fact: Fact, kept: Kept) {
        let mut owed = self.owed();
        if owed.facts.len() >= MOST {
            tracing::error!("too many acceptances wait for Postgres; this one ends as unknown");
            return;
        }
        let kept = match kept {
            Kept::No => self.keep(&fact),
            kept => kept,
        };
        owed.facts.push_back(OwedFact { fact, kept });
    }

    /// A lane could not be given back.
    pub fn owe_lane(&self, defer: Defer) {
        let mut owed = self.owed();
        // Beyond that its lease runs out by itself.
        if owed.defers.len() < MOST {
            owed.defers.push_back(defer);
        }
    }

    /// Lanes may have been won under this token, and nobody works them. `counted`: winning them counted an attempt, as a
    /// birth does and a claim whose count was sent.
    pub fn owe_token(&self, token: Uuid, counted: bool) {
        let mut owed = self.owed();
        if owed.tokens.len() < MOST {
            owed.tokens.push(OwedToken { token, counted });
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
            let facts: Vec<Fact> = self
                .owed()
                .facts
                .iter()
                .take(BATCH)
                .map(|owed| owed.fact.clone())
                .collect();
            if !facts.is_empty() {
                write_facts(&mut link, &facts, deadline)
                    .await
                    .map_err(|error| error.fault)?;
                let paid: Vec<OwedFact> = self.owed().facts.drain(..facts.len()).collect();
                self.forget(paid.into_iter().map(|owed| owed.kept).collect());
                continue;
            }
            let owed = self.owed().tokens.clone();
            if !owed.is_empty() {
                let tokens: Vec<Uuid> = owed.iter().map(|one| one.token).collect();
                let counted = owed.iter().filter(|one| one.counted);
                let counted: Vec<Uuid> = counted.map(|one| one.token).collect();
                store::disown(&mut link, &tokens, &counted, deadline)
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

    /// What is owed by now is on disk for the next life. Waits for that at most `limit`; says whether it is.
    pub async fn close(&self, limit: Duration) -> bool {
        match &self.outcomes {
            Some(spool) => spool.close(limit).await,
            None => self.is_empty(),
        }
    }

    /// Takes off the spool what Postgres knows by now.
    pub fn forget(&self, paid: Vec<Kept>) {
        let nothing = paid.iter().all(|kept| matches!(kept, Kept::No));
        let Some(spool) = self.outcomes.clone().filter(|_| !nothing) else {
            return;
        };
        tokio::spawn(async move {
            for kept in paid {
                let id = match kept {
                    Kept::Yes(id) => Some(id),
                    Kept::OnItsWay(ticket) => ticket.await.ok(),
                    Kept::No => None,
                };
                spool.remove(id.as_slice());
            }
        });
    }
}

fn outcome(fact: &Fact) -> SpooledOutcome {
    SpooledOutcome {
        event: fact.event,
        accepted_at: fact.accepted_at,
        request_id: fact.request_id.clone(),
        sent_by: if fact.sent_by == SentBy::Push.as_str() {
            SentBy::Push
        } else {
            SentBy::Reply
        },
    }
}

fn fact(outcome: SpooledOutcome) -> Fact {
    Fact {
        event: outcome.event,
        accepted_at: outcome.accepted_at,
        request_id: outcome.request_id,
        sent_by: outcome.sent_by.as_str(),
    }
}
