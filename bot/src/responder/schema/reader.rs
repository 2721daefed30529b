//! Walks the tree, keeps the way to each node, and collects what is wrong.
//!
//! Knows YAML's shapes only, not the keys. Whoever gets `None` or a shorter
//! list from here can go on reading: the problem has been named.

use crate::responder::node::{Entry, Node, Value};
use crate::responder::problem::{Place, Problem};

/// A node and the way to it.
#[derive(Clone)]
pub(super) struct At<'n> {
    pub(super) node: &'n Node,
    place: Place,
    path: String,
}

impl<'n> At<'n> {
    pub(super) fn root(node: &'n Node) -> At<'n> {
        At::new(node, String::new())
    }

    fn new(node: &'n Node, path: String) -> At<'n> {
        let place = node.place;
        At { node, place, path }
    }

    pub(super) fn place(&self) -> Place {
        self.place
    }
}

/// The entries of a mapping.
pub(super) struct Fields<'n> {
    at: At<'n>,
    entries: &'n [Entry],
}

impl<'n> Fields<'n> {
    pub(super) fn get(&self, key: &str) -> Option<At<'n>> {
        let entry = self.entries.iter().find(|entry| entry.key == key)?;
        let mut at = At::new(&entry.value, under(&self.at.path, key));
        if matches!(entry.value.value, Value::Nothing) {
            // What is not there has no place of its own.
            at.place = entry.place;
        }
        Some(at)
    }

    /// The mapping itself.
    pub(super) fn at(&self) -> &At<'n> {
        &self.at
    }
}

#[derive(Default)]
pub(super) struct Reader {
    problems: Vec<Problem>,
    expressions: usize,
}

impl Reader {
    pub(super) fn into_problems(self) -> Vec<Problem> {
        self.problems
    }

    /// Counts regular expressions over the whole file.
    pub(super) fn one_more_expression(&mut self) -> usize {
        self.expressions += 1;
        self.expressions
    }

    pub(super) fn wrong(&mut self, at: &At<'_>, what: impl Into<String>) {
        self.problems.push(Problem {
            place: at.place(),
            path: at.path.clone(),
            what: what.into(),
        });
    }

    /// The mapping at `at`, whose keys must be among `known` and stand there once.
    pub(super) fn fields<'n>(&mut self, at: &At<'n>, known: &[&str]) -> Option<Fields<'n>> {
        let Value::Map(entries) = &at.node.value else {
            let wants = format!(
                "{} {}",
                if known.len() == 1 {
                    "the key"
                } else {
                    "the keys"
                },
                known.join(", ")
            );
            self.wrong(at, format!("{}: it takes {wants}", is(&at.node.value)));
            return None;
        };
        for (index, entry) in entries.iter().enumerate() {
            let what = if !known.contains(&entry.key.as_str()) {
                format!(
                    "is not a key that is known here; those are {}",
                    known.join(", ")
                )
            } else if entries[..index]
                .iter()
                .any(|earlier| earlier.key == entry.key)
            {
                "stands here twice".to_owned()
            } else {
                continue;
            };
            self.problems.push(Problem {
                place: entry.place,
                path: under(&at.path, &entry.key),
                what,
            });
        }
        let at = at.clone();
        Some(Fields { at, entries })
    }

    /// The value of `key`; without it `why` is the problem, at the mapping's place.
    pub(super) fn required<'n>(
        &mut self,
        fields: &Fields<'n>,
        key: &str,
        why: &str,
    ) -> Option<At<'n>> {
        let found = fields.get(key);
        if found.is_none() {
            self.problems.push(Problem {
                place: fields.at.place(),
                path: under(&fields.at.path, key),
                what: why.to_owned(),
            });
        }
        found
    }

    /// The items of a list, up to `limit`. A single text or mapping is a list of one.
    pub(super) fn items<'n>(&mut self, at: &At<'n>, unit: &str, limit: usize) -> Vec<At<'n>> {
        let Value::List(items) = &at.node.value else {
            return vec![at.clone()];
        };
        if items.is_empty() {
            self.wrong(at, "is empty");
        }
        if items.len() > limit {
            self.wrong(
                at,
                format!("has {} {unit}, at most {limit} are allowed", items.len()),
            );
        }
        let items = items.iter().take(limit).enumerate();
        let item = |(index, node)| At::new(node, format!("{}[{index}]", at.path));
        items.map(item).collect()
    }

    /// A text that is not blank.
    pub(super) fn text<'n>(&mut self, at: &At<'n>) -> Option<&'n str> {
        match &at.node.value {
            Value::Text(text) if text.trim().is_empty() => self.wrong(at, "is empty"),
            Value::Text(text) => return Some(text),
            literal @ (Value::Truth(_) | Value::Literal(_)) => {
                self.wrong(at, format!("{}: put it in quotes", is(literal)))
            }
            Value::Nothing => self.wrong(at, "is empty"),
            other => self.wrong(at, format!("{} where a text belongs", is(other))),
        }
        None
    }

    /// `true` or `false`.
    pub(super) fn truth(&mut self, at: &At<'_>) -> Option<bool> {
        match &at.node.value {
            Value::Truth(truth) => Some(*truth),
            other => {
                let what = is(other);
                self.wrong(at, format!("{what} where true or false belongs"));
                None
            }
        }
    }
}

fn is(value: &Value) -> String {
    let what = match value {
        Value::Nothing => "empty",
        Value::Truth(_) => "true or false",
        Value::Literal(what) => what,
        Value::Text(_) => "a text",
        Value::List(_) => "a list",
        Value::Map(_) => "a mapping",
    };
    format!("is {what}")
}

/// Keys come from the file: a long one is cut, and none writes control characters into a log.
fn under(path: &str, key: &str) -> String {
    let plain = |c: char| if c.is_control() { '\u{FFFD}' } else { c };
    let key: String = key.chars().take(64).map(plain).collect();
    if path.is_empty() {
        key
    } else {
        format!("{path}.{key}")
    }
}
