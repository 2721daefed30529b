//! The keeper of a pool: opens what is waited for or to be kept warm, lets the old go, tells waiters the truth.

use std::sync::Arc;
use std::time::Duration;

use sabai_wire::dial::DialError;
use sabai_wire::fault::Class;
use sabai_wire::link::Link;
use tokio::time::{Instant, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use super::rest::{self, Resting, Verdict};
use super::{AcquireError, Lent, Pool, Shared};
use crate::backoff::Backoff;

/// How often idle links are looked through when nothing else happens.
const ROUND: Duration = Duration::from_secs(1);

impl Pool {
    /// Keeps the pool until `stop`, then closes every link and waits for their ends.
    pub async fn keep(self, stop: CancellationToken) {
        let shared = self.0;
        let settings = shared.connector.settings();
        let mut backoff = Backoff::new(settings.retry_initial_delay(), settings.retry_max_delay());
        let mut round = interval(ROUND);
        round.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut dials = tokio::task::JoinSet::new();
        let mut not_before = Instant::now();
        loop {
            if Instant::now() >= not_before {
                for _ in 0..shared.begin_dials() {
                    let shared = Arc::clone(&shared);
                    dials.spawn(async move {
                        shared
                            .connector
                            .open(shared.shape.server_statement_timeout)
                            .await
                    });
                }
            }
            tokio::select! {
                () = stop.cancelled() => break,
                () = shared.bell.notified() => {}
                () = tokio::time::sleep_until(not_before), if Instant::now() < not_before => {}
                _ = round.tick() => shared.look_through(),
                Some(dialed) = dials.join_next() => match dialed {
                    Ok(Ok(link)) => {
                        backoff.reset();
                        shared.opened(link);
                    }
                    Ok(Err(error)) => {
                        not_before = Instant::now() + backoff.pause();
                        shared.not_opened(error);
                    }
                    Err(panic) => {
                        tracing::error!("opening a link panicked: {panic}");
                        shared.state().slots.dialing -= 1;
                    }
                },
            }
        }
        dials.shutdown().await;
        shared.stop().await;
    }
}

impl Shared {
    fn begin_dials(&self) -> usize {
        let mut state = self.state();
        state.waiting.retain(|waiter| !waiter.is_closed());
        let wanted = state.slots.wanted(state.waiting.len(), self.shape.warm);
        // After a failure one dial at a time feels its way.
        let wanted = if state.trouble.is_some() {
            wanted.min(1_usize.saturating_sub(state.slots.dialing))
        } else {
            wanted
        };
        state.slots.dialing += wanted;
        wanted
    }

    fn opened(self: &Arc<Self>, link: Link) {
        let settings = self.connector.settings();
        let life = rest::life(
            settings.max_lifetime(),
            settings.lifetime_jitter_percent(),
            crate::backoff::roll(),
        );
        let healed = {
            let mut state = self.state();
            state.slots.dialing -= 1;
            state.slots.busy += 1;
            state.trouble.take()
        };
        if let Some(was) = healed {
            tracing::info!(fault = %was.fault, "Postgres can be reached again");
        }
        self.give_back(link, Instant::now() + life);
    }

    fn not_opened(&self, error: DialError) {
        self.metrics.fault(error.fault.as_str());
        let mut state = self.state();
        state.slots.dialing -= 1;
        // A state change is logged once, not every try.
        if state
            .trouble
            .as_ref()
            .is_none_or(|before| before.fault != error.fault)
        {
            tracing::warn!(fault = %error.fault, stage = error.stage.as_str(), "cannot open a session: {}", error.detail);
        }
        state.trouble = Some(error);
        // Where waiting cannot help, nobody is kept waiting.
        let fault = state.trouble.as_ref().map(|trouble| trouble.fault.class());
        if matches!(
            fault,
            Some(Class::Trust | Class::Credential | Class::Permanent)
        ) {
            let cause: AcquireError = self.cause(&state);
            for waiter in state.waiting.drain(..) {
                let _ = waiter.send(Err(cause.clone()));
            }
        }
    }

    /// Closes idle links that are past their time or have died.
    fn look_through(self: &Arc<Self>) {
        let now = Instant::now();
        let mut gone = Vec::new();
        {
            let mut state = self.state();
            let rules = self.rules(&state);
            let idle = std::mem::take(&mut state.idle);
            for (link, resting) in idle {
                let retire = rest::judge(resting, rules, now) == Verdict::Retire;
                if retire || !link.is_quiet() {
                    if !retire {
                        state.suspect_before = Some(now);
                    }
                    state.slots.idle -= 1;
                    state.slots.busy += 1;
                    gone.push((link, resting));
                } else {
                    state.idle.push((link, resting));
                }
            }
        }
        for (link, Resting { expires, .. }) in gone {
            Lent::new(link, expires, Arc::clone(self)).retire();
        }
    }

    async fn stop(self: &Arc<Self>) {
        let idle = {
            let mut state = self.state();
            state.stopped = true;
            state.waiting.clear();
            let idle = std::mem::take(&mut state.idle);
            state.slots.idle = 0;
            state.slots.busy += idle.len();
            idle
        };
        for (link, _) in idle {
            self.close(link);
        }
        self.closings.close();
        self.closings.wait().await;
    }
}
