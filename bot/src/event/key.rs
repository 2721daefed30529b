//! What makes two deliveries the same event: the deduplication key and its day.
//! The ways to make a key never collide: a hash of content starts with two NULs, which no
//! hash of an id does (ids are printable and not empty).

use std::fmt;

use ring::digest::{Context, Digest, SHA256};
use serde_json::{Map, Value};

const CONTENT: &[u8] = b"\0\0content\0";
const BYTES: &[u8] = b"\0\0bytes\0";
const MS_PER_DAY: i64 = 86_400_000;

/// SHA-256 that names one event for ever, across pods and versions.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventKey([u8; 32]);

impl EventKey {
    /// The key of an event that LINE gave an id: SHA-256(destination, 0x00, id).
    pub fn of_id(destination: Option<&str>, id: &str) -> Self {
        digest(&[
            destination.unwrap_or_default().as_bytes(),
            b"\0",
            id.as_bytes(),
        ])
    }

    /// The key of an event without id: its content, whatever the order of its members, and
    /// without `deliveryContext`, the one member that differs in a redelivery.
    pub fn of_content(destination: Option<&str>, event: &Map<String, Value>) -> Self {
        let mut content = event.clone();
        content.remove("deliveryContext");
        let mut content = Value::Object(content);
        // A dependency may switch serde_json to insertion order; then this sorts.
        content.sort_all_objects();
        let content = content.to_string();
        digest(&[
            CONTENT,
            destination.unwrap_or_default().as_bytes(),
            b"\0",
            content.as_bytes(),
        ])
    }

    /// The key of what cannot be read: its very bytes.
    pub fn of_bytes(raw: &[u8]) -> Self {
        digest(&[BYTES, raw])
    }

    /// A key as it was stored.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// For storing.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for EventKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for EventKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Days since 1970-01-01 (UTC) of a time in milliseconds since then, at the ends of `i32` for
/// times beyond them.
pub fn day(ms: i64) -> i32 {
    let days = ms.div_euclid(MS_PER_DAY);
    i32::try_from(days).unwrap_or(if days < 0 { i32::MIN } else { i32::MAX })
}

fn digest(parts: &[&[u8]]) -> EventKey {
    let mut context = Context::new(&SHA256);
    parts.iter().for_each(|part| context.update(part));
    let digest: Digest = context.finish();
    EventKey(digest.as_ref().try_into().expect("SHA-256 is 32 bytes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(json: &str) -> EventKey {
        let Value::Object(event) = serde_json::from_str(json).expect("test JSON") else {
            panic!("a test event is an object");
        };
        EventKey::of_content(Some("U1"), &event)
    }

    #[test]
    fn the_key_of_an_id_is_the_documented_hash() {
        // printf 'U1\0E1' | sha256sum: stored keys must outlive every version.
        assert_eq!(
            EventKey::of_id(Some("U1"), "E1").to_string(),
            "93a8a0621f500034c725ae113b4154668296b6f13aa24f9897e751a444158b41"
        );
    }

    #[test]
    fn a_redelivery_and_another_order_of_members_are_the_same_event() {
        let first = content(
            r#"{"type":"message","message":{"id":"1","text":"a"},"deliveryContext":{"isRedelivery":false}}"#,
        );
        let again = content(
            r#"{ "deliveryContext":{"isRedelivery":true}, "message":{"text":"\u0061","id":"1"}, "type":"message" }"#,
        );
        assert_eq!(first, again);
        let other = content(r#"{"type":"message","message":{"id":"2","text":"a"}}"#);
        assert_ne!(first, other);
    }

    #[test]
    fn different_things_have_different_keys() {
        let event = Map::new();
        let keys = [
            EventKey::of_id(Some("U1"), "E1"),
            EventKey::of_id(Some("U2"), "E1"),
            EventKey::of_id(Some("U1"), "E2"),
            EventKey::of_id(None, "E1"),
            EventKey::of_content(Some("U1"), &event),
            EventKey::of_content(None, &event),
            EventKey::of_bytes(b"{}"),
            EventKey::of_bytes(b""),
        ];
        for (n, key) in keys.iter().enumerate() {
            assert!(!keys[..n].contains(key), "key {n} repeats");
        }
    }

    #[test]
    fn days_begin_at_midnight_utc() {
        for (ms, expected) in [
            (0, 0),
            (86_399_999, 0),
            (86_400_000, 1),
            (-1, -1),
            (1_767_225_600_000, 20_454), // 2026-01-01
            (i64::MAX, i32::MAX),
            (i64::MIN, i32::MIN),
        ] {
            assert_eq!(day(ms), expected, "{ms}");
        }
    }
}
