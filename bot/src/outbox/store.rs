//! The statements of the outbox.

use std::time::SystemTime;

use sabai_wire::fault::Fault;
use sabai_wire::link::{Statement, StatementError};
use tokio::time::Instant;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use crate::db::group::Batch;
use crate::db::pool::{Lent, Pool};
use crate::queue::store::Key;
use crate::queue::told::told;

const BEGIN: Statement = Statement {
    name: "outbox.begin",
    sql: include_str!("begin.sql"),
};
const COUNT: Statement = Statement {
    name: "outbox.count",
    sql: include_str!("count.sql"),
};
const UNCOUNT: Statement = Statement {
    name: "outbox.uncount",
    sql: include_str!("uncount.sql"),
};
const PUSH: Statement = Statement {
    name: "outbox.push",
    sql: include_str!("push.sql"),
};
const FACT: Statement = Statement {
    name: "outbox.fact",
    sql: include_str!("fact.sql"),
};
const CORRECT: Statement = Statement {
    name: "outbox.correct",
    sql: include_str!("correct.sql"),
};
const KNOWN: Statement = Statement {
    name: "outbox.known",
    sql: include_str!("known.sql"),
};

/// An answer about to be sent for the first time.
#[derive(Debug)]
pub struct Begin {
    /// The event.
    pub event: i64,
    /// Its lane and our token.
    pub key: Key,
    /// The message it answers, if it is one: it may have been taken back.
    pub message_id: Option<String>,
    /// The messages, a JSON array.
    pub payload: String,
    /// The rule that gave them.
    pub rule: String,
    /// Their language.
    pub language: &'static str,
    /// The customer chose this language.
    pub set_language: Option<&'static str>,
}

/// Whether the row is there and the first call counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Began {
    /// Go on: send.
    Yes,
    /// The lane has news: an earlier event may have come.
    News,
    /// The customer took the message back.
    Unsent,
    /// The lane is lost, or another holder has begun this event.
    Lost,
}

/// Creates rows, many at a time.
pub struct BeginBatch;

impl Batch for BeginBatch {
    type Item = Begin;
    type Out = Began;

    async fn run(
        &self,
        link: &mut Lent,
        items: &[&Begin],
        deadline: Instant,
    ) -> Result<Vec<Began>, StatementError> {
        let events: Vec<i64> = items.iter().map(|one| one.event).collect();
        let lanes: Vec<&str> = items.iter().map(|one| &*one.key.lane).collect();
        let tokens: Vec<Uuid> = items.iter().map(|one| one.key.token).collect();
        let messages: Vec<Option<&str>> =
            items.iter().map(|one| one.message_id.as_deref()).collect();
        let payloads: Vec<&str> = items.iter().map(|one| one.payload.as_str()).collect();
        let rules: Vec<&str> = items.iter().map(|one| one.rule.as_str()).collect();
        let languages: Vec<&str> = items.iter().map(|one| one.language).collect();
        let chosen: Vec<Option<&str>> = items.iter().map(|one| one.set_language).collect();
        let params: [&(dyn ToSql + Sync); 8] = [
            &events, &lanes, &tokens, &messages, &payloads, &rules, &languages, &chosen,
        ];
        let rows = link.query(&BEGIN, &params, deadline).await?;
        let holders = items.iter().map(|one| (one.event, &one.key));
        Ok(told(holders, &rows, Began::Lost, began))
    }
}

fn began(row: &Row) -> Began {
    match (
        row.get("begun"),
        row.get("held"),
        row.get("dirty"),
        row.get("unsent"),
    ) {
        (true, ..) => Began::Yes,
        (_, true, true, _) => Began::News,
        (_, true, _, true) => Began::Unsent,
        _ => Began::Lost,
    }
}

/// What came of the step to a push.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PushStep {
    /// Push.
    Taken,
    /// The month's budget is spent.
    BudgetSpent,
    /// Not allowed: the lane is lost, or something was accepted, or another call was counted.
    Refused,
}

/// A fact to be written: LINE accepted.
#[derive(Clone, Debug)]
pub struct Fact {
    /// The event.
    pub event: i64,
    /// When we learned it.
    pub accepted_at: SystemTime,
    /// LINE's id of the call.
    pub request_id: Option<String>,
    /// `reply` or `push`.
    pub sent_by: &'static str,
}

/// The statements that are about one event.
#[derive(Clone)]
pub struct Outbox {
    pool: Pool,
}

impl Outbox {
    /// Uses links of `pool`, each statement at most its acquire timeout.
    pub fn new(pool: Pool) -> Self {
        Self { pool }
    }

    async fn link(&self) -> Result<(Lent, Instant), Fault> {
        let deadline = Instant::now() + self.pool.settings().acquire_timeout();
        let link = self
            .pool
            .acquire(deadline)
            .await
            .map_err(|error| error.fault)?;
        Ok((link, deadline))
    }

    /// Counts one more reply call; `None` when the lane is lost or the row is past replying.
    ///
    /// Not tried again after an unknown outcome: counting twice is safe, but it costs the push.
    pub async fn count(&self, event: i64, key: &Key) -> Result<Option<i16>, Fault> {
        let (mut link, deadline) = self.link().await?;
        let rows = link
            .query(&COUNT, &[&event, &&*key.lane, &key.token], deadline)
            .await
            .map_err(|e| e.fault)?;
        Ok(rows.first().map(|row| row.get(0)))
    }

    /// Takes the `attempts`-th count back: that call never reached LINE.
    pub async fn take_back(&self, event: i64, key: &Key, attempts: i16) -> Result<(), Fault> {
        let (mut link, deadline) = self.link().await?;
        link.query(&UNCOUNT, &[&event, &key.token, &attempts], deadline)
            .await
            .map_err(|e| e.fault)
            .map(drop)
    }

    /// The fenced step from reply to push.
    pub async fn push(
        &self,
        event: i64,
        key: &Key,
        budget: Option<i32>,
    ) -> Result<PushStep, Fault> {
        let (mut link, deadline) = self.link().await?;
        let params: [&(dyn ToSql + Sync); 4] = [&event, &&*key.lane, &key.token, &budget];
        let rows = link
            .query(&PUSH, &params, deadline)
            .await
            .map_err(|error| error.fault)?;
        Ok(
            match rows.first().map(|row| (row.get("fit"), row.get("pushed"))) {
                Some((_, true)) => {
                    warn_of_budget(rows[0].get("pushes"), budget);
                    PushStep::Taken
                }
                Some((true, false)) => PushStep::BudgetSpent,
                _ => PushStep::Refused,
            },
        )
    }

    /// When LINE accepted, if somebody has written it down.
    pub async fn known(&self, event: i64) -> Result<Option<Fact>, Fault> {
        let (mut link, deadline) = self.link().await?;
        let rows = link
            .query(&KNOWN, &[&event], deadline)
            .await
            .map_err(|error| error.fault)?;
        Ok(rows.first().and_then(|row| {
            let accepted_at: Option<SystemTime> = row.get("accepted_at");
            let sent_by = if row.get::<_, &str>("state") == "pushing" {
                "push"
            } else {
                "reply"
            };
            accepted_at.map(|accepted_at| Fact {
                event,
                accepted_at,
                request_id: row.get("request_id"),
                sent_by,
            })
        }))
    }
}

/// Once, when the push that reaches four fifths of the month's budget is made.
fn warn_of_budget(pushes: Option<i32>, budget: Option<i32>) {
    if let (Some(pushes), Some(budget)) = (pushes, budget)
        && pushes == budget - budget / 5
    {
        tracing::warn!(
            pushes,
            budget,
            "four fifths of SABAI_PUSH_MONTHLY_BUDGET are used"
        );
    }
}

/// Writes facts, fence or no fence.
pub async fn write_facts(
    link: &mut Lent,
    facts: &[Fact],
    deadline: Instant,
) -> Result<(), StatementError> {
    let events: Vec<i64> = facts.iter().map(|fact| fact.event).collect();
    let times: Vec<SystemTime> = facts.iter().map(|fact| fact.accepted_at).collect();
    let ids: Vec<Option<&str>> = facts
        .iter()
        .map(|fact| fact.request_id.as_deref())
        .collect();
    let by: Vec<&str> = facts.iter().map(|fact| fact.sent_by).collect();
    link.query(&FACT, &[&events, &times, &ids], deadline)
        .await?;
    link.query(&CORRECT, &[&events, &times, &ids, &by], deadline)
        .await
        .map(drop)
}
