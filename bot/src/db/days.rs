//! The days of the `seen` table: made ahead of time, removed after thirty days, never in intake's way.
//!
//! CREATE and ATTACH, DETACH CONCURRENTLY and DROP are the only forms that do not stop a running intake.

use std::time::Duration;

use sabai_daemon::backoff::Backoff;
use sabai_wire::fault::Fault;
use sabai_wire::link::{Statement, StatementError};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::pool::{Lent, Pool};

/// Days kept behind today and made ahead of it. Ahead is more than intake needs, so a week of failures is harmless.
const BEHIND: i32 = 29;
const AHEAD: i32 = 8;
const ROUND: Duration = Duration::from_secs(3600);
const LIMIT: Duration = Duration::from_secs(5);

const MISSING: Statement = Statement {
    name: "days.missing",
    sql: "/* days.missing */ select to_char(d, 'YYYYMMDD'), to_char(d, 'YYYY-MM-DD'), to_char(d + 1, 'YYYY-MM-DD') \
          from (select (now() at time zone 'utc')::date + n as d from generate_series(-$1::int4, $2::int4) n) days \
          where to_regclass('seen_' || to_char(d, 'YYYYMMDD')) is null \
             or not exists (select from pg_inherits where inhrelid = to_regclass('seen_' || to_char(d, 'YYYYMMDD'))) \
          order by d",
};
const EXPIRED: Statement = Statement {
    name: "days.expired",
    sql: "/* days.expired */ select c.relname::text, exists (select from pg_inherits where inhrelid = c.oid) \
          from pg_class c where c.relkind = 'r' and c.relnamespace = current_schema()::regnamespace \
            and c.relname ~ '^seen_[0-9]{8}$' \
            and to_date(substr(c.relname, 6), 'YYYYMMDD') < (now() at time zone 'utc')::date - $1::int4 - 1 \
          order by 1",
};

/// Makes the days that intake needs. Run before the first event is taken.
///
/// # Errors
/// What Postgres said.
pub async fn prepare(link: &mut Lent) -> Result<(), StatementError> {
    let missing = link
        .query(&MISSING, &[&BEHIND, &AHEAD], Instant::now() + LIMIT)
        .await?;
    for row in missing {
        let (name, from, to): (String, String, String) = (row.get(0), row.get(1), row.get(2));
        let script = format!(
            "begin; set local lock_timeout = '1s'; \
             create table if not exists seen_{name} (like seen including all); \
             alter table seen attach partition seen_{name} for values from ('{from}') to ('{to}'); commit"
        );
        match link
            .batch("days.attach", &script, Instant::now() + LIMIT)
            .await
        {
            // Another pod was faster (42P07, 42P16, 23505): the day is there.
            Err(error) if matches!(error.fault, Fault::Unexpected | Fault::DataRefused) => {
                tracing::debug!(day = name, "{}", error.detail);
                link.batch("days.rollback", "rollback", Instant::now() + LIMIT)
                    .await?;
            }
            outcome => outcome?,
        }
    }
    Ok(())
}

async fn remove(link: &mut Lent) -> Result<(), StatementError> {
    let expired = link
        .query(&EXPIRED, &[&BEHIND], Instant::now() + LIMIT)
        .await?;
    for row in expired {
        let (name, attached): (String, bool) = (row.get(0), row.get(1));
        if attached {
            let detach = format!("alter table seen detach partition {name} concurrently");
            link.batch("days.detach", &detach, Instant::now() + LIMIT)
                .await?;
        }
        link.batch(
            "days.drop",
            &format!("drop table if exists {name}"),
            Instant::now() + LIMIT,
        )
        .await?;
    }
    Ok(())
}

/// Keeps the days until `stop`: a round each hour, sooner after a failure.
pub async fn keep(pool: Pool, stop: CancellationToken) {
    let mut backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(300));
    loop {
        let pause = match round(&pool).await {
            Ok(()) => {
                backoff.reset();
                ROUND
            }
            Err(detail) => {
                tracing::warn!("the days of the seen table are not up to date: {detail}");
                backoff.pause()
            }
        };
        tokio::select! {
            () = stop.cancelled() => return,
            () = sleep(pause) => {}
        }
    }
}

async fn round(pool: &Pool) -> Result<(), String> {
    let mut link = pool
        .acquire(Instant::now() + LIMIT)
        .await
        .map_err(|error| error.to_string())?;
    prepare(&mut link)
        .await
        .map_err(|error| error.to_string())?;
    remove(&mut link).await.map_err(|error| error.to_string())
}
