//! How long the agent has been awake, counted by a ticker: the time in which the process stood still is left out.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::moment::Moment;

const TICK: Duration = Duration::from_millis(100);
/// Nobody who is awake is silent for longer; a busy machine is forgiven one tick and a half.
const MOST: Duration = Duration::from_millis(250);

/// A clock of awake time. Clones are the same clock.
#[derive(Clone, Debug)]
pub struct Clock(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    last: Instant,
    awake: Duration,
}

impl Clock {
    /// It begins at nothing. It runs only while [`Clock::run`] does.
    #[must_use]
    pub fn start() -> Self {
        Self(Arc::new(Mutex::new(State {
            last: Instant::now(),
            awake: Duration::ZERO,
        })))
    }

    /// The time until now.
    #[must_use]
    pub fn now(&self) -> Moment {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let since = now.saturating_duration_since(state.last);
        state.awake += since.min(MOST);
        state.last = now;
        Moment(state.awake)
    }

    /// Ticks for ever.
    pub async fn run(self) {
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let _ = self.now();
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::{advance, sleep};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_nobody_ticked_through_is_left_out() {
        let clock = Clock::start();
        tokio::spawn(clock.clone().run());
        sleep(Duration::from_secs(10)).await;
        assert_eq!(clock.now().0, Duration::from_secs(10));
        // As after SIGCONT: the clock has jumped, and nobody was there.
        advance(Duration::from_secs(60)).await;
        let awake = clock.now().0;
        assert!(awake <= Duration::from_millis(10_300), "{awake:?}");
    }
}
