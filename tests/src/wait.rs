//! Waiting for a condition with a limit, the only way tests wait. Never a fixed sleep.

use std::fmt::Display;
use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior};

/// How often a condition is looked at.
const PERIOD: Duration = Duration::from_millis(10);

/// Looks at `check` until it gives `Ok`, which is returned. `what` completes the sentence "waited for ...".
///
/// # Panics
/// After `limit`, with the last state that `check` reported. A check that hangs counts too.
pub async fn eventually<T, E: Display>(
    limit: Duration,
    what: &str,
    mut check: impl AsyncFnMut() -> Result<T, E>,
) -> T {
    let end = Instant::now() + limit;
    let mut tick = tokio::time::interval(PERIOD);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut last = String::from("not looked at once");
    loop {
        tick.tick().await;
        match tokio::time::timeout_at(end, check()).await {
            Ok(Ok(value)) => return value,
            Ok(Err(state)) => last = state.to_string(),
            Err(_) => panic!(
                "waited {limit:?} for {what}; the last look did not come back; before it: {last}"
            ),
        }
        assert!(
            Instant::now() < end,
            "waited {limit:?} for {what}; last state: {last}"
        );
    }
}
