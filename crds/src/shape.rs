//! The pieces that schemas are made of, in OpenAPI v3 as the API server takes it: every text and list is bounded, and no number is
//! of a format that it does not know.

use serde_json::{Map, Value, json};

/// GEP-2257's form of durations, as `sabai_wire::duration` reads it.
pub(crate) const DURATION_PATTERN: &str = "^([0-9]{1,5}(h|m|s|ms)){1,4}$";
/// The longest duration, in characters.
pub(crate) const DURATION_CHARACTERS: usize = 24;
/// What `sabai_wire::control::Timestamp` reads; that it is a time at all is the format's business.
const TIME_PATTERN: &str =
    r"^(19[7-9]|[2-9][0-9]{2})[0-9]-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?Z$";
const TIME_CHARACTERS: usize = 27;

/// How many of something, or the generation of an object.
pub(crate) fn count() -> Value {
    json!({"type": "integer", "format": "int64", "minimum": 0})
}

pub(crate) fn text(characters: usize) -> Value {
    json!({"type": "string", "maxLength": characters})
}

pub(crate) fn matching(pattern: &str, characters: usize) -> Value {
    json!({"type": "string", "maxLength": characters, "pattern": pattern})
}

/// A name in CamelCase, of a list that grows: a condition, a reason, a Fault.
pub(crate) fn camel_case() -> Value {
    matching("^[A-Z][A-Za-z0-9]*$", 63)
}

pub(crate) fn duration() -> Value {
    matching(DURATION_PATTERN, DURATION_CHARACTERS)
}

pub(crate) fn sha256() -> Value {
    matching("^[0-9a-f]{64}$", 64)
}

/// A moment: RFC 3339 in UTC, at most microseconds.
pub(crate) fn time() -> Value {
    let mut time = matching(TIME_PATTERN, TIME_CHARACTERS);
    time["format"] = json!("date-time");
    time
}

/// One of these words.
pub(crate) fn word<T: AsRef<str>>(words: impl IntoIterator<Item = T>) -> Value {
    let words: Vec<Value> = words.into_iter().map(|word| word.as_ref().into()).collect();
    json!({"type": "string", "enum": words})
}

/// An object of these fields.
pub(crate) fn object(fields: impl IntoIterator<Item = (String, Value)>) -> Value {
    let fields: Map<String, Value> = fields.into_iter().collect();
    json!({"type": "object", "properties": fields})
}

/// A list in which each item has another `key`.
pub(crate) fn list_by(key: &str, items: Value, most: usize) -> Value {
    json!({
        "type": "array",
        "maxItems": most,
        "items": items,
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": [key],
    })
}

/// The shape with what it is for.
pub(crate) fn described(mut shape: Value, description: &str) -> Value {
    shape["description"] = description.trim().into();
    shape
}
