//! The queue: lanes, holds on them, and the events in them. States and one diagram: `docs/queue.md`.
//!
//! A lane is one conversation; who holds it works its events one at a time, in order, until its lease runs
//! out. The statements are in [`store`]; [`worker`] works holds, [`job`] one event, [`claimer`] finds lanes,
//! [`renewer`] keeps them.

pub mod breaker;
pub mod claimer;
pub mod debts;
mod hold;
pub mod job;
pub mod refresh;
pub mod renewer;
mod settlement;
mod state_folder;
pub mod store;
pub mod told;
pub mod worker;

use std::time::SystemTime;

use crate::event::Event;
use crate::event::key::EventKey;
use crate::responder::Language;
use crate::trace::TraceId;

pub use hold::{Hold, Lease, Part};
pub use state_folder::{StateFolder, StateFolderError};

/// An event that waits for its answer, with all that is needed to work it.
#[derive(Debug)]
pub struct Work {
    /// Its id in every table.
    pub id: i64,
    /// Its identity; the retry key of a push comes from it.
    pub key: EventKey,
    /// What was read of it; `None` when nothing could be, or nothing is left of it.
    pub event: Option<Event>,
    /// Claims counted so far, this one included.
    pub attempts: i16,
    /// When it happened, by LINE's clock.
    pub occurred_at: SystemTime,
    /// The webhook call that brought it.
    pub trace: TraceId,
    /// Set when the customer took the message back (`None`) or edited it.
    pub amended: Option<Option<String>>,
    /// Who wrote it, as far as we know.
    pub person: Person,
    /// What an earlier holder had begun to send.
    pub outbox: Option<Begun>,
}

/// What is known about a customer when an answer is chosen.
#[derive(Clone, Debug, Default)]
pub struct Person {
    /// The language the customer chose, `th` or `en`.
    pub stored_language: Option<String>,
    /// The language of the LINE profile (BCP 47).
    pub profile_language: Option<String>,
    /// When the profile was last fetched.
    pub fetched_at: Option<SystemTime>,
}

impl Person {
    /// The stored choice as a value.
    pub fn language(&self) -> Option<Language> {
        self.stored_language
            .as_deref()
            .and_then(Language::from_code)
    }
}

/// An outbox row: from here on the responder is not asked again.
#[derive(Clone, Debug)]
pub struct Begun {
    /// The step to a push has been taken.
    pub pushing: bool,
    /// The messages, a JSON array.
    pub payload: String,
    /// Reply calls that may have reached LINE.
    pub reply_attempts: i16,
    /// When LINE accepted, if somebody knows that it did.
    pub accepted_at: Option<SystemTime>,
}

impl Work {
    /// The customer's text as it stands now.
    pub fn text(&self) -> Option<&str> {
        match &self.amended {
            Some(text) => text.as_deref(),
            None => self.event.as_ref()?.message.as_ref()?.text.as_deref(),
        }
    }

    /// Who wrote it.
    pub fn user_id(&self) -> Option<&str> {
        self.event.as_ref()?.user_id()
    }

    /// Whether the customer took the message back.
    pub fn is_unsent(&self) -> bool {
        matches!(self.amended, Some(None))
    }
}
