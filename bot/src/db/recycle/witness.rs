//! What the server says after a recycle: whether any of the old sessions is left there.

use std::time::{Duration, SystemTime};

use sabai_wire::link::Statement;
use tokio::time::Instant;

use crate::db::Db;
use crate::db::outlived::Backend;
use crate::db::pool::Why;

const LIMIT: Duration = Duration::from_secs(2);

/// Of the sessions that are ours, and of those that were to go.
const ASK: Statement = Statement {
    name: "recycle.witness",
    sql: "/* recycle.witness */ select min(a.backend_start), count(*) filter (where a.backend_start < $3) \
          from pg_stat_activity a join unnest($1::int4[], $2::timestamptz[]) ours (pid, backend_start) \
            on a.pid = ours.pid and a.backend_start = ours.backend_start",
};

/// The server's own word, by its own clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Witness {
    /// When the first fresh session of the recycle began.
    pub began: SystemTime,
    /// `backend_start` of the oldest session that is left of ours.
    pub oldest: Option<SystemTime>,
    /// How many of ours are older than `began`.
    pub older: i64,
}

impl Db {
    /// Asks by a session of its own.
    pub(super) async fn witness(&self, began: SystemTime, old: &[Backend]) -> Option<Witness> {
        let deadline = Instant::now() + LIMIT;
        let place = self.spare.take(deadline).await?;
        let fresh = self.open_spare(place).await.ok()?;
        let now = self.roll().entries().into_iter();
        let now = now.map(|entry| (entry.facts.backend_pid, entry.facts.backend_start));
        let (pids, starts): (Vec<i32>, Vec<SystemTime>) = now.chain(old.iter().copied()).unzip();
        let asked = fresh
            .link
            .query(&ASK, &[&pids, &starts, &began], deadline)
            .await;
        self.close_spare(fresh, Why::Done);
        let rows = asked.ok()?;
        let row = rows.first()?;
        Some(Witness {
            began,
            oldest: row.get(0),
            older: row.get(1),
        })
    }
}
