//! Reads one event from its own bytes: into JSON first, then member by member, each with its
//! bound. What is missing or odd becomes `None` or `Unknown`; only bytes that are no JSON object
//! for us are `Unreadable`. Never panics, whatever the bytes.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Map, Value};

use super::key::EventKey;
use super::kind::{Kind, MessageKind, Mode, SourceKind};
use super::{Edited, Event, Message, Source};

/// Longest id or token that is used; LINE's are under 64 bytes.
const ID_LIMIT: usize = 128;
const TOKEN_LIMIT: usize = 256;
/// 9999-12-31T23:59:59.999Z, the last time most date types can hold.
const LAST_MS: i64 = 253_402_300_799_999;

/// An event that is stored as it came and can never be worked. Its text holds nothing of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Unreadable {
    /// Made of the bytes, since nothing in them can be trusted.
    pub key: EventKey,
    /// For the dead letter.
    pub reason: String,
}

impl Unreadable {
    /// These bytes, for this reason.
    pub fn new(raw: &[u8], reason: impl Into<String>) -> Self {
        Self {
            key: EventKey::of_bytes(raw),
            reason: reason.into(),
        }
    }
}

impl Event {
    /// Reads an event of a call to `destination`.
    ///
    /// # Errors
    /// Not a JSON object, nested deeper than 127 levels, or a lone surrogate in a text.
    pub fn read(
        raw: &[u8],
        destination: Option<&str>,
        received: SystemTime,
    ) -> Result<Self, Unreadable> {
        let value = serde_json::from_slice(raw)
            .map_err(|error| Unreadable::new(raw, format!("cannot read the event: {error}")))?;
        let Value::Object(mut event) = value else {
            return Err(Unreadable::new(raw, "cannot read the event: not an object"));
        };
        let webhook_event_id = take_id(&mut event, "webhookEventId");
        let key = match &webhook_event_id {
            Some(id) => EventKey::of_id(destination, id),
            None => EventKey::of_content(destination, &event),
        };
        let kind = Kind::of(name(&event, "type"));
        let source = take_source(&mut event);
        let message = take_object(&mut event, "message");
        let (message, edited) = match kind {
            Kind::Message => (Some(read_message(message)), None),
            Kind::MessageEdited => (None, read_edited(message)),
            _ => (None, None),
        };
        Ok(Self {
            key,
            webhook_event_id,
            destination: destination.map(str::to_owned),
            mode: Mode::of(name(&event, "mode")),
            lane: source.lane(destination),
            source,
            occurred_at_ms: event.get("timestamp").and_then(timestamp),
            received_at_ms: since_1970_ms(received),
            redelivery: redelivery(&event),
            reply_token: take_string(&mut event, "replyToken")
                .filter(|token| printable(token, TOKEN_LIMIT)),
            message,
            edited,
            unsend_message_id: match kind {
                Kind::Unsend => take_id(&mut take_object(&mut event, "unsend"), "messageId"),
                _ => None,
            },
            postback_data: match kind {
                Kind::Postback => take_text(&mut take_object(&mut event, "postback"), "data"),
                _ => None,
            },
            kind,
        })
    }
}

/// The same text without NUL, which no Postgres `text` can hold: each becomes U+FFFD.
pub fn postgres_text(text: String) -> String {
    if text.contains('\0') {
        text.replace('\0', "\u{fffd}")
    } else {
        text
    }
}

/// Whether it can serve as an id: in a `text` column, a log line, a URL's path segment, a lane.
pub(super) fn id(text: &str) -> bool {
    printable(text, ID_LIMIT) && !text.contains('/')
}

fn printable(text: &str, limit: usize) -> bool {
    (1..=limit).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

fn name<'a>(object: &'a Map<String, Value>, member: &str) -> Option<&'a str> {
    object.get(member)?.as_str()
}

fn take_string(object: &mut Map<String, Value>, member: &str) -> Option<String> {
    match object.get_mut(member).map(Value::take) {
        Some(Value::String(text)) => Some(text),
        _ => None,
    }
}

fn take_id(object: &mut Map<String, Value>, member: &str) -> Option<String> {
    // Left in place when unfit: the key of an event without a usable id is made of all of it.
    if !object.get(member)?.as_str().is_some_and(id) {
        return None;
    }
    take_string(object, member)
}

fn take_text(object: &mut Map<String, Value>, member: &str) -> Option<String> {
    take_string(object, member).map(postgres_text)
}

fn take_object(object: &mut Map<String, Value>, member: &str) -> Map<String, Value> {
    match object.get_mut(member).map(Value::take) {
        Some(Value::Object(inner)) => inner,
        _ => Map::new(),
    }
}

fn take_source(event: &mut Map<String, Value>) -> Source {
    let mut source = take_object(event, "source");
    Source {
        kind: SourceKind::of(name(&source, "type")),
        user_id: take_id(&mut source, "userId"),
        group_id: take_id(&mut source, "groupId"),
        room_id: take_id(&mut source, "roomId"),
    }
}

fn read_message(mut message: Map<String, Value>) -> Message {
    Message {
        kind: MessageKind::of(name(&message, "type")),
        id: take_id(&mut message, "id"),
        text: take_text(&mut message, "text"),
        file_name: take_text(&mut message, "fileName"),
        file_size: message
            .get("fileSize")
            .and_then(Value::as_i64)
            .filter(|size| *size >= 0),
    }
}

fn read_edited(mut message: Map<String, Value>) -> Option<Edited> {
    let message_id = take_id(&mut message, "id")?;
    Some(Edited {
        message_id,
        text: take_text(&mut message, "text"),
    })
}

fn redelivery(event: &Map<String, Value>) -> bool {
    let context = event.get("deliveryContext");
    context.and_then(|context| context.get("isRedelivery")) == Some(&Value::Bool(true))
}

/// Milliseconds since 1970, whole or not, up to the year 9999.
fn timestamp(value: &Value) -> Option<i64> {
    // A float cast saturates, and what saturates is out of the range.
    let ms = value
        .as_i64()
        .or_else(|| value.as_f64().map(|ms| ms as i64))?;
    (0..=LAST_MS).contains(&ms).then_some(ms)
}

fn since_1970_ms(time: SystemTime) -> i64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(LAST_MS)
}

#[cfg(test)]
mod tests;
