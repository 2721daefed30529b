//! The exact record of what the bot called and what became of it; what tests and the consistency check believe.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use bytes::Bytes;
use serde_json::Value;
use uuid::Uuid;

pub use super::endpoint::Endpoint;

/// One call.
#[derive(Clone, Debug)]
pub struct Call {
    /// Its place in the journal, from 0: the order in which calls were decided.
    pub position: u64,
    pub at: SystemTime,
    pub instant: Instant,
    pub endpoint: Endpoint,
    /// LINE took it: for a reply or a push, the customer gets the messages.
    pub accepted: bool,
    /// What it was answered, unless it got no answer.
    pub status: Option<u16>,
    pub request_id: String,
    pub reply_token: Option<Arc<str>>,
    pub retry_key: Option<Uuid>,
    /// The event that the reply token or the retry key belongs to.
    pub event: Option<Arc<str>>,
    /// The user, group or room that it is about.
    pub chat: Option<Arc<str>>,
    pub body: Bytes,
}

impl Call {
    /// True when a customer was sent messages by it.
    #[must_use]
    pub fn is_accepted_message(&self) -> bool {
        self.accepted && matches!(self.endpoint, Endpoint::Reply | Endpoint::Push)
    }

    /// The message objects, as the bot wrote them.
    #[must_use]
    pub fn messages(&self) -> Vec<Value> {
        let body: Value = serde_json::from_slice(&self.body).unwrap_or_default();
        body.get("messages")
            .and_then(Value::as_array)
            .cloned()
            .unwrap_or_default()
    }

    /// The texts of the messages that have one.
    #[must_use]
    pub fn texts(&self) -> Vec<String> {
        self.messages()
            .iter()
            .filter_map(|message| Some(message.get("text")?.as_str()?.to_owned()))
            .collect()
    }
}

/// All calls, in the order in which they were decided.
#[derive(Debug, Default)]
pub struct Journal {
    calls: Vec<Arc<Call>>,
    accepted: HashMap<Arc<str>, Vec<usize>>,
}

impl Journal {
    /// The position that the next call gets.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.calls.len() as u64
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.calls.is_empty()
    }

    pub(super) fn add(&mut self, call: Call) {
        if let Some(event) = call.event.as_ref().filter(|_| call.is_accepted_message()) {
            self.accepted
                .entry(Arc::clone(event))
                .or_default()
                .push(self.calls.len());
        }
        self.calls.push(Arc::new(call));
    }

    /// Everything from `position` on.
    #[must_use]
    pub fn since(&self, position: u64) -> &[Arc<Call>] {
        let from = usize::try_from(position)
            .unwrap_or(usize::MAX)
            .min(self.calls.len());
        &self.calls[from..]
    }

    /// The accepted replies and pushes for one event.
    #[must_use]
    pub fn accepted_for(&self, event: &str) -> Vec<Arc<Call>> {
        let positions = self
            .accepted
            .get(event)
            .map(Vec::as_slice)
            .unwrap_or_default();
        positions
            .iter()
            .map(|&position| Arc::clone(&self.calls[position]))
            .collect()
    }

    /// All accepted replies and pushes.
    pub fn accepted_messages(&self) -> impl Iterator<Item = &Arc<Call>> {
        self.calls.iter().filter(|call| call.is_accepted_message())
    }

    /// Every call to one endpoint, refused ones included.
    pub fn to(&self, endpoint: Endpoint) -> impl Iterator<Item = &Arc<Call>> {
        self.calls
            .iter()
            .filter(move |call| call.endpoint == endpoint)
    }
}
