//! One LINE webhook event as a value of ours: owned, bounded, safe to store.
//! The bytes it was read from are kept apart, as they came; this is only what the bot acts on.
//! Nothing in here does I/O or reads a clock.

use std::borrow::Cow;

pub mod envelope;
pub mod key;
pub mod kind;
pub mod read;
#[cfg(test)]
pub(crate) mod samples;
pub mod triage;

use key::EventKey;
use kind::{Kind, MessageKind, Mode, SourceKind};

/// What could be read of one event. Absent, malformed and out-of-bounds members are all `None`:
/// LINE leaves out members without a value, so "absent" is the one case every reader handles.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Identity for deduplication; a redelivery has the same.
    pub key: EventKey,
    /// LINE's own id (a ULID today); never relied upon to be one.
    pub webhook_event_id: Option<String>,
    /// User id of the bot this event was sent to, from the envelope.
    pub destination: Option<String>,
    pub kind: Kind,
    pub mode: Mode,
    pub source: Source,
    /// `<destination>/<user|group|room>/<id>`: the conversation whose events are worked in order.
    pub lane: Option<String>,
    /// When it happened, in milliseconds since 1970 (UTC). The same in a redelivery.
    pub occurred_at_ms: Option<i64>,
    /// When this copy reached us, in milliseconds since 1970 (UTC).
    pub received_at_ms: i64,
    /// LINE says it sent this before. The first copy we see may already be one.
    pub redelivery: bool,
    pub reply_token: Option<String>,
    /// Only in `message` events.
    pub message: Option<Message>,
    /// Only in `messageEdited` events.
    pub edited: Option<Edited>,
    /// Only in `unsend` events: the message whose text must go.
    pub unsend_message_id: Option<String>,
    pub postback_data: Option<String>,
}

/// Who spoke, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    pub kind: SourceKind,
    /// In groups and rooms only of people who consented.
    pub user_id: Option<String>,
    pub group_id: Option<String>,
    pub room_id: Option<String>,
}

/// A user's message. Texts are safe for a Postgres `text` column ([`read::postgres_text`]).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    pub id: Option<String>,
    pub kind: MessageKind,
    /// What was typed; stickers may carry one too.
    pub text: Option<String>,
    pub file_name: Option<String>,
    /// In bytes.
    pub file_size: Option<i64>,
}

/// The new state of a message; the copy with the largest `occurred_at_ms` wins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edited {
    pub message_id: String,
    pub text: Option<String>,
}

impl Event {
    /// Where a push goes: the group or room, else the user.
    pub fn chat_id(&self) -> Option<&str> {
        self.source.chat_id()
    }

    /// The person behind the event, where LINE tells.
    pub fn user_id(&self) -> Option<&str> {
        self.source.user_id.as_deref()
    }

    /// The customer, when nobody else is in the conversation.
    pub fn one_to_one(&self) -> Option<&str> {
        self.user_id()
            .filter(|_| self.source.kind == SourceKind::User)
    }

    /// The id of the message this event is about: sent, edited or taken back.
    pub fn message_id(&self) -> Option<&str> {
        let sent = self
            .message
            .as_ref()
            .and_then(|message| message.id.as_deref());
        let edited = || {
            self.edited
                .as_ref()
                .map(|edited| edited.message_id.as_str())
        };
        sent.or_else(edited).or(self.unsend_message_id.as_deref())
    }

    /// What was asked, for the saved turn: `message/text`, `postback`, `follow`.
    pub fn question_kind(&self) -> Cow<'_, str> {
        match &self.message {
            Some(message) => Cow::Owned(format!("message/{}", message.kind.as_str())),
            None => Cow::Borrowed(self.kind.as_str()),
        }
    }

    /// The day of its deduplication entry, in days since 1970-01-01 (UTC): from its own timestamp,
    /// which a redelivery shares; only without one from the time of receipt.
    pub fn day(&self) -> i32 {
        key::day(self.occurred_at_ms.unwrap_or(self.received_at_ms))
    }
}

impl Source {
    fn chat_id(&self) -> Option<&str> {
        match self.kind {
            SourceKind::User => self.user_id.as_deref(),
            SourceKind::Group => self.group_id.as_deref(),
            SourceKind::Room => self.room_id.as_deref(),
            SourceKind::Unknown => None,
        }
    }

    /// An id never holds a `/` (see `read`), so no two conversations share a lane.
    fn lane(&self, destination: Option<&str>) -> Option<String> {
        let id = self.chat_id()?;
        let kind = self.kind.as_str();
        Some(format!("{}/{kind}/{id}", destination.unwrap_or_default()))
    }
}
