//! Applies amendments that were stored and never applied, because the process or Postgres went away in between.

use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval};

use super::store;
use crate::db::pool::Pool;

const ROUND: Duration = Duration::from_secs(60);
const LIMIT: Duration = Duration::from_secs(5);

/// Runs until it is dropped: a round at start, then each minute.
pub async fn sweep(pool: Pool) {
    let mut rounds = interval(ROUND);
    rounds.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        rounds.tick().await;
        if let Err(why) = round(&pool).await {
            tracing::debug!("cannot apply what customers took back: {why}");
        }
    }
}

async fn round(pool: &Pool) -> Result<(), String> {
    let deadline = Instant::now() + LIMIT;
    let mut link = pool
        .acquire(deadline)
        .await
        .map_err(|error| error.to_string())?;
    let open = store::open(&mut link, deadline)
        .await
        .map_err(|error| error.to_string())?;
    if open.messages.is_empty() {
        return Ok(());
    }
    store::amend(&mut link, &open, deadline)
        .await
        .map_err(|error| error.to_string())
}
