//! LINE's side of a check: makes the calls of a plan one after the other, waits for none of them, and makes those that
//! were not acknowledged again, marked as redelivered, until they are. Notes in the history who acknowledged what and when.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::ensure;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior};

use super::plan::{Place, Plan};
use crate::webhook::{Event, Webhook};
use crate::world::history::History;

/// Between calls: some hundred events a second, more than a channel of a big shop has.
const PACE: Duration = Duration::from_millis(8);
/// LINE redelivers after minutes; nobody here wants to wait that long.
const PAUSE: Duration = Duration::from_millis(150);
const LIMIT: Duration = Duration::from_secs(120);

/// What is shared by all calls of a check.
pub(super) struct Deliveries {
    webhook: Webhook,
    plan: Arc<Plan>,
    history: History,
    again: AtomicUsize,
}

impl Deliveries {
    #[must_use]
    pub(super) fn new(webhook: Webhook, plan: Arc<Plan>) -> Arc<Self> {
        Arc::new(Self {
            webhook,
            plan,
            history: History::default(),
            again: AtomicUsize::new(0),
        })
    }

    #[must_use]
    pub(super) fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Makes all calls; `before` is told the number of each before it is made. Returns when all are acknowledged.
    ///
    /// # Errors
    /// When a call is not acknowledged within two minutes, with what it was answered last.
    pub(super) async fn make(
        self: &Arc<Self>,
        mut before: impl FnMut(usize),
    ) -> anyhow::Result<()> {
        let mut pace = tokio::time::interval(PACE);
        pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut calls = JoinSet::new();
        for number in 0..self.plan.calls.len() {
            pace.tick().await;
            before(number);
            let all = Arc::clone(self);
            calls.spawn(async move { all.call(number).await });
        }
        while let Some(made) = calls.join_next().await {
            made??;
        }
        Ok(())
    }

    async fn call(&self, number: usize) -> anyhow::Result<()> {
        let places = &self.plan.calls[number];
        let end = Instant::now() + LIMIT;
        let mut events: Vec<Event> = places.iter().map(|place| self.event(place)).collect();
        loop {
            let delivery = self.webhook.deliver(&events).await;
            self.history.record(&events, &delivery);
            if delivery.acknowledged() {
                return Ok(());
            }
            ensure!(
                Instant::now() < end,
                "call {number} is not acknowledged after {LIMIT:?}; last: {:?}",
                delivery.outcome
            );
            self.again.fetch_add(1, Ordering::Relaxed);
            events = events.iter().map(Event::redelivered).collect();
            tokio::time::sleep(PAUSE).await;
        }
    }

    fn event(&self, place: &Place) -> Event {
        let event = &self.plan.events[place.event].event;
        if place.again {
            event.redelivered()
        } else {
            event.clone()
        }
    }

    pub(super) fn history(&self) -> &History {
        &self.history
    }

    /// How many calls had to be made again.
    #[must_use]
    pub(super) fn made_again(&self) -> usize {
        self.again.load(Ordering::Relaxed)
    }
}
