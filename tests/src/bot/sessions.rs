//! Whether every place of a bot's pool is where it should be, by its metrics.

use std::time::Duration;

use super::Bot;
use super::metrics::Metrics;
use crate::wait::eventually;

/// Sessions of intake's own, kept warm beside the workers'.
const INTAKE: usize = 2;

/// Waits until nobody holds a session, none is on its way out, and those that are to be kept warm are there: `warm` for
/// the workers, and intake's.
///
/// # Panics
/// After `limit`.
pub async fn are_back(bot: &Bot, warm: usize, limit: Duration) {
    eventually(limit, "every session to be back", async || {
        let metrics = bot.metrics().await.map_err(|error| error.to_string())?;
        let (idle, others) = (
            state(&metrics, "idle"),
            state(&metrics, "busy") + state(&metrics, "closing"),
        );
        match idle >= (warm + INTAKE) as f64 && others < 1.0 {
            true => Ok(()),
            false => Err(format!("{idle} idle, {others} busy or closing")),
        }
    })
    .await;
}

/// Waits until those that are to be kept warm are open, whether they are used or not.
///
/// # Panics
/// After `limit`.
pub async fn are_open(bot: &Bot, warm: usize, limit: Duration) {
    eventually(limit, "the sessions to be open", async || {
        let metrics = bot.metrics().await.map_err(|error| error.to_string())?;
        let open = state(&metrics, "idle") + state(&metrics, "busy");
        match open >= (warm + INTAKE) as f64 {
            true => Ok(()),
            false => Err(format!("{open} are")),
        }
    })
    .await;
}

/// `maxConnections`, as the bot tells it.
///
/// # Panics
/// When it does not.
pub async fn ceiling(bot: &Bot) -> usize {
    let metrics = bot.metrics().await.expect("the bot answers");
    let most = metrics.sum("sabai_pool_connections_max", &[]);
    most.expect("the bot tells its ceiling") as usize
}

fn state(metrics: &Metrics, state: &str) -> f64 {
    let labels = [("state", state)];
    metrics
        .sum("sabai_pool_connections", &labels)
        .unwrap_or(f64::NAN)
}
