//! Gauges that are read rather than counted: the pool at each scrape, the backlog each few seconds.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::db::Db;
use crate::metrics::Metrics;
use crate::queue::store;

const ROUND: Duration = Duration::from_secs(5);

/// Sets the pool's gauges; called at each scrape.
pub(super) fn pool(db: &Db, metrics: &Metrics) -> Arc<dyn Fn() + Send + Sync> {
    let (db, metrics) = (db.clone(), metrics.clone());
    Arc::new(move || {
        let slots = db.slots();
        metrics.pool_connections("dialing", slots.dialing);
        metrics.pool_connections("idle", slots.idle);
        metrics.pool_connections("busy", slots.busy);
        metrics.pool_connections("closing", slots.closing);
        metrics.pool_old_sessions(db.old_sessions());
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
            let since = |time: SystemTime| {
                time.duration_since(SystemTime::UNIX_EPOCH)
                    .ok()
                    .map(|d| d.as_secs_f64())
            };
            metrics.queue(count(depth.events), depth.oldest.and_then(since));
            metrics.left_over(count(depth.dead_letters), count(depth.unknowns));
        }
    }
}
