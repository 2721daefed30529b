//! The statements of intake.

use std::time::SystemTime;

use sabai_wire::link::{Statement, StatementError};
use tokio::time::Instant;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::doubts::Backend;
use super::rows::{Amended, Rows};
use crate::db::pool::Lent;
use crate::event::key::EventKey;
use crate::queue::Person;

const STORE: Statement = Statement {
    name: "intake.store",
    sql: concat!(
        include_str!("store/new.sql"),
        include_str!("store/settled.sql"),
        include_str!("store/lanes.sql")
    ),
};
/// The same for events that are all to be worked, as nearly all batches are: a fifth cheaper.
const STORE_WORK: Statement = Statement {
    name: "intake.store_work",
    sql: concat!(
        include_str!("store/new.sql"),
        include_str!("store/lanes.sql")
    ),
};
const WON: Statement = Statement {
    name: "intake.won",
    sql: include_str!("won.sql"),
};
const AMEND_EVENT: Statement = Statement {
    name: "intake.amend_event",
    sql: include_str!("amend_event.sql"),
};
const AMEND_TURN: Statement = Statement {
    name: "intake.amend_turn",
    sql: include_str!("amend_turn.sql"),
};

const WORKING: Statement = Statement {
    name: "intake.working",
    sql: "/* intake.working */ select pid, backend_start from pg_stat_activity \
          join unnest($1::int4[], $2::timestamptz[]) asked (pid, backend_start) using (pid, backend_start) \
          where state = 'active'",
};
const OPEN: Statement = Statement {
    name: "intake.open",
    sql: include_str!("open.sql"),
};

/// How lanes that were free are taken.
#[derive(Clone, Copy, Debug)]
pub(super) struct Birth {
    /// Fresh for each batch; `None` leaves the lanes free and due.
    pub(super) token: Option<Uuid>,
    /// This process.
    pub(super) owner: Uuid,
    /// Length of the lease.
    pub(super) lease_ms: i32,
}

/// What became of a batch.
#[derive(Default)]
pub(super) struct Stored {
    /// Events that had not been seen before.
    pub(super) news: Vec<News>,
    /// Lanes that were free and are ours now.
    pub(super) won: Vec<String>,
}

/// What became of an event that had not been seen before.
pub(super) struct News {
    pub(super) key: EventKey,
    /// Its id when it waits for an answer.
    pub(super) id: Option<i64>,
    pub(super) person: Person,
}

/// Stores a batch. Events that are not among the answers had been seen before.
pub(super) async fn store(
    link: &mut Lent,
    rows: &Rows<'_>,
    birth: Birth,
    deadline: Instant,
) -> Result<Stored, StatementError> {
    if !rows.are_all_to_be_worked(SystemTime::now()) {
        return run(&STORE, link, rows, birth, deadline).await;
    }
    let mut stored = run(&STORE_WORK, link, rows, birth, deadline).await?;
    let worked = stored.news.len();
    stored.news.retain(|one| one.id.is_some());
    if stored.news.len() < worked {
        // By Postgres's clock, far from ours, some are of days that are not kept: that statement does not store them.
        let rest = run(&STORE, link, rows, birth, deadline).await?;
        stored.news.extend(rest.news);
        stored.won.extend(rest.won);
    }
    Ok(stored)
}

async fn run(
    statement: &'static Statement,
    link: &mut Lent,
    rows: &Rows<'_>,
    birth: Birth,
    deadline: Instant,
) -> Result<Stored, StatementError> {
    let lease = birth.token.map_or(0, |_| birth.lease_ms);
    let columns: [&(dyn ToSql + Sync); 23] = [
        &rows.day_number,
        &rows.key,
        &rows.fate,
        &rows.lane,
        &rows.destination,
        &rows.message_id,
        &rows.occurred_at,
        &rows.received_at,
        &rows.ordinal,
        &rows.trace,
        &rows.body,
        &rows.attempts,
        &rows.webhook_event_id,
        &rows.user_id,
        &rows.kind,
        &rows.reason,
        &rows.unsends,
        &rows.amend_id,
        &rows.amend_text,
        &rows.user_text,
        &birth.token,
        &birth.owner,
        &lease,
    ];
    let found = link.query(statement, &columns, deadline).await?;
    let mut stored = Stored::default();
    for row in &found {
        match row.get::<_, Option<&[u8]>>("key") {
            None => stored.won.push(row.get("won_lane")),
            Some(key) => stored.news.push(News {
                key: EventKey::from_bytes(key.try_into().unwrap_or_default()),
                id: row.get("id"),
                person: Person {
                    stored_language: row.get("stored_language"),
                    profile_language: row.get("profile_language"),
                    fetched_at: row.get::<_, Option<SystemTime>>("fetched_at"),
                },
            }),
        }
    }
    Ok(stored)
}

/// The lanes that a batch with this token has won.
pub(super) async fn won(
    link: &mut Lent,
    token: Uuid,
    deadline: Instant,
) -> Result<Vec<String>, StatementError> {
    Ok(link
        .query(&WON, &[&token], deadline)
        .await?
        .iter()
        .map(|row| row.get(0))
        .collect())
}

/// Which of these backends are at work.
pub(super) async fn working(
    link: &mut Lent,
    backends: &[Backend],
    deadline: Instant,
) -> Result<Vec<Backend>, StatementError> {
    let (pids, starts): (Vec<i32>, Vec<SystemTime>) = backends.iter().copied().unzip();
    let found = link.query(&WORKING, &[&pids, &starts], deadline).await?;
    Ok(found.iter().map(|row| (row.get(0), row.get(1))).collect())
}

/// Empties or edits every text that has an amendment, wherever it is by now.
pub(super) async fn amend(
    link: &mut Lent,
    amended: &Amended,
    deadline: Instant,
) -> Result<(), StatementError> {
    link.query(&AMEND_EVENT, &[&amended.lanes, &amended.messages], deadline)
        .await?;
    link.query(&AMEND_TURN, &[&amended.messages], deadline)
        .await?;
    Ok(())
}

/// Amendments that were stored and not yet applied.
pub(super) async fn open(link: &mut Lent, deadline: Instant) -> Result<Amended, StatementError> {
    let mut amended = Amended::default();
    for row in link.query(&OPEN, &[], deadline).await? {
        amended.messages.push(row.get("message_id"));
        amended.lanes.extend(
            row.get::<_, Option<Vec<String>>>("lanes")
                .unwrap_or_default(),
        );
    }
    Ok(amended)
}
