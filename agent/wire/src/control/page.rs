//! `docs/control.md` is held against the types: its examples are read by them, its tables name every field.

use std::collections::BTreeSet;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::*;
use crate::settings::{FIELDS, PoolSettings};

const PAGE: &str = include_str!("../../../../docs/control.md");

/// The examples with this label.
fn examples(label: &str) -> Vec<Value> {
    let fence = format!("```json {label}\n");
    let parts: Vec<&str> = PAGE.split(&fence).skip(1).collect();
    assert!(!parts.is_empty(), "no example of {label}");
    parts
        .iter()
        .map(|part| part.split("```").next().unwrap_or_default())
        .map(|text| serde_json::from_str(text).unwrap_or_else(|error| panic!("{label}: {error}")))
        .collect()
}

/// Read by the type and written again, the example is the same: nothing is left out and nothing is made up.
fn agrees<T: DeserializeOwned + Serialize>(label: &str) -> Vec<Value> {
    let examples = examples(label);
    for example in &examples {
        let read: T = serde_json::from_value(example.clone())
            .unwrap_or_else(|error| panic!("{label}: {error}"));
        assert_eq!(
            serde_json::to_value(read).ok().as_ref(),
            Some(example),
            "{label}"
        );
    }
    examples
}

/// Paths of all fields, without the places in lists.
fn paths(value: &Value, at: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let path = if at.is_empty() {
                    name.clone()
                } else {
                    format!("{at}.{name}")
                };
                paths(value, &path, found);
                found.insert(path);
            }
        }
        Value::Array(values) => values.iter().for_each(|value| paths(value, at, found)),
        _ => {}
    }
}

fn every_field_is_explained(examples: &[Value], not: &[&str]) {
    let mut found = BTreeSet::new();
    examples
        .iter()
        .for_each(|value| paths(value, "", &mut found));
    for path in found {
        let explained = PAGE
            .lines()
            .filter(|line| line.starts_with("| `"))
            .any(|line| {
                line.split('|')
                    .nth(1)
                    .is_some_and(|cell| cell.contains(&format!("`{path}`")))
            });
        let group = not.iter().any(|prefix| path.starts_with(prefix));
        assert!(explained || group, "{path} has no row");
    }
}

#[test]
fn the_examples_are_what_is_said_and_every_field_is_explained() {
    every_field_is_explained(
        &agrees::<Report>("report"),
        &["faults.", "lastRecycle.", "pool"],
    );
    every_field_is_explained(&agrees::<SettingsAnswer>("settings-answer"), &[]);
    every_field_is_explained(&agrees::<RecycleReport>("recycle-answer"), &[]);
    agrees::<ErrorAnswer>("error");
    let requests = examples("recycle");
    for request in &requests {
        let read = RecycleRequest::from_json(request).expect("valid");
        assert_eq!(read.to_json(), *request);
    }
    every_field_is_explained(&requests, &[]);
    for settings in examples("settings") {
        assert_eq!(
            PoolSettings::from_json(&settings),
            Ok(PoolSettings::default())
        );
    }
}

#[test]
fn the_table_of_settings_is_the_one_that_the_code_reads_by() {
    for field in FIELDS {
        let start = format!("| `{}` | ", field.path);
        let row = PAGE.lines().filter(|line| line.starts_with(&start));
        let rows: Vec<Vec<&str>> = row
            .map(|line| line.split('|').map(str::trim).collect())
            .filter(|cells: &Vec<&str>| cells.len() == 6)
            .collect();
        let [row] = &rows[..] else {
            panic!("{} rows of {}", rows.len(), field.path);
        };
        assert_eq!(row[3], field.default, "{}", field.path);
        assert!(
            row[4].starts_with(&field.range.to_string()),
            "{}: {}",
            field.path,
            field.range
        );
    }
}

#[test]
fn the_words_are_all_there() {
    let words = RecycleReason::ALL.iter().map(|one| one.as_str());
    let words = words.chain(RecycleKind::ALL.iter().map(|one| one.as_str()));
    for word in words.chain(RecycleOutcome::ALL.iter().map(|one| one.as_str())) {
        assert!(PAGE.contains(&format!("`{word}`")), "{word}");
    }
}

/// Agent and bot are not always of one version.
#[test]
fn an_answer_with_a_field_of_a_later_version_is_read() {
    for mut example in examples("report") {
        example["ofALaterVersion"] = Value::from(1);
        example["pool"]["ofALaterVersion"] = Value::from(1);
        serde_json::from_value::<Report>(example).expect("what is known is read");
    }
}
