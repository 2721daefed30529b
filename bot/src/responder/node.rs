//! The answers file as a tree in which every node knows its place.
//!
//! YAML only: what the keys mean is `schema`'s. A typed reading would stop at
//! the first mistake; over a tree all of them can be named at once.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::{DuplicateKeyPolicy, Location, MessageFormatter, Spanned, UserMessageFormatter};

use super::problem::{Place, Problem};

/// Deeper than any answers file, shallow enough for any stack.
const MAX_DEPTH: usize = 24;
/// With what aliases bring in again: ten times the largest file a person keeps.
const MAX_NODES: usize = 100_000;
/// Bytes of all keys and texts, with what aliases bring in again.
const MAX_TEXT: usize = 4 * 1024 * 1024;

#[derive(Debug)]
pub(super) struct Node {
    pub(super) place: Place,
    pub(super) value: Value,
}

#[derive(Debug)]
pub(super) enum Value {
    Nothing,
    /// What YAML makes of unquoted `true` and `false`.
    Truth(bool),
    /// A number, which YAML makes of unquoted `100`.
    Literal(&'static str),
    Text(String),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

#[derive(Debug)]
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) place: Place,
    pub(super) value: Node,
}

/// Reads one YAML document.
///
/// # Errors
/// The first problem of its syntax, with its place: what follows cannot be trusted.
pub(super) fn parse(yaml: &str) -> Result<Node, Problem> {
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_depth: MAX_DEPTH,
            max_nodes: MAX_NODES,
            max_total_scalar_bytes: MAX_TEXT,
            max_recorded_anchor_bytes: MAX_TEXT,
        },
        alias_limits: serde_saphyr::alias_limits! { max_total_replayed_events: MAX_NODES },
        // Kept, to be reported with all the others.
        duplicate_keys: DuplicateKeyPolicy::PassThrough,
        // `yes`, `no` and a telephone number are texts.
        strict_booleans: true,
        leading_zero_numbers_as_strings: true,
        with_snippet: false,
    };
    serde_saphyr::from_str_with_options(yaml, options).map_err(|error| Problem {
        place: error
            .location()
            .map_or(Place { line: 1, column: 1 }, Place::from),
        path: String::new(),
        what: format!(
            "is not readable as YAML: {}",
            UserMessageFormatter.format_message(&error).escape_debug()
        ),
    })
}

impl From<Location> for Place {
    fn from(location: Location) -> Place {
        // The library has 0 for "unknown".
        Place {
            line: location.line().max(1),
            column: location.column().max(1),
        }
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Node, D::Error> {
        let spanned = Spanned::<Value>::deserialize(deserializer)?;
        Ok(Node {
            // Where an alias points to: that is what has to be put right.
            place: spanned.defined.into(),
            value: spanned.value,
        })
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text, a list or a mapping")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Nothing)
    }

    fn visit_bool<E>(self, truth: bool) -> Result<Value, E> {
        Ok(Value::Truth(truth))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Value, E> {
        Ok(Value::Literal("a number"))
    }

    fn visit_u64<E>(self, _: u64) -> Result<Value, E> {
        Ok(Value::Literal("a number"))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Value, E> {
        Ok(Value::Literal("a number"))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::Text(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Value, E> {
        Ok(Value::Text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Value::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut map = Vec::new();
        while let Some(key) = entries.next_key::<Spanned<String>>()? {
            map.push(Entry {
                place: key.defined.into(),
                key: key.value,
                value: entries.next_value()?,
            });
        }
        Ok(Value::Map(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(line: u64, column: u64) -> Place {
        Place { line, column }
    }

    #[test]
    fn every_node_knows_its_place() {
        let root = parse("\u{FEFF}# a comment\nรายการ:\n  - {th: ก, th: ข}\n  - no\n  - 0812345678\n  - 5\nempty:\n")
            .expect("YAML");
        let Value::Map(entries) = root.value else {
            panic!("a mapping: {root:?}")
        };
        assert_eq!(
            (entries[0].place, entries[0].key.as_str()),
            (place(2, 1), "รายการ")
        );
        let Value::List(items) = &entries[0].value.value else {
            panic!("a list")
        };
        let Value::Map(texts) = &items[0].value else {
            panic!("a mapping")
        };
        assert_eq!(items[0].place, place(3, 5));
        assert_eq!(
            (texts[1].place, texts[1].value.place),
            (place(3, 13), place(3, 17))
        );
        assert!(matches!(&items[1].value, Value::Text(text) if text == "no"));
        assert!(matches!(&items[2].value, Value::Text(text) if text == "0812345678"));
        assert!(matches!(&items[3].value, Value::Literal("a number")));
        assert!(matches!(&entries[1].value.value, Value::Nothing));
    }

    #[test]
    fn an_alias_has_the_place_of_its_anchor() {
        let root = parse("a: &a {x: 1}\nb: *a\n").expect("YAML");
        let Value::Map(entries) = root.value else {
            panic!("a mapping")
        };
        assert_eq!(entries[1].value.place, entries[0].value.place);
    }

    #[test]
    fn what_is_not_yaml_has_a_place_too() {
        let bomb = (0..9).fold(
            "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned(),
            |yaml, n| {
                let next = n + 1;
                yaml + &format!(
                    "a{next}: &a{next} [{}]\n",
                    vec![format!("*a{n}"); 9].join(",")
                )
            },
        );
        let deep = "[".repeat(100_000);
        let table = [
            ("a: [1, 2\nb: 3\n", 2),
            ("a: b: c\n", 1),
            ("a: 1\n---\nb: 2\n", 3),
            ("a: *nobody\n", 1),
            ("a: \"open\n", 1),
            (bomb.as_str(), 6),
            (deep.as_str(), 1),
        ];
        for (yaml, line) in table {
            let shown: String = yaml.chars().take(20).collect();
            let problem = parse(yaml).expect_err(&shown);
            assert_eq!(problem.place.line, line, "{shown:?}: {problem}");
            assert!(
                problem.what.starts_with("is not readable as YAML: "),
                "{problem}"
            );
        }
    }
}
