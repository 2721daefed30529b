//! Gauges that are read rather than counted: pool and spool at each scrape, the queue each few seconds.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::db::Db;
use crate::intake::Backlog;
use crate::metrics::Metrics;
use crate::queue::store;

const ROUND: Duration = Duration::from_secs(5);

/// Sets the gauges of pool and spool and gives all metrics as text; called at each scrape.
pub(super) fn scraped(
    db: &Db,
    backlog: Option<Arc<Backlog>>,
    metrics: &Metrics,
) -> Arc<dyn Fn() -> String + Send + Sync> {
    let (db, metrics) = (db.clone(), metrics.clone());
    Arc::new(move || {
        if let Some(backlog) = &backlog {
            let depth = backlog.spool.depth();
            metrics.spool(depth.bytes, depth.events, depth.oldest.and_then(since_1970));
            metrics.spool_set_aside(depth.rejected);
        }
        let slots = db.slots();
        metrics.pool_connections("dialing", slots.dialing);
        metrics.pool_connections("idle", slots.idle);
        metrics.pool_connections("busy", slots.busy);
        metrics.pool_connections("closing", slots.closing);
        metrics.pool_old_sessions(db.old_sessions());
        metrics.encode()
    })
}

/// Counts the backlog until it is dropped.
pub(super) async fn backlog(db: Db, metrics: Metrics) {
    let mut rounds = interval(ROUND);
    rounds.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        rounds.tick().await;
        let deadline = Instant::now() + ROUND;
        let Ok(mut link) = db.work.acquire(deadline).await else {
            continue;
        };
        if let Ok(depth) = store::depth(&mut link, deadline).await {
            let count = |number: i64| u64::try_from(number).unwrap_or(0);
            metrics.queue(count(depth.events), depth.oldest.and_then(since_1970));
            metrics.left_over(count(depth.dead_letters), count(depth.unknowns));
        }
    }
}

fn since_1970(time: SystemTime) -> Option<f64> {
    let since = time.duration_since(SystemTime::UNIX_EPOCH);
    since.ok().map(|since| since.as_secs_f64())
}
