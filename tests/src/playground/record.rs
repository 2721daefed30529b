//! What the bot saved, read as any operator could: turns, and what is not settled. Changes nothing.

use std::fmt;

use anyhow::Context;
use tokio_postgres::Row;

use super::verdict::Turn;
use crate::postgres::Session;

const TURNS: &str = "SELECT key, lane, outcome, begun_at, settled_at FROM turn ORDER BY event";
const LEFT: &str = "SELECT (SELECT count(*) FROM event), (SELECT count(*) FROM lane), (SELECT count(*) FROM outbox)";

/// Whoever looks for the cause of a delay wants to know these.
const LANES: &str = "\
SELECT format('lane %s: %s, owner %s, dirty %s, until in %s s; %s events, first with %s attempts, outbox %s', l.lane,
              CASE WHEN l.token IS NULL THEN 'free' ELSE 'held' END, coalesce(l.owner::text, 'none'), l.dirty,
              round(extract(epoch FROM l.until - clock_timestamp()), 1), count(e.id), min(e.attempts),
              coalesce(string_agg(format('%s %s calls, accepted %s', o.state, o.reply_attempts, o.accepted_at), ', ')
                       FILTER (WHERE o.event IS NOT NULL), 'none'))
FROM lane l LEFT JOIN event e USING (lane) LEFT JOIN outbox o ON o.event = e.id
GROUP BY l.lane ORDER BY l.until LIMIT 5";

/// Rows of the tables that are empty when everything is settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Left {
    events: i64,
    lanes: i64,
    outbox: i64,
}

impl Left {
    /// # Errors
    /// When Postgres does not answer.
    pub(super) async fn read(session: &Session) -> anyhow::Result<Self> {
        let row = session.query_one(LEFT, &[]).await;
        let row = row.context("count what is not settled")?;
        Ok(Self {
            events: row.get(0),
            lanes: row.get(1),
            outbox: row.get(2),
        })
    }

    pub(super) fn nothing(self) -> bool {
        (self.events, self.lanes, self.outbox) == (0, 0, 0)
    }
}

impl fmt::Display for Left {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            events,
            lanes,
            outbox,
        } = self;
        write!(
            f,
            "not settled: {events} events, {lanes} lanes, {outbox} outbox rows"
        )
    }
}

/// What the first few lanes that are not settled wait for.
///
/// # Errors
/// When Postgres does not answer.
pub(super) async fn lanes(session: &Session) -> anyhow::Result<Vec<String>> {
    let rows = session.query(LANES, &[]).await.context("read the lanes")?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// Every turn, oldest first.
///
/// # Errors
/// When Postgres does not answer.
pub(super) async fn turns(session: &Session) -> anyhow::Result<Vec<Turn>> {
    let rows = session.query(TURNS, &[]).await.context("read the turns")?;
    let turn = |row: &Row| Turn {
        key: row.get("key"),
        lane: row.get("lane"),
        outcome: row.get("outcome"),
        begun_at: row.get("begun_at"),
        settled_at: row.get("settled_at"),
    };
    Ok(rows.iter().map(turn).collect())
}
