//! How long the agent has been awake, counted by a ticker: the time in which the process stood still is left out. What is
//! done at each tick, or at some, waits for the same ticker: waking up is most of what an agent at rest costs.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::moment::Moment;

const TICK: Duration = Duration::from_millis(250);
/// Nobody who is awake is silent for longer; a busy machine is forgiven a tick that comes 150 ms late.
const MOST: Duration = Duration::from_millis(400);

/// A clock of awake time. Clones are the same clock.
#[derive(Clone, Debug)]
pub struct Clock(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    ticked: Notify,
}

#[derive(Debug)]
struct State {
    last: Instant,
    awake: Duration,
}

impl Clock {
    /// It begins at nothing. It runs only while [`Clock::run`] does.
    #[must_use]
    pub fn start() -> Self {
        let state = Mutex::new(State {
            last: Instant::now(),
            awake: Duration::ZERO,
        });
        let ticked = Notify::new();
        Self(Arc::new(Shared { state, ticked }))
    }

    /// The time until now.
    #[must_use]
    pub fn now(&self) -> Moment {
        let state = &self.0.state;
        let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let since = now.saturating_duration_since(state.last);
        state.awake += since.min(MOST);
        state.last = now;
        Moment(state.awake)
    }

    /// Waits for the next tick, four times a second. One that comes while nobody waits is gone.
    pub async fn ticked(&self) {
        self.0.ticked.notified().await;
    }

    /// Waits for the tick at which `since` is so long ago, within half a tick.
    pub async fn ticked_after(&self, since: Instant, time: Duration) {
        while since.elapsed() + TICK / 2 < time {
            self.ticked().await;
        }
    }

    /// Ticks for ever.
    pub async fn run(self) {
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let _ = self.now();
            self.0.ticked.notify_waiters();
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
        assert!(awake <= Duration::from_millis(10_450), "{awake:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_done_now_and_then_is_done_at_a_tick() {
        let clock = Clock::start();
        tokio::spawn(clock.clone().run());
        let start = Instant::now();
        clock.ticked_after(start, Duration::from_millis(100)).await;
        assert_eq!(start.elapsed(), Duration::ZERO, "it is nearest");
        for turn in 1..=5 {
            let second = Duration::from_secs(1);
            // It takes a while to do, and may take long.
            sleep(Duration::from_millis(turn * 100)).await;
            let begun = start + second * u32::try_from(turn - 1).expect("few");
            clock.ticked_after(begun, second).await;
            assert_eq!(start.elapsed(), Duration::from_secs(turn));
        }
    }
}
