//! The keys of the answers file, and what each may hold.
//!
//! Every problem is named before giving up, so that one reading of the error
//! is enough to put the file right. `answers.example.yaml` shows all keys.

mod reader;
mod reply;

use std::collections::HashMap;
use std::sync::Arc;

use self::reader::{At, Fields, Reader};
use super::language::Language;
use super::node::{Node, Value};
use super::pattern::Pattern;
use super::problem::{Place, Problems};
use super::rules::{KINDS, KINDS_OF_GROUPS, Rule, Rules, TEXT, When};

/// More than a person can keep in order, few enough to look through for each message.
const MAX_RULES: usize = 1000;
/// Of one rule, for each of `events`, `text` and `postback`.
const MAX_CONDITIONS: usize = 100;
/// Of the whole file: each may take a megabyte.
const MAX_EXPRESSIONS: usize = 100;
/// In bytes: the name is stored with every turn.
const MAX_NAME: usize = 64;

/// Turns a file's tree into rules.
///
/// # Errors
/// Everything that is wrong in it.
pub(super) fn read(root: &Node) -> Result<Rules, Problems> {
    let mut reader = Reader::default();
    let rules = file(&mut reader, &At::root(root));
    match Problems::new(reader.into_problems()) {
        Some(problems) => Err(problems),
        None => Ok(rules.expect("whoever returns nothing has named a problem")),
    }
}

fn file(reader: &mut Reader, at: &At<'_>) -> Option<Rules> {
    let fields = reader.fields(at, &["default_language", "rules", "fallback"])?;
    let default_language = match fields.get("default_language") {
        Some(at) => language(reader, &at),
        None => Some(Language::Thai),
    };
    let rules = fields
        .get("rules")
        .map_or(Some(Vec::new()), |at| rules(reader, &at));
    let why = "is missing: without it a text that no rule knows has no answer";
    let fallbacks = reader
        .required(&fields, "fallback", why)
        .and_then(|at| fallbacks(reader, &at));
    Some(Rules {
        default_language: default_language?,
        rules: rules?,
        fallbacks: fallbacks?,
    })
}

fn language(reader: &mut Reader, at: &At<'_>) -> Option<Language> {
    let language = Language::from_code(reader.text(at)?);
    if language.is_none() {
        reader.wrong(at, "is neither th nor en");
    }
    language
}

fn rules(reader: &mut Reader, at: &At<'_>) -> Option<Vec<Rule>> {
    let mut names = HashMap::new();
    let items = reader.items(at, "rules", MAX_RULES);
    // Read all before giving up on one.
    let read: Vec<_> = items
        .iter()
        .map(|at| rule(reader, at, &mut names))
        .collect();
    read.into_iter().collect()
}

fn rule(reader: &mut Reader, at: &At<'_>, names: &mut HashMap<Arc<str>, Place>) -> Option<Rule> {
    let fields = reader.fields(
        at,
        &["name", "when", "answer", "quick_replies", "set_language"],
    )?;
    let name = reader
        .required(&fields, "name", "is missing")
        .and_then(|at| name(reader, &at, names));
    let when = reader
        .required(&fields, "when", "is missing")
        .and_then(|at| when(reader, &at));
    let answer = reply::messages(reader, &fields);
    let set_language = match fields.get("set_language") {
        Some(at) => language(reader, &at).map(Some),
        None => Some(None),
    };
    Some(Rule {
        name: name?,
        when: when?,
        answer: answer?,
        set_language: set_language?,
        in_groups: true,
    })
}

fn name(
    reader: &mut Reader,
    at: &At<'_>,
    names: &mut HashMap<Arc<str>, Place>,
) -> Option<Arc<str>> {
    let name: Arc<str> = reader.text(at)?.into();
    // A colon is for the names of fallbacks.
    if name.len() > MAX_NAME || name.chars().any(|c| c == ':' || c.is_control()) {
        reader.wrong(
            at,
            format!("is longer than {MAX_NAME} bytes or has a colon or a control character"),
        );
        return None;
    }
    if let Some(first) = names.insert(name.clone(), at.place()) {
        reader.wrong(
            at,
            format!("is the name of another rule already, at {first}"),
        );
    }
    Some(name)
}

fn when(reader: &mut Reader, at: &At<'_>) -> Option<When> {
    let fields = reader.fields(at, &["events", "text", "postback"])?;
    let mut when = When::default();
    let mut conditions = Vec::new();
    for key in ["events", "text", "postback"] {
        if let Some(at) = fields.get(key) {
            conditions.push((key, reader.items(&at, "conditions", MAX_CONDITIONS)));
        }
    }
    if conditions.is_empty() {
        reader.wrong(
            at,
            "never applies: name at least one of events, text and postback",
        );
    }
    for (key, items) in &conditions {
        for at in items {
            match *key {
                "events" => when.events.extend(event(reader, at)),
                "text" => when.text.extend(pattern(reader, at)),
                _ => when.postback.extend(reader.text(at).map(str::to_owned)),
            }
        }
    }
    if when.events.contains(&TEXT) && fields.get("text").is_some() {
        reader.wrong(
            at,
            "has a `text` without effect: its `events` take every message/text",
        );
    }
    Some(when)
}

fn event(reader: &mut Reader, at: &At<'_>) -> Option<&'static str> {
    let kind = reader.text(at)?;
    let known = KINDS.into_iter().find(|known| *known == kind);
    if known.is_none() {
        reader.wrong(
            at,
            format!(
                "is no event that can be answered; those are {}",
                KINDS.join(", ")
            ),
        );
    }
    known
}

/// `words`, `"regex:..."`, or what YAML makes of an unquoted `regex: ...`.
fn pattern(reader: &mut Reader, at: &At<'_>) -> Option<Pattern> {
    if matches!(at.node.value, Value::Map(_)) {
        let fields = reader.fields(at, &["regex"])?;
        let at = reader.required(&fields, "regex", "is missing")?;
        let expression = reader.text(&at)?;
        return regex(reader, &at, expression);
    }
    let words = reader.text(at)?;
    match words.strip_prefix("regex:") {
        Some(expression) => regex(reader, at, expression),
        None => named(reader, at, Pattern::words(words)),
    }
}

fn regex(reader: &mut Reader, at: &At<'_>, expression: &str) -> Option<Pattern> {
    if reader.one_more_expression() > MAX_EXPRESSIONS {
        reader.wrong(
            at,
            format!("is one regular expression too many: {MAX_EXPRESSIONS} are allowed in a file"),
        );
        return None;
    }
    named(reader, at, Pattern::regex(expression))
}

/// Names the problem of a pattern.
fn named(reader: &mut Reader, at: &At<'_>, made: Result<Pattern, String>) -> Option<Pattern> {
    made.map_err(|what| reader.wrong(at, what)).ok()
}

fn fallbacks(reader: &mut Reader, at: &At<'_>) -> Option<Vec<Rule>> {
    let fields = reader.fields(at, &KINDS)?;
    let why = "is missing: without it a text that no rule knows has no answer";
    let text = reader.required(&fields, TEXT, why);
    let kinds = KINDS
        .into_iter()
        .filter_map(|kind| Some((kind, fields.get(kind)?)));
    let read: Vec<_> = kinds
        .map(|(kind, at)| fallback(reader, &at, kind))
        .collect();
    text.and_then(|_| read.into_iter().collect())
}

fn fallback(reader: &mut Reader, at: &At<'_>, kind: &'static str) -> Option<Rule> {
    let fields = reader.fields(at, &["answer", "quick_replies", "in_groups"])?;
    let in_groups = in_groups(reader, &fields, kind);
    let when = When {
        events: vec![kind],
        ..When::default()
    };
    Some(Rule {
        name: format!("fallback:{kind}").into(),
        when,
        answer: reply::messages(reader, &fields)?,
        set_language: None,
        in_groups: in_groups?,
    })
}

fn in_groups(reader: &mut Reader, fields: &Fields<'_>, kind: &str) -> Option<bool> {
    let elsewhere = !KINDS_OF_GROUPS.contains(&kind);
    match fields.get("in_groups") {
        None => Some(!elsewhere),
        Some(at) if elsewhere => reader.truth(&at),
        Some(at) => {
            reader.wrong(
                &at,
                format!("is without effect: {kind} happens in groups and rooms alone"),
            );
            None
        }
    }
}

#[cfg(test)]
mod tests;
