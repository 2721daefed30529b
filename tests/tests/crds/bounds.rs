//! Every bound of the table and every rule between its fields, at its edge and just beyond, as the API server judges them.

use std::time::Duration;

use sabai_crds::PoolConfigSpec;
use sabai_tests::kubernetes::Namespace;
use sabai_wire::duration::GepDuration;
use sabai_wire::settings::field::Range;
use sabai_wire::settings::{AGENT_FIELDS, AGENT_RULES, Between, FIELDS, Field, RULES, Relation};
use serde_json::{Value, json};

use super::{namespace, offer};

fn rules() -> impl Iterator<Item = &'static Between> {
    RULES.iter().chain(AGENT_RULES)
}

/// A number of the field's: of milliseconds for times.
fn value(field: &Field, number: i64) -> Value {
    match (field.range, u64::try_from(number)) {
        (Range::Millis(..), Ok(millis)) => gep(millis).into(),
        _ => number.into(),
    }
}

fn gep(millis: u64) -> String {
    GepDuration::new(Duration::from_millis(millis))
        .expect("writable")
        .to_string()
}

fn ends(field: &Field) -> Option<(i64, i64)> {
    match field.range {
        Range::Count(low, high) => Some((low.into(), high.into())),
        Range::Millis(low, high) => Some((low as i64, high as i64)),
        Range::Word(_) => None,
    }
}

/// The field with this value, and those that a rule ties it to at the end where they do not mind.
fn spec(field: &'static Field, number: i64) -> Value {
    let mut values = vec![(field, value(field, number))];
    let (mut above, mut below) = (vec![field], vec![field]);
    while let Some(one) = above.pop() {
        for rule in rules().filter(|rule| rule.field == one) {
            let (_, high) = ends(rule.other).expect("numbers");
            values.push((rule.other, value(rule.other, high)));
            above.push(rule.other);
        }
    }
    while let Some(one) = below.pop() {
        for rule in rules().filter(|rule| rule.other == one) {
            let (low, _) = ends(rule.field).expect("numbers");
            values.push((rule.field, value(rule.field, low)));
            below.push(rule.field);
        }
    }
    serde_json::to_value(PoolConfigSpec::of(values)).expect("JSON")
}

async fn is_refused(namespace: &Namespace, spec: &Value, words: &[String]) {
    let refused = offer(namespace, spec).await.expect_err(&spec.to_string());
    for word in words {
        assert!(refused.contains(word), "{spec}: {refused}");
    }
    assert!(!refused.contains("conversion error"), "{spec}: {refused}");
}

#[tokio::test]
async fn both_ends_of_every_range_are_taken_and_what_lies_beyond_is_refused_with_field_and_remedy()
{
    let namespace = namespace("bounds").await;
    for &field in FIELDS.iter().chain(AGENT_FIELDS) {
        let Some((low, high)) = ends(field) else {
            continue;
        };
        for end in [low, high] {
            let taken = offer(&namespace, &spec(field, end)).await;
            assert!(taken.is_ok(), "{}: {end}: {taken:?}", field.path);
        }
        let path = format!("spec.{}", field.path);
        for (beyond, at_most) in [
            (
                low - 1,
                format!("{path} in body should be greater than or equal to {low}"),
            ),
            (
                high + 1,
                format!("{path} in body should be less than or equal to {high}"),
            ),
        ] {
            let remedy = match field.range {
                // There is no time below nothing.
                Range::Millis(..) if beyond < 0 => continue,
                Range::Millis(..) => format!("{} must be {}", field.path, field.range),
                _ => at_most,
            };
            is_refused(&namespace, &spec(field, beyond), &[path.clone(), remedy]).await;
        }
    }
}

#[tokio::test]
async fn every_word_is_taken_and_any_other_is_refused_with_all_of_them() {
    let namespace = namespace("words").await;
    for &field in FIELDS.iter().chain(AGENT_FIELDS) {
        let Range::Word(words) = field.range else {
            continue;
        };
        let (group, name) = field.group_and_name();
        for word in words {
            let taken = offer(&namespace, &json!({group: {name: word}})).await;
            taken.expect(word);
        }
        let remedy = words
            .iter()
            .map(|word| format!("\"{word}\""))
            .chain([field.path.to_owned()]);
        let remedy: Vec<String> = remedy.collect();
        is_refused(&namespace, &json!({group: {name: "automatic"}}), &remedy).await;
    }
}

#[tokio::test]
async fn every_rule_between_fields_holds_at_its_edge_and_is_refused_beyond_with_both_and_the_remedy()
 {
    let namespace = namespace("between").await;
    for rule in rules() {
        let (field, other) = (rule.field, rule.other);
        let (name, other_name) = (field.group_and_name().1, other.group_and_name().1);
        let default = match other.range {
            Range::Millis(..) => other
                .default
                .parse::<GepDuration>()
                .expect("a time")
                .get()
                .as_millis() as i64,
            _ => other.default.parse().expect("a count"),
        };
        let (most, demand) = match rule.relation {
            Relation::AtMostLess(less) => (
                default - i64::from(less),
                format!("at most {} - {less}", other.path),
            ),
            Relation::AtMost => (default, format!("at most {}", other.path)),
            Relation::Below => (default - 1, format!("below {}", other.path)),
        };
        let only = |number| {
            let (group, name) = field.group_and_name();
            json!({group: {name: value(field, number)}})
        };
        let taken = offer(&namespace, &only(most)).await;
        assert!(taken.is_ok(), "{}: {taken:?}", field.path);
        let message = format!(
            "{} must be {demand}: lower {name} or raise {other_name}",
            field.path
        );
        is_refused(
            &namespace,
            &only(most + 1),
            &[message, format!("spec.{}", field.path)],
        )
        .await;
    }
}

#[tokio::test]
async fn what_is_no_duration_is_refused_by_its_own_field_alone() {
    let namespace = namespace("durations").await;
    for ill in [
        "",
        "3",
        "3x",
        "1d",
        "1.5s",
        "-1s",
        " 1s",
        "1h1m1s1ms1h",
        "100000s",
    ] {
        let spec = json!({"pool": {"acquireTimeout": ill}});
        let words = [
            "pool.acquireTimeout must be 50ms to 1m",
            "spec.pool.acquireTimeout in body should match",
        ];
        is_refused(&namespace, &spec, &words.map(ToOwned::to_owned)).await;
        let refused = offer(&namespace, &spec).await.expect_err("ill");
        assert!(!refused.contains("connectTimeout"), "{refused}");
    }
    let long = json!({"pool": {"acquireTimeout": "0".repeat(22) + "3ms"}});
    is_refused(
        &namespace,
        &long,
        &["spec.pool.acquireTimeout: Too long".to_owned()],
    )
    .await;
}
