//! The statements about dead letters.

use std::time::{Duration, SystemTime};

use sabai_daemon::exit::Failure;
use sabai_wire::link::Statement;
use tokio_postgres::Row;

use crate::commands::database::Database;

const FIND: Statement = Statement {
    name: "dead_letters.find",
    sql: include_str!("find.sql"),
};
const IDS: Statement = Statement {
    name: "dead_letters.ids",
    sql: include_str!("ids.sql"),
};
const WAITING: Statement = Statement {
    name: "dead_letters.waiting",
    sql: include_str!("waiting.sql"),
};
const DROP: Statement = Statement {
    name: "dead_letters.drop",
    sql: include_str!("drop.sql"),
};
const LOCK_LANES: Statement = Statement {
    name: "dead_letters.lock_lanes",
    sql: include_str!("lock_lanes.sql"),
};
const LOCK_TURNS: Statement = Statement {
    name: "dead_letters.lock_turns",
    sql: include_str!("lock_turns.sql"),
};
const LOCK: Statement = Statement {
    name: "dead_letters.lock",
    sql: include_str!("lock.sql"),
};
const REQUEUE: Statement = Statement {
    name: "dead_letters.requeue",
    sql: include_str!("requeue.sql"),
};
/// Intake's own, for the same reason: what was taken back or edited meanwhile is so in the event too.
const AMEND: Statement = Statement {
    name: "intake.amend_event",
    sql: include_str!("../../intake/amend_event.sql"),
};

/// Locks are waited for this long, and a command that stands still keeps nobody for longer.
const BEGIN: &str =
    "begin; set local lock_timeout = '5s'; set local idle_in_transaction_session_timeout = '5s'";

/// Which dead letters.
#[derive(Clone, Debug, Default)]
pub(super) struct Filter {
    pub(super) ids: Option<Vec<i64>>,
    pub(super) reason: Option<String>,
    pub(super) older_than: Option<Duration>,
}

/// An event that could not be worked.
#[derive(Clone, Debug)]
pub(super) struct DeadLetter {
    pub(super) id: i64,
    pub(super) reason: String,
    pub(super) detail: Option<String>,
    pub(super) attempts: i16,
    pub(super) occurred_at: SystemTime,
    pub(super) received_at: SystemTime,
    pub(super) dead_at: SystemTime,
    pub(super) trace: Option<Vec<u8>>,
    /// Of the event.
    pub(super) bytes: i32,
    pub(super) kind: Option<String>,
    pub(super) has_lane: bool,
    pub(super) unsent: bool,
    /// When an answer was begun.
    pub(super) begun_at: Option<SystemTime>,
    pub(super) accepted_at: Option<SystemTime>,
    pub(super) sent_by: Option<String>,
    pub(super) in_outbox: bool,
    /// What is shown only when asked for.
    pub(super) private: Private,
}

/// Customers' texts and ids.
#[derive(Clone, Debug, Default)]
pub(super) struct Private {
    pub(super) lane: Option<String>,
    pub(super) destination: Option<String>,
    pub(super) message_id: Option<String>,
    pub(super) user_id: Option<String>,
    pub(super) body: Option<Vec<u8>>,
}

pub(super) async fn find(
    database: &Database,
    filter: &Filter,
    limit: Option<i64>,
    text: bool,
) -> Result<Vec<DeadLetter>, Failure> {
    let older_than = filter.older_than.map(|age| age.as_secs_f64());
    let rows = database
        .query(
            &FIND,
            &[&filter.ids, &filter.reason, &older_than, &limit, &text],
        )
        .await?;
    Ok(rows.iter().map(dead_letter).collect())
}

/// The ids of all that the filter chooses; its own ids are not looked at.
pub(super) async fn ids(database: &Database, filter: &Filter) -> Result<Vec<i64>, Failure> {
    let older_than = filter.older_than.map(|age| age.as_secs_f64());
    let rows = database.query(&IDS, &[&filter.reason, &older_than]).await?;
    Ok(rows.iter().map(|row| row.get("id")).collect())
}

/// Those that wait to be worked.
pub(super) async fn waiting(database: &Database, ids: &[i64]) -> Result<Vec<i64>, Failure> {
    let rows = database.query(&WAITING, &[&ids]).await?;
    Ok(rows.iter().map(|row| row.get("id")).collect())
}

/// Deletes them for good; says which there were.
pub(super) async fn drop(database: &Database, ids: &[i64]) -> Result<Vec<i64>, Failure> {
    let rows = database.query(&DROP, &[&ids]).await?;
    Ok(rows.iter().map(|row| row.get("id")).collect())
}

/// Makes those of `ids` workable again that `may_be` says so of, as they stand under the locks. Locks are taken in the
/// order of all statements: lane, event, outbox, turn, and the dead letter last.
pub(super) async fn requeue(
    database: &Database,
    ids: &[i64],
    may_be: impl Fn(&DeadLetter) -> bool,
) -> Result<Vec<i64>, Failure> {
    database.batch("dead_letters.begin", BEGIN).await?;
    database.query(&LOCK_LANES, &[&ids]).await?;
    database.query(&LOCK_TURNS, &[&ids]).await?;
    database.query(&LOCK, &[&ids]).await?;
    let filter = Filter {
        ids: Some(ids.to_vec()),
        ..Filter::default()
    };
    // A new statement, so that it sees what was committed until the locks were had.
    let found = find(database, &filter, None, false).await?;
    let fit = found.iter().filter(|one| may_be(one));
    let fit: Vec<i64> = fit.map(|one| one.id).collect();
    let rows = database.query(&REQUEUE, &[&fit]).await?;
    database.batch("dead_letters.commit", "commit").await?;
    let lanes: Vec<String> = rows.iter().map(|row| row.get("lane")).collect();
    let messages: Vec<Option<String>> = rows.iter().map(|row| row.get("message_id")).collect();
    let messages: Vec<String> = messages.into_iter().flatten().collect();
    database.query(&AMEND, &[&lanes, &messages]).await?;
    Ok(rows.iter().map(|row| row.get("id")).collect())
}

fn dead_letter(row: &Row) -> DeadLetter {
    DeadLetter {
        id: row.get("id"),
        reason: row.get("reason"),
        detail: row.get("detail"),
        attempts: row.get("attempts"),
        occurred_at: row.get("occurred_at"),
        received_at: row.get("received_at"),
        dead_at: row.get("dead_at"),
        trace: row.get("trace"),
        bytes: row.get("bytes"),
        kind: row.get("kind"),
        has_lane: row.get("has_lane"),
        unsent: row.get("unsent"),
        begun_at: row.get("begun_at"),
        accepted_at: row.get("accepted_at"),
        sent_by: row.get("sent_by"),
        in_outbox: row.get("in_outbox"),
        private: Private {
            lane: row.get("lane"),
            destination: row.get("destination"),
            message_id: row.get("message_id"),
            user_id: row.get("user_id"),
            body: row.get("body"),
        },
    }
}
