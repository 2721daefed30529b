//! Keeps the leases of the lanes that are held, each third of a lease; tells the holder when one is lost.

use std::time::Duration;

use sabai_wire::fault::Fault;
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::store::{self, Key};
use super::worker::Worker;
use crate::db::pool::Pool;

const BATCH: usize = 256;
/// After a round that failed: well before others may take what is ours, once Postgres is back.
const AGAIN: Duration = Duration::from_secs(1);

/// Renews for a [`Worker`]. Runs until it is dropped: what is held is renewed to the last moment of a stop.
pub async fn run(pool: Pool, worker: Worker, lease: Duration, every: Duration) {
    let mut rounds = interval(every);
    rounds.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        rounds.tick().await;
        if let Err(fault) = round(&pool, &worker, lease, every).await {
            tracing::debug!(%fault, "cannot renew leases");
            rounds.reset_after(AGAIN.min(every));
        }
    }
}

async fn round(
    pool: &Pool,
    worker: &Worker,
    lease: Duration,
    every: Duration,
) -> Result<(), Fault> {
    let held = worker.held();
    for part in held.chunks(BATCH) {
        let asked = Instant::now();
        let deadline = asked + every;
        let mut link = pool.acquire(deadline).await.map_err(|error| error.fault)?;
        let keys: Vec<&Key> = part.iter().map(|(key, _)| key).collect();
        let renewed = store::renew(&mut link, &keys, lease, deadline)
            .await
            .map_err(|error| error.fault)?;
        for (key, lease_of) in part {
            if renewed.contains(key) {
                lease_of.renewed(asked, lease);
            } else {
                // Settled meanwhile, or somebody else's.
                lease_of.lose();
            }
        }
    }
    Ok(())
}
