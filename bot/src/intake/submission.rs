//! What the webhook handler hands to intake, and the answer it waits for.
//! Values only: no decision is made here.

use std::time::SystemTime;

use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, oneshot};
use tokio::time::Instant;

use crate::event::Event;
use crate::event::envelope;
use crate::event::key::EventKey;
use crate::event::read::Unreadable;
use crate::trace::TraceId;

/// A verified call waiting to be made durable. Dropping `done` unsent is `Unavailable` to LINE.
#[derive(Debug)]
pub struct Submission {
    pub webhook: Webhook,
    /// `Ok` only once every event is durable. Nobody may be listening any more.
    pub done: oneshot::Sender<Result<(), Refusal>>,
}

/// One verified call.
#[derive(Debug)]
pub struct Webhook {
    /// Never empty.
    pub events: Vec<Incoming>,
    /// When its head had been read: LINE's 2 s run from about here.
    pub arrived: Instant,
    pub received: SystemTime,
    pub trace: TraceId,
    /// The call as it came, for the spool and for evacuation.
    pub body: Bytes,
    /// The value of `x-line-signature`, as it came.
    pub signature: Bytes,
    /// From the spool of another pod, see [`crate::intake::HOP`].
    pub relayed: bool,
    /// The body's share of the memory set aside for bodies; given back when this is dropped.
    pub memory: Option<OwnedSemaphorePermit>,
}

/// One event to be stored, readable or not.
#[derive(Debug)]
pub struct Incoming {
    /// The event's own bytes as they came, or the whole body when it cannot be split.
    pub body: Vec<u8>,
    /// Its place in the call, from 0.
    pub ordinal: i32,
    /// Of `read`, whichever it is.
    pub key: EventKey,
    pub read: Result<Event, Unreadable>,
}

impl Incoming {
    /// The events of a verified body: none if the call has none, one dead letter of the whole
    /// body if it cannot be split.
    pub fn of_body(body: &[u8], received: SystemTime) -> Vec<Self> {
        let envelope = match envelope::split(body) {
            Ok(envelope) => envelope,
            Err(error) => {
                return vec![Self::new(
                    body,
                    0,
                    Err(Unreadable::new(body, error.to_string())),
                )];
            }
        };
        let destination = envelope.destination.as_deref();
        let events = envelope.events.iter().zip(0..);
        events
            .map(|(raw, ordinal)| {
                let raw = raw.get().as_bytes();
                Self::new(raw, ordinal, Event::read(raw, destination, received))
            })
            .collect()
    }

    fn new(body: &[u8], ordinal: i32, read: Result<Event, Unreadable>) -> Self {
        let key = read
            .as_ref()
            .map_or_else(|error| error.key, |event| event.key);
        Self {
            body: body.to_vec(),
            ordinal,
            key,
            read,
        }
    }
}

/// Why a call was not made durable in time. All are 503 to LINE; it may have been stored
/// nevertheless, and its keys make a redelivery safe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("not durable within the deadline")]
    Late,
    #[error("too many calls are waiting")]
    Full,
    #[error("stopping")]
    Stopping,
    /// A peer's spooled webhook, and we spool ourselves.
    #[error("spooling too")]
    Spooling,
    /// The fault's name.
    #[error("cannot store: {0}")]
    Unavailable(&'static str),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events(body: &[u8]) -> Vec<Incoming> {
        Incoming::of_body(body, SystemTime::UNIX_EPOCH)
    }

    #[test]
    fn neighbours_of_an_unreadable_event_are_read() {
        let body = br#"{"destination":"U1","events":[{"type":"follow"},{"type":"\ud800"},{"type":"join"}]}"#;
        let events = events(body);
        let seen: Vec<_> = events
            .iter()
            .map(|event| (event.ordinal, event.read.is_ok()))
            .collect();
        assert_eq!(seen, [(0, true), (1, false), (2, true)]);
        assert_eq!(events[1].body, br#"{"type":"\ud800"}"#);
        assert_eq!(events[1].key, EventKey::of_bytes(&events[1].body));
        assert_eq!(
            events[2].key,
            events[2].read.as_ref().expect("readable").key
        );
    }

    #[test]
    fn what_cannot_be_split_is_one_dead_letter_of_the_whole_body() {
        for body in [&b"\xff\xfe"[..], b"hello", b"[1]", b"{\"events\":7}", b""] {
            let events = events(body);
            assert_eq!(events.len(), 1);
            assert_eq!(events[0].body, body);
            let error = events[0].read.as_ref().expect_err("unreadable");
            assert!(
                error.to_string().starts_with("cannot split the webhook"),
                "{error}"
            );
        }
    }

    #[test]
    fn a_call_without_events_has_none() {
        assert!(
            events(br#"{"destination":"U8e742f61d673b39c7fff3cecb7536ef0","events":[]}"#)
                .is_empty()
        );
    }
}
