//! The keeper of a pool: opens what is waited for or to be kept warm, lets the old go, tells waiters the truth.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use sabai_daemon::backoff;
use sabai_wire::dial::DialError;
use sabai_wire::fault::{Class, Fault};
use sabai_wire::link::{End, Link, SessionFacts};
use tokio::sync::oneshot::Sender;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};
use tokio_util::sync::CancellationToken;

use super::give_back::unquiet;
use super::rest::{self, Verdict};
use super::{Pool, Shared, Trouble, Why};

/// How often idle links are looked through when nothing else happens.
const ROUND: Duration = Duration::from_secs(1);
/// Of the idle links that are past their time and not needed one in so many is closed in a round.
const SHARE: usize = 4;

impl Pool {
    /// Keeps the pool until `stop`, then closes every link and waits for their ends.
    pub async fn keep(self, stop: CancellationToken) {
        let shared = self.0;
        let mut round = interval(ROUND);
        round.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut dials = JoinSet::new();
        let (mut failures, mut not_before) = (0, Instant::now());
        loop {
            if Instant::now() >= not_before {
                shared.dial(&mut dials);
            }
            tokio::select! {
                () = stop.cancelled() => break,
                () = shared.bell.notified() => {}
                () = sleep_until(not_before), if Instant::now() < not_before => {}
                _ = round.tick() => shared.look_through(),
                Some(dialed) = dials.join_next() => match dialed {
                    Ok(Ok(link)) => {
                        failures = 0;
                        shared.opened(link);
                    }
                    Ok(Err(error)) => {
                        not_before = Instant::now() + shared.pause(failures);
                        failures = failures.saturating_add(1);
                        shared.not_opened(error);
                    }
                    Err(panic) => {
                        tracing::error!("opening a link panicked: {panic}");
                        not_before = Instant::now() + shared.pause(failures);
                        failures = failures.saturating_add(1);
                        shared.state().ledger.not_dialed();
                    }
                },
            }
        }
        dials.shutdown().await;
        shared.stop().await;
    }
}

impl Shared {
    fn dial(self: &Arc<Self>, dials: &mut JoinSet<Result<Link, DialError>>) {
        let begun = {
            let mut state = self.state();
            let troubled = state.trouble.is_some();
            state.ledger.begin_dials(Sender::is_closed, troubled)
        };
        for _ in 0..begun {
            let shared = Arc::clone(self);
            dials.spawn(async move { shared.connector.open(shared.duty).await });
        }
    }

    fn pause(&self, failures: u32) -> Duration {
        let settings = self.connector.settings();
        let (first, most) = (settings.retry_initial_delay(), settings.retry_max_delay());
        backoff::delay(first, most, failures, backoff::roll())
    }

    fn opened(self: &Arc<Self>, link: Link) {
        self.counters.opened(true);
        let life = self.closer.enter(&link, self.duty);
        self.state().ledger.dialed();
        self.healed();
        self.come_back(link, life, None);
    }

    /// A session could be opened.
    pub(super) fn healed(&self) {
        if let Some(was) = self.untroubled() {
            tracing::info!(fault = %was.error.fault, "Postgres can be reached again");
        }
    }

    /// Nothing keeps sessions from being opened any more; what did until now.
    pub(super) fn untroubled(&self) -> Option<Trouble> {
        let mut state = self.state();
        state.ledger.marks.protect = false;
        state.trouble.take()
    }

    fn not_opened(&self, error: DialError) {
        self.counters.opened(false);
        self.metrics.fault(error.fault.as_str());
        let mut state = self.state();
        state.ledger.not_dialed();
        let (fault, class) = (error.fault, error.fault.class());
        let known = state.trouble.as_ref().map(|before| before.error.fault);
        // A state change is logged once, not every try.
        if known != Some(fault) {
            tracing::warn!(%fault, stage = error.stage.as_str(), "cannot open a session: {}", error.detail);
        }
        let since = state
            .trouble
            .as_ref()
            .map_or_else(SystemTime::now, |before| before.since);
        state.trouble = Some(Trouble { error, since });
        state.ledger.marks.protect = true;
        // Where waiting cannot help, nobody is kept waiting: no session is there that could come back either.
        let slots = state.ledger.slots();
        if slots.busy == 0 && matches!(class, Class::Trust | Class::Credential | Class::Permanent) {
            let cause = self.cause(&state);
            for waiter in state.ledger.drain_waiting() {
                let _ = waiter.send(Err(cause.clone()));
            }
        }
    }

    /// Closes idle links that are past their time or have died, and forgets users who have gone: while a dial is waited for
    /// nothing else does.
    fn look_through(self: &Arc<Self>) {
        let (now, rules) = (Instant::now(), self.rules());
        let gone = {
            let mut state = self.state();
            state.ledger.forget(Sender::is_closed);
            let marks = state.ledger.marks;
            let mut share = state.ledger.may_go(SHARE);
            let gone = state.ledger.weed(|link, resting| {
                if let Some(End::Lost(fault)) = link.end() {
                    return Some(Why::Lost(fault));
                }
                match rest::judge(*resting, marks, rules, now) {
                    Verdict::Retire(why) if why == Why::Outdated || share > 0 => {
                        share = share.saturating_sub(1);
                        Some(why)
                    }
                    _ => unquiet(link),
                }
            });
            gone.iter().for_each(|(_, why)| state.ledger.retires(*why));
            gone
        };
        for ((link, life), why) in gone {
            if let Why::Lost(fault) = why {
                self.lost(fault, link.facts());
            }
            self.close(link, life, why);
        }
    }

    /// An idle link was found dead.
    pub(super) fn lost(&self, fault: Fault, session: &SessionFacts) {
        self.metrics.fault(fault.as_str());
        self.met(fault);
        tracing::debug!(%fault, pid = session.backend_pid, generation = session.generation, "an idle session was ended by its peer");
    }

    async fn stop(self: &Arc<Self>) {
        let idle = self.state().ledger.stop();
        for (link, life) in idle {
            self.close(link, life, Why::Stopped);
        }
        self.closer.all_ended().await;
    }
}
