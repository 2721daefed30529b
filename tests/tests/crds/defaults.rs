//! What is not given is filled in by the API server, from the same table as the programs' own.

use sabai_crds::{PoolConfig, PoolConfigSpec};
use sabai_wire::settings::field::Range;
use sabai_wire::settings::{AGENT_FIELDS, FIELDS, Field, PoolSettings};
use serde_json::{Map, Value, json};

use super::{namespace, offer};

/// The spec with every default of the table.
fn all() -> Value {
    let mut groups = Map::new();
    for field in FIELDS.iter().chain(AGENT_FIELDS) {
        let (group, name) = field.group_and_name();
        let group = groups.entry(group).or_insert_with(|| json!({}));
        group[name] = default(field);
    }
    groups.into()
}

fn default(field: &Field) -> Value {
    match field.range {
        Range::Count(..) => field.default.parse::<u16>().expect("a count").into(),
        Range::Millis(..) | Range::Word(_) => field.default.into(),
    }
}

#[tokio::test]
async fn what_is_absent_or_null_has_the_tables_default() {
    let namespace = namespace("defaults").await;
    let null_fields = {
        let mut spec = all();
        let groups = spec.as_object_mut().expect("groups").values_mut();
        for value in groups.flat_map(|group| group.as_object_mut().expect("fields").values_mut()) {
            *value = Value::Null;
        }
        spec
    };
    let null_groups: Map<String, Value> = all()
        .as_object()
        .expect("groups")
        .keys()
        .map(|group| (group.clone(), Value::Null))
        .collect();
    for spec in [
        json!({}),
        Value::Null,
        json!({"pool": {}}),
        null_fields,
        null_groups.into(),
    ] {
        let stored = offer(&namespace, &spec).await.expect("valid");
        assert_eq!(stored["spec"], all(), "{spec}");
        let spec: PoolConfigSpec = serde_json::from_value(stored["spec"].clone()).expect("read");
        assert_eq!(spec.pool_settings(), Ok(PoolSettings::default()));
    }
}

#[tokio::test]
async fn a_pool_config_that_nobody_reads_says_so() {
    let namespace = namespace("pending").await;
    // With nothing but a name.
    let nothing = "{apiVersion: sabai.dev/v1alpha1, kind: PoolConfig, metadata: {name: nobody}}";
    namespace.apply(nothing).await.expect("valid");
    let stored = namespace
        .get_json(&["pcfg", "nobody"])
        .await
        .expect("stored");
    assert_eq!(stored["spec"], all());
    let stored: PoolConfig = serde_json::from_value(stored).expect("read");
    let conditions = stored
        .status
        .and_then(|status| status.conditions)
        .expect("conditions");
    let told = conditions
        .iter()
        .map(|one| (one.type_.as_str(), one.status.as_str(), one.reason.as_str()));
    let pending =
        ["Accepted", "Applied", "Ready", "Healthy"].map(|name| (name, "Unknown", "Pending"));
    assert_eq!(told.collect::<Vec<_>>(), pending);
    assert!(conditions[0].message.contains("SABAI_POOLCONFIG"));
}

#[tokio::test]
async fn whole_numbers_however_written_are_stored_whole_and_unknown_fields_are_refused_by_name() {
    let namespace = namespace("numbers").await;
    let stored = offer(
        &namespace,
        &json!({"pool": {"lifetimeJitterPercent": 20.0}}),
    )
    .await
    .expect("whole");
    let spec: PoolConfigSpec = serde_json::from_value(stored["spec"].clone()).expect("read");
    assert_eq!(spec.pool_settings(), Ok(PoolSettings::default()));
    for (spec, path) in [
        (json!({"pool": {"colour": "blue"}}), "spec.pool.colour"),
        (json!({"weather": {}}), "spec.weather"),
    ] {
        let refused = offer(&namespace, &spec).await.expect_err("strict");
        assert!(
            refused.contains(&format!("unknown field \"{path}\"")),
            "{refused}"
        );
    }
    let quoted = offer(&namespace, &json!({"pool": {"minIdle": "4"}}))
        .await
        .expect_err("a text");
    assert!(
        quoted.contains("spec.pool.minIdle in body must be of type integer"),
        "{quoted}"
    );
    let long = super::pool_config(&json!({}))
        .to_string()
        .replace("shop", &"a".repeat(64));
    let refused = namespace
        .try_apply(&long)
        .await
        .expect_err("no label's value");
    assert!(
        refused.contains("metadata.name must be at most 63 characters: give it a shorter name"),
        "{refused}"
    );
}
