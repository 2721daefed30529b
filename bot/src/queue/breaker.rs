//! The breaker on LINE: when calls fail one after another, nobody calls for a while, then one tries.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sabai_daemon::backoff;
use tokio::time::Instant;

/// Failures in a row that open it: one customer's bad luck must not stop the others.
const PATIENCE: u32 = 5;
const FIRST: Duration = Duration::from_millis(500);
const MOST: Duration = Duration::from_secs(15);

/// Shared by all who call LINE.
#[derive(Debug, Default)]
pub struct Breaker(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// Failures since the last success.
    failures: u32,
    /// Nobody calls before this.
    open_until: Option<Instant>,
}

impl Breaker {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets a call through (`None`), or says how long to wait.
    ///
    /// When the time is up one caller is let through and the others wait for what it finds.
    pub fn admit(&self) -> Option<Duration> {
        let mut state = self.state();
        let until = state.open_until?;
        let now = Instant::now();
        if now < until {
            return Some(until - now);
        }
        state.open_until = Some(now + FIRST);
        None
    }

    /// How long calls are still held back; `None` when they are not. Zero when it is time to try one.
    pub fn held_back(&self) -> Option<Duration> {
        self.state()
            .open_until
            .map(|until| until.saturating_duration_since(Instant::now()))
    }

    /// LINE answered.
    pub fn succeeded(&self) {
        let mut state = self.state();
        if state.open_until.take().is_some() {
            tracing::info!("LINE takes calls again");
        }
        state.failures = 0;
    }

    /// LINE did not answer, or asked us to wait (`at_once`).
    pub fn failed(&self, at_once: bool) {
        let mut state = self.state();
        state.failures += 1;
        if at_once {
            state.failures = state.failures.max(PATIENCE);
        }
        if state.failures >= PATIENCE {
            if state.open_until.is_none() {
                tracing::warn!(
                    failures = state.failures,
                    "calls to LINE fail; holding back"
                );
            }
            let delay = backoff::delay(FIRST, MOST, state.failures - PATIENCE, backoff::roll());
            state.open_until = Some(Instant::now() + delay);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn opens_after_failures_in_a_row_and_lets_one_through_when_time_is_up() {
        let breaker = Breaker::default();
        for _ in 1..PATIENCE {
            breaker.failed(false);
            assert_eq!(breaker.held_back(), None);
        }
        breaker.failed(false);
        let wait = breaker.admit().expect("open");
        assert!(wait > Duration::ZERO && wait <= FIRST, "{wait:?}");
        tokio::time::advance(wait).await;
        assert_eq!(breaker.held_back(), Some(Duration::ZERO));
        assert_eq!(breaker.admit(), None, "one may try");
        assert!(
            breaker.admit().is_some(),
            "the others wait for what it finds"
        );
        breaker.succeeded();
        assert_eq!(breaker.admit(), None);
        breaker.failed(true);
        assert!(breaker.held_back().is_some(), "LINE asked us to wait");
    }
}
