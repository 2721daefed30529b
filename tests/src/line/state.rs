//! Everything that changes in the stand-in, behind one lock: what is known of a call, and its entry in the journal.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use bytes::Bytes;
use uuid::Uuid;

use super::answer::Answer;
use super::endpoint::Endpoint;
use super::faults::Faults;
use super::hold::Gate;
use super::journal::{Call, Journal};
use super::limits::{Pushes, Rate};
use super::options::Profile;
use super::tokens::Tokens;

pub(crate) struct State {
    pub(super) tokens: Tokens,
    pub(super) pushes: Pushes,
    pub(super) rate: Rate,
    pub(super) profiles: HashMap<String, Option<Profile>>,
    /// Users who are no friends of the account.
    pub(super) strangers: HashSet<String>,
    pub(super) webhook: Option<(String, bool)>,
    pub(super) faults: Faults,
    pub(super) holds: Vec<Arc<Gate>>,
    pub(super) journal: Journal,
    /// Keeps request ids of one stand-in from looking like another's.
    series: u64,
}

/// A call as it arrived, before anything is decided.
#[derive(Debug)]
pub(super) struct Arrival {
    pub(super) endpoint: Endpoint,
    pub(super) authorization: Option<String>,
    pub(super) retry_key: Option<String>,
    pub(super) body: Bytes,
    /// Found without a decision, such as a body that breaks a rule.
    pub(super) problem: Option<Answer>,
    pub(super) reply_token: Option<Arc<str>>,
    pub(super) chat: Option<Arc<str>>,
    pub(super) event: Option<Arc<str>>,
    pub(super) messages: usize,
}

impl Arrival {
    /// LINE wants the hyphenated form.
    pub(super) fn retry_uuid(&self) -> Option<Uuid> {
        self.retry_key
            .as_deref()
            .filter(|text| text.len() == 36)
            .and_then(|text| Uuid::try_parse(text).ok())
    }
}

impl Default for State {
    fn default() -> Self {
        Self {
            tokens: Tokens::default(),
            pushes: Pushes::default(),
            rate: Rate::default(),
            profiles: HashMap::new(),
            strangers: HashSet::new(),
            webhook: None,
            faults: Faults::default(),
            holds: Vec::new(),
            journal: Journal::default(),
            series: Uuid::new_v4().as_u64_pair().0,
        }
    }
}

impl State {
    /// Names the chat and the event behind a reply token or a retry key.
    pub(super) fn recognize(&self, arrival: &mut Arrival) {
        if let Some(known) = arrival
            .reply_token
            .as_deref()
            .and_then(|token| self.tokens.reply(token))
        {
            arrival.chat = Some(Arc::clone(&known.chat));
            arrival.event = Some(Arc::clone(&known.event));
        }
        if let Some(event) = arrival.retry_uuid().and_then(|key| self.pushes.event(key)) {
            arrival.event = Some(Arc::clone(event));
        }
    }

    /// The id of the call that is journaled next.
    pub(super) fn request_id(&self) -> String {
        Uuid::from_u64_pair(self.series, self.journal.len()).to_string()
    }

    pub(super) fn record(&mut self, arrival: &Arrival, accepted: bool, status: Option<u16>) -> u64 {
        let (position, request_id) = (self.journal.len(), self.request_id());
        self.journal.add(Call {
            position,
            at: SystemTime::now(),
            instant: Instant::now(),
            endpoint: arrival.endpoint,
            accepted,
            status,
            request_id,
            reply_token: arrival.reply_token.clone(),
            retry_key: arrival.retry_uuid(),
            event: arrival.event.clone(),
            chat: arrival.chat.clone(),
            body: arrival.body.clone(),
        });
        position + 1
    }
}
