//! What was sent to the bot and what it acknowledged, as the sender saw it. Safe to fill from several tasks.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard};
use std::time::SystemTime;

use crate::webhook::{Chat, Delivery, Event};

/// One event, however often it was delivered.
#[derive(Clone, Debug)]
pub struct Sent {
    pub id: String,
    /// The conversation; absent for events without source.
    pub lane: Option<String>,
    /// The event's own `timestamp`, milliseconds since 1970.
    pub occurred_at: u64,
    /// True for a text, an image, ... by a customer.
    pub is_message: bool,
    pub first_sent_at: SystemTime,
    /// When the first 200 came.
    pub acknowledged_at: Option<SystemTime>,
    pub deliveries: u32,
    /// The call that carried it first, and its place there.
    pub call: u64,
    pub place: usize,
}

#[derive(Debug, Default)]
struct Inner {
    events: Vec<Sent>,
    by_id: HashMap<String, usize>,
    calls: u64,
}

/// Everything that was sent.
#[derive(Debug, Default)]
pub struct History {
    inner: Mutex<Inner>,
}

impl History {
    /// Notes one call and its answer.
    pub fn record(&self, events: &[Event], delivery: &Delivery) {
        let mut inner = self.lock();
        inner.calls += 1;
        let call = inner.calls;
        for (place, event) in events.iter().enumerate() {
            let index = inner.find_or_add(event, call, place, delivery.sent_at);
            let sent = &mut inner.events[index];
            sent.deliveries += 1;
            sent.first_sent_at = sent.first_sent_at.min(delivery.sent_at);
            if delivery.acknowledged() {
                let first = sent.acknowledged_at.map_or(delivery.answered_at, |first| {
                    first.min(delivery.answered_at)
                });
                sent.acknowledged_at = Some(first);
            }
        }
    }

    /// All events, in the order in which they were first noted.
    #[must_use]
    pub fn events(&self) -> Vec<Sent> {
        self.lock().events.clone()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().expect("nobody panics while holding this")
    }
}

impl Inner {
    fn find_or_add(
        &mut self,
        event: &Event,
        call: u64,
        place: usize,
        sent_at: SystemTime,
    ) -> usize {
        if let Some(&index) = self.by_id.get(&event.id) {
            return index;
        }
        self.events.push(Sent {
            id: event.id.clone(),
            lane: event.chat.as_ref().map(|chat| Chat::id(chat).to_owned()),
            occurred_at: event.timestamp,
            is_message: event.kind.name() == "message",
            first_sent_at: sent_at,
            acknowledged_at: None,
            deliveries: 0,
            call,
            place,
        });
        self.by_id.insert(event.id.clone(), self.events.len() - 1);
        self.events.len() - 1
    }
}
