//! What a spool keeps: webhooks as they came, and what LINE accepted while Postgres could not be told. Their payloads
//! as bytes; what is common to all records stands in the frame's header. Pure.

use std::fmt;
use std::time::{Duration, SystemTime};

use bytes::{BufMut, Bytes};

use crate::trace::TraceId;

/// Names a record as long as the process lives. Ordered as the records are.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub struct RecordId {
    pub(super) segment: u64,
    pub(super) offset: u32,
    pub(super) ordinal: u32,
    /// Told here so that removing needs no look at the disk.
    pub(super) events: u32,
}

/// One record.
#[derive(Clone, Debug)]
pub enum Record {
    /// A webhook call.
    Webhook(SpooledWebhook),
    /// What became of a send.
    Outcome(SpooledOutcome),
}

/// A webhook call as it came; its signature was verified.
#[derive(Clone, PartialEq, Eq)]
pub struct SpooledWebhook {
    /// When it came. Kept to the microsecond, as Postgres does.
    pub received: SystemTime,
    /// Of the call.
    pub trace: TraceId,
    /// How many are in the body.
    pub events: u32,
    /// The header, as it came.
    pub signature: Bytes,
    /// The body, as it came.
    pub body: Bytes,
}

/// Customers' text and what could replay a call stay out of logs.
impl fmt::Debug for SpooledWebhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SpooledWebhook")
            .field("received", &self.received)
            .field("trace", &self.trace)
            .field("events", &self.events)
            .field("body", &format_args!("{} bytes", self.body.len()))
            .finish_non_exhaustive()
    }
}

/// LINE accepted an answer, and Postgres could not be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpooledOutcome {
    /// The event that was answered.
    pub event: i64,
    /// When we learned it. Kept to the microsecond.
    pub accepted_at: SystemTime,
    /// LINE's id of the call.
    pub request_id: Option<String>,
    /// How.
    pub sent_by: SentBy,
}

/// How an answer went out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SentBy {
    /// With the event's reply token.
    Reply,
    /// To the chat.
    Push,
}

impl SentBy {
    /// As it stands in Postgres.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Reply => "reply",
            Self::Push => "push",
        }
    }
}

/// In the header. A number is never used again for something else.
const WEBHOOK: u8 = 1;
const OUTCOME: u8 = 2;
/// Trace id and the length of the signature.
const WEBHOOK_FIXED: usize = 16 + 4;
/// Event, how it was sent, whether there is a request id.
const OUTCOME_FIXED: usize = 8 + 1 + 1;

impl Record {
    pub(super) const fn kind(&self) -> u8 {
        match self {
            Self::Webhook(_) => WEBHOOK,
            Self::Outcome(_) => OUTCOME,
        }
    }

    /// When it happened, as the header keeps it.
    pub(super) fn at(&self) -> i64 {
        micros(match self {
            Self::Webhook(webhook) => webhook.received,
            Self::Outcome(outcome) => outcome.accepted_at,
        })
    }

    /// How many events depend on it.
    pub(super) const fn events(&self) -> u32 {
        match self {
            Self::Webhook(webhook) => webhook.events,
            Self::Outcome(_) => 1,
        }
    }

    /// Of the payload, in bytes.
    pub(super) fn payload_len(&self) -> usize {
        match self {
            Self::Webhook(one) => WEBHOOK_FIXED + one.signature.len() + one.body.len(),
            Self::Outcome(one) => OUTCOME_FIXED + one.request_id.as_ref().map_or(0, String::len),
        }
    }

    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Self::Webhook(one) => {
                out.put_slice(one.trace.as_bytes());
                // The frame's bound is far below 4 GiB.
                out.put_u32_le(u32::try_from(one.signature.len()).unwrap_or(u32::MAX));
                out.put_slice(&one.signature);
                out.put_slice(&one.body);
            }
            Self::Outcome(one) => {
                out.put_i64_le(one.event);
                out.put_u8(match one.sent_by {
                    SentBy::Reply => 1,
                    SentBy::Push => 2,
                });
                out.put_u8(u8::from(one.request_id.is_some()));
                out.put_slice(one.request_id.as_deref().unwrap_or_default().as_bytes());
            }
        }
    }

    /// From a payload whose checksum was right. `None`: of a kind or form that this program does not know.
    pub(super) fn decode(kind: u8, at: i64, events: u32, payload: &Bytes) -> Option<Self> {
        match kind {
            WEBHOOK => {
                let (fixed, rest) = payload.split_at_checked(WEBHOOK_FIXED)?;
                let (trace, length) = fixed.split_at(16);
                let length = usize::try_from(u32::from_le_bytes(length.try_into().ok()?)).ok()?;
                let body = WEBHOOK_FIXED.checked_add(length)?;
                (length <= rest.len()).then(|| {
                    Some(Self::Webhook(SpooledWebhook {
                        received: time(at),
                        trace: TraceId::from_bytes(trace.try_into().ok()?),
                        events,
                        signature: payload.slice(WEBHOOK_FIXED..body),
                        body: payload.slice(body..),
                    }))
                })?
            }
            OUTCOME => {
                let (fixed, request_id) = payload.split_at_checked(OUTCOME_FIXED)?;
                let (event, flags) = fixed.split_at(8);
                let request_id = std::str::from_utf8(request_id).ok()?;
                Some(Self::Outcome(SpooledOutcome {
                    event: i64::from_le_bytes(event.try_into().ok()?),
                    accepted_at: time(at),
                    request_id: (flags[1] == 1).then(|| request_id.to_owned()),
                    sent_by: match flags[0] {
                        1 => SentBy::Reply,
                        2 => SentBy::Push,
                        _ => return None,
                    },
                }))
            }
            _ => None,
        }
    }
}

/// Microseconds since 1970; what lies outside of the range is its end.
fn micros(time: SystemTime) -> i64 {
    let clamped = |length: Duration| i64::try_from(length.as_micros()).unwrap_or(i64::MAX);
    match time.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(after) => clamped(after),
        Err(before) => -clamped(before.duration()),
    }
}

pub(super) fn time(micros: i64) -> SystemTime {
    let length = Duration::from_micros(micros.unsigned_abs());
    let epoch = SystemTime::UNIX_EPOCH;
    let time = if micros < 0 {
        epoch.checked_sub(length)
    } else {
        epoch.checked_add(length)
    };
    time.unwrap_or(epoch)
}
