//! Splits a webhook call into its events, each as the very bytes that came.
//! Looks at nothing inside an event: a lone surrogate or bottomless nesting in one leaves its
//! neighbours intact. Never sees a body whose signature was not verified.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::error::Category;
use serde_json::value::RawValue;

use super::read::id;

/// Most events of one call that are taken apart. A body of 1 MiB can spell half a million empty
/// ones, each of which would cost hundreds of bytes here; of real events (over 200 bytes each)
/// it holds half of this.
pub const MAX_EVENTS: usize = 10_000;

/// A call's events, in LINE's order.
#[derive(Debug, Default)]
pub struct Envelope<'a> {
    /// User id of the bot the call is for; `None` when absent or not usable as an id.
    pub destination: Option<String>,
    /// Each event's own bytes, untouched.
    pub events: Vec<&'a RawValue>,
}

/// Why a body is not a webhook call. Its text holds nothing of the body.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot split the webhook into events: {reason}")]
pub struct Unsplittable {
    reason: String,
}

/// Splits a verified body. An object without `events` (or with `null`) has none; if a member is
/// repeated, the last `destination` counts and the events of all are kept.
///
/// # Errors
/// Not UTF-8, not JSON, not an object, `events` not an array, or more than [`MAX_EVENTS`].
pub fn split(body: &[u8]) -> Result<Envelope<'_>, Unsplittable> {
    let text = std::str::from_utf8(body).map_err(|error| {
        Unsplittable::because(format!("not UTF-8 at byte {}", error.valid_up_to()))
    })?;
    let envelope: Envelope<'_> =
        serde_json::from_str(text).map_err(|error| match error.classify() {
            // serde's own text for these would quote the body.
            Category::Data => Unsplittable::because("not an object with an array of events"),
            Category::Io | Category::Syntax | Category::Eof => {
                Unsplittable::because(format!("not JSON: {error}"))
            }
        })?;
    if envelope.events.len() > MAX_EVENTS {
        return Err(Unsplittable::because(format!(
            "{} events",
            envelope.events.len()
        )));
    }
    Ok(envelope)
}

impl Unsplittable {
    fn because(reason: impl Into<String>) -> Self {
        Self {
            reason: reason.into(),
        }
    }
}

impl<'de> Deserialize<'de> for Envelope<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(EnvelopeVisitor)
    }
}

struct EnvelopeVisitor;

impl<'de> Visitor<'de> for EnvelopeVisitor {
    type Value = Envelope<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a webhook call")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut envelope = Envelope::default();
        while let Some(name) = map.next_key()? {
            match name {
                Name::Destination => {
                    let raw: &RawValue = map.next_value()?;
                    let text = serde_json::from_str::<String>(raw.get()).ok();
                    envelope.destination = text.filter(|text| id(text));
                }
                Name::Events => envelope.events.extend(map.next_value::<Events<'de>>()?.0),
                Name::Other => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(envelope)
    }
}

enum Name {
    Destination,
    Events,
    Other,
}

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NameVisitor;
        impl Visitor<'_> for NameVisitor {
            type Value = Name;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a member's name")
            }

            fn visit_bytes<E>(self, name: &[u8]) -> Result<Name, E> {
                Ok(match name {
                    b"destination" => Name::Destination,
                    b"events" => Name::Events,
                    _ => Name::Other,
                })
            }
        }
        // As bytes: a lone surrogate in a name is not an error to serde_json then.
        deserializer.deserialize_bytes(NameVisitor)
    }
}

struct Events<'de>(Vec<&'de RawValue>);

impl<'de> Deserialize<'de> for Events<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct EventsVisitor;
        impl<'de> Visitor<'de> for EventsVisitor {
            type Value = Events<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array of events")
            }

            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(Events(Vec::new()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut events = Vec::new();
                while let Some(event) = seq.next_element()? {
                    events.push(event);
                }
                Ok(Events(events))
            }

            fn visit_map<A: MapAccess<'de>>(self, _: A) -> Result<Self::Value, A::Error> {
                Err(A::Error::custom("an object"))
            }
        }
        deserializer.deserialize_any(EventsVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events(body: &str) -> Vec<&str> {
        split(body.as_bytes())
            .expect("splits")
            .events
            .into_iter()
            .map(RawValue::get)
            .collect()
    }

    #[test]
    fn events_keep_their_bytes() {
        let body = "{ \"events\" : [ {\"a\" : 1 ,\n\"a\":\"\\u0000\"} , 7,\"x\" ,null,[ ]] ,\"new\":{\"deep\":[]}}";
        assert_eq!(
            events(body),
            [
                "{\"a\" : 1 ,\n\"a\":\"\\u0000\"}",
                "7",
                "\"x\"",
                "null",
                "[ ]"
            ]
        );
    }

    #[test]
    fn no_events_is_a_call_without_events() {
        for body in [
            r#"{"destination":"U1","events":[]}"#,
            r#"{"events":null}"#,
            "{}",
            r#" { "hello" : "world" } "#,
        ] {
            assert!(events(body).is_empty(), "{body}");
        }
    }

    #[test]
    fn a_poisoned_event_leaves_its_neighbours_intact() {
        let surrogate = r#"{"text":"\ud800"}"#.to_owned();
        let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
        let deep_objects = format!("{}1{}", "{\"a\":".repeat(10_000), "}".repeat(10_000));
        for poison in [surrogate, deep, deep_objects] {
            let body = format!(r#"{{"\udc00":"\udc00","events":[{{"n":1}},{poison},{{"n":3}}]}}"#);
            assert_eq!(events(&body), [r#"{"n":1}"#, poison.as_str(), r#"{"n":3}"#]);
        }
    }

    #[test]
    fn destination_is_lenient() {
        for (body, destination) in [
            (r#"{"destination":"U8e74"}"#, Some("U8e74")),
            (r#"{"\u0064estination":"U\u0031"}"#, Some("U1")),
            (r#"{"destination":"U1","destination":"U2"}"#, Some("U2")),
            (r#"{"destination":7}"#, None),
            (r#"{"destination":{"a":[]}}"#, None),
            (r#"{"destination":"\ud800"}"#, None),
            (r#"{"destination":"U\u0000"}"#, None),
            (r#"{"destination":"a/b"}"#, None),
            (r#"{"destination":""}"#, None),
            ("{}", None),
        ] {
            assert_eq!(
                split(body.as_bytes())
                    .expect("splits")
                    .destination
                    .as_deref(),
                destination,
                "{body}"
            );
        }
    }

    #[test]
    fn repeated_events_lose_nothing() {
        assert_eq!(events(r#"{"events":[1],"events":[2,3]}"#), ["1", "2", "3"]);
    }

    #[test]
    fn what_is_no_call_is_refused_without_quoting_it() {
        let many = format!("{{\"events\":[{}0]}}", "0,".repeat(MAX_EVENTS));
        for (body, reason) in [
            (&b""[..], "not JSON"),
            (b"hello", "not JSON"),
            (b"{\"events\":[{]}", "not JSON"),
            (b"{\"events\":[]} x", "not JSON"),
            (b"{\"events\":[", "not JSON"),
            (b"[]", "not an object"),
            (b"\"secret\"", "not an object"),
            (b"{\"events\":\"secret\"}", "not an object"),
            (b"{\"events\":{\"secret\":1}}", "not an object"),
            (b"{\"events\":7}", "not an object"),
            (b"{\"events\":[\"\xff\"]}", "not UTF-8 at byte 12"),
            (many.as_bytes(), "10001 events"),
        ] {
            let error = split(body).expect_err("refused").to_string();
            assert!(
                error.contains(reason) && !error.contains("secret"),
                "{error}"
            );
        }
    }
}
