//! The statements of the queue: claim, take over, count, read, clear, release, renew, defer.
//!
//! Each takes many lanes at once and locks them in order. What breaks without each clause: `docs/queue.md`.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use sabai_wire::link::{Statement, StatementError};
use tokio::time::Instant;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::{Begun, Part, Person, Work};
use crate::db::pool::Lent;
use crate::event::Event;
use crate::event::key::EventKey;
use crate::trace::TraceId;

const CLAIM: Statement = Statement {
    name: "queue.claim",
    sql: include_str!("claim.sql"),
};
const TAKE_OVER: Statement = Statement {
    name: "queue.take_over",
    sql: include_str!("take_over.sql"),
};
const COUNT: Statement = Statement {
    name: "queue.count",
    sql: include_str!("count.sql"),
};
const READ: Statement = Statement {
    name: "queue.read",
    sql: include_str!("read.sql"),
};
const PEOPLE: Statement = Statement {
    name: "queue.people",
    sql: include_str!("people.sql"),
};
const CLEAR: Statement = Statement {
    name: "queue.clear",
    sql: include_str!("clear.sql"),
};
const RELEASE: Statement = Statement {
    name: "queue.release",
    sql: include_str!("release.sql"),
};
const RENEW: Statement = Statement {
    name: "queue.renew",
    sql: include_str!("renew.sql"),
};
const DEFER: Statement = Statement {
    name: "queue.defer",
    sql: include_str!("defer.sql"),
};
const DISOWN: Statement = Statement {
    name: "queue.disown",
    sql: include_str!("disown.sql"),
};
const DEPTH: Statement = Statement {
    name: "queue.depth",
    sql: include_str!("depth.sql"),
};

/// Events of one lane in memory at a time. An outage, or one eager customer, leaves thousands in a lane, and a process
/// holds up to a thousand lanes.
const MOST_READ: i64 = 8;

/// Who claims, and for how long.
#[derive(Clone, Copy, Debug)]
pub struct Claim {
    /// Fresh for each claim.
    pub token: Uuid,
    /// This process.
    pub owner: Uuid,
    /// Length of the lease.
    pub lease: Duration,
    /// Lanes at most.
    pub most: i64,
}

/// A lane and the token that holds it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    /// The lane.
    pub lane: Arc<str>,
    /// The token.
    pub token: Uuid,
}

/// Giving a lane back.
#[derive(Clone, Debug)]
pub struct Defer {
    /// The lane and our token.
    pub key: Key,
    /// When it is due again.
    pub delay: Duration,
    /// Take the attempt back that was counted on this event: the fault was not its own.
    pub refund: Option<i64>,
}

/// Claims lanes that are free and due.
pub async fn claim(
    link: &mut Lent,
    claim: Claim,
    deadline: Instant,
) -> Result<Vec<String>, StatementError> {
    let rows = link
        .query(
            &CLAIM,
            &[
                &claim.token,
                &claim.owner,
                &millis(claim.lease),
                &claim.most,
            ],
            deadline,
        )
        .await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// Claims lanes whose lease ran out, and those of `former` owners whatever their lease.
pub async fn take_over(
    link: &mut Lent,
    claim: Claim,
    former: &[Uuid],
    deadline: Instant,
) -> Result<Vec<String>, StatementError> {
    let lease = millis(claim.lease);
    let rows = link
        .query(
            &TAKE_OVER,
            &[&claim.token, &claim.owner, &lease, &claim.most, &former],
            deadline,
        )
        .await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// Counts one attempt on the first event of each claimed lane.
pub async fn count(
    link: &mut Lent,
    lanes: &[String],
    token: Uuid,
    deadline: Instant,
) -> Result<(), StatementError> {
    link.query(&COUNT, &[&lanes, &token], deadline)
        .await
        .map(drop)
}

/// Reads the first unsettled events of lanes, each lane's in the order of work.
pub async fn read(
    link: &mut Lent,
    lanes: &[impl ToSql + Sync],
    deadline: Instant,
) -> Result<HashMap<String, Part>, StatementError> {
    let rows = link.query(&READ, &[&lanes, &MOST_READ], deadline).await?;
    let mut found: HashMap<String, Part> = HashMap::with_capacity(lanes.len());
    for row in &rows {
        let part = found.entry(row.get("lane")).or_default();
        part.events.push_back(work(row));
        part.more = part.events.len() as i64 >= MOST_READ;
    }
    let events = found.values().flat_map(|part| &part.events);
    let users: Vec<&str> = events.filter_map(Work::user_id).collect();
    if users.is_empty() {
        return Ok(found);
    }
    let people: HashMap<String, Person> = link
        .query(&PEOPLE, &[&users], deadline)
        .await?
        .iter()
        .map(|row| (row.get("user_id"), person(row)))
        .collect();
    for work in found.values_mut().flat_map(|part| &mut part.events) {
        if let Some(person) = work.user_id().and_then(|user| people.get(user)) {
            work.person = person.clone();
        }
    }
    Ok(found)
}

/// Clears the news flag of lanes; those that are not among the answers are lost.
pub async fn clear(
    link: &mut Lent,
    keys: &[&Key],
    deadline: Instant,
) -> Result<HashSet<Key>, StatementError> {
    let (lanes, tokens) = columns(keys);
    let rows = link.query(&CLEAR, &[&lanes, &tokens], deadline).await?;
    Ok(rows.iter().map(key).collect())
}

/// Ends lanes in which nothing is left; those that are not among the answers have news again, or are lost.
pub async fn release(
    link: &mut Lent,
    keys: &[&Key],
    deadline: Instant,
) -> Result<HashSet<Key>, StatementError> {
    let (lanes, tokens) = columns(keys);
    let rows = link.query(&RELEASE, &[&lanes, &tokens], deadline).await?;
    Ok(rows.iter().map(key).collect())
}

/// Prolongs leases; lanes that are not among the answers are lost.
pub async fn renew(
    link: &mut Lent,
    keys: &[&Key],
    lease: Duration,
    deadline: Instant,
) -> Result<HashSet<Key>, StatementError> {
    let (lanes, tokens) = columns(keys);
    let rows = link
        .query(&RENEW, &[&lanes, &tokens, &millis(lease)], deadline)
        .await?;
    Ok(rows.iter().map(key).collect())
}

/// Gives lanes back. Those that are lost by now are left alone.
pub async fn defer(
    link: &mut Lent,
    defers: &[&Defer],
    deadline: Instant,
) -> Result<(), StatementError> {
    let keys: Vec<&Key> = defers.iter().map(|one| &one.key).collect();
    let (lanes, tokens) = columns(&keys);
    let delays: Vec<i32> = defers.iter().map(|one| millis(one.delay)).collect();
    let events: Vec<i64> = defers
        .iter()
        .map(|one| one.refund.unwrap_or_default())
        .collect();
    let refunds: Vec<bool> = defers.iter().map(|one| one.refund.is_some()).collect();
    link.query(
        &DEFER,
        &[&lanes, &tokens, &delays, &events, &refunds],
        deadline,
    )
    .await
    .map(drop)
}

/// Frees lanes that were won under tokens which nobody works under; `counted` are those of them under which an attempt
/// was counted.
pub async fn disown(
    link: &mut Lent,
    tokens: &[Uuid],
    counted: &[Uuid],
    deadline: Instant,
) -> Result<(), StatementError> {
    let done = link.query(&DISOWN, &[&tokens, &counted], deadline).await;
    done.map(drop)
}

/// The backlog, for the metrics.
#[derive(Clone, Copy, Debug)]
pub struct Depth {
    /// Unsettled events.
    pub events: i64,
    /// When the oldest of them came.
    pub oldest: Option<SystemTime>,
    /// Dead letters.
    pub dead_letters: i64,
    /// Turns with outcome `unknown`.
    pub unknowns: i64,
}

/// Counts the backlog.
pub async fn depth(link: &mut Lent, deadline: Instant) -> Result<Depth, StatementError> {
    let rows = link.query(&DEPTH, &[], deadline).await?;
    let row = &rows[0];
    Ok(Depth {
        events: row.get(0),
        oldest: row.get(1),
        dead_letters: row.get(2),
        unknowns: row.get(3),
    })
}

fn key(row: &Row) -> Key {
    Key {
        lane: row.get::<_, &str>("lane").into(),
        token: row.get("token"),
    }
}

fn work(row: &Row) -> Work {
    let destination: Option<&str> = row.get("destination");
    let key = EventKey::from_bytes(row.get::<_, &[u8]>("key").try_into().unwrap_or_default());
    let amended: bool = row.get("amended");
    let outbox = row.get::<_, Option<&str>>("state").map(|state| Begun {
        pushing: state == "pushing",
        payload: row.get("payload"),
        reply_attempts: row.get("reply_attempts"),
        accepted_at: row.get("accepted_at"),
    });
    Work {
        id: row.get("id"),
        key,
        event: Event::read(row.get("body"), destination, row.get("received_at")).ok(),
        attempts: row.get("attempts"),
        occurred_at: row.get("occurred_at"),
        trace: trace(row),
        amended: amended.then(|| row.get("amended_text")),
        person: Person::default(),
        outbox,
    }
}

fn trace(row: &Row) -> TraceId {
    let bytes = row
        .get::<_, Option<&[u8]>>("trace")
        .and_then(|bytes| bytes.try_into().ok());
    TraceId::from_bytes(bytes.unwrap_or_default())
}

fn person(row: &Row) -> Person {
    Person {
        stored_language: row.get("stored_language"),
        profile_language: row.get("profile_language"),
        fetched_at: row.get("fetched_at"),
    }
}

fn columns<'a>(keys: &[&'a Key]) -> (Vec<&'a str>, Vec<Uuid>) {
    keys.iter().map(|key| (&*key.lane, key.token)).unzip()
}

fn millis(duration: Duration) -> i32 {
    i32::try_from(duration.as_millis()).unwrap_or(i32::MAX)
}
