//! What stands in the chart and elsewhere too is the same in both.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use sabai_tests::helm::chart;
use sabai_wire::settings::field::Range;
use sabai_wire::settings::{AGENT_FIELDS, FIELDS, Field};
use serde_json::Value;

fn text(path: &str) -> String {
    fs::read_to_string(chart().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn yaml(path: &str) -> Value {
    serde_saphyr::from_str(&text(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

#[test]
fn the_definitions_are_those_of_the_types() {
    let files = sabai_crds::yaml::files().expect("YAML can say it");
    for (name, content) in &files {
        assert_eq!(
            &text(&format!("crds/{name}")),
            content,
            "crds/{name}: run cargo crdgen"
        );
    }
    let listed = fs::read_dir(chart().join("crds")).expect("there").count();
    assert_eq!(listed, files.len(), "crds holds nothing else");
}

#[test]
fn the_chart_installs_the_programs_of_its_own_repository() {
    assert_eq!(yaml("Chart.yaml")["appVersion"], env!("CARGO_PKG_VERSION"));
    let dockerfile = text("../../Dockerfile");
    let version = concat!("\nARG VERSION=", env!("CARGO_PKG_VERSION"), "\n");
    assert!(dockerfile.contains(version), "the image's label: {version}");
}

/// Of the table in README.md: value and default, as JSON.
fn documented() -> BTreeMap<String, Value> {
    let readme = text("README.md");
    let (_, table) = readme
        .split_once("<!-- values -->")
        .expect("where it begins");
    let rows = table.lines().filter(|line| line.starts_with("| `"));
    let cells = rows.map(|row| row.split('|').map(str::trim).collect::<Vec<_>>());
    let bare = |cell: &str| cell.trim_matches('`').to_owned();
    cells
        .map(|cells| {
            assert!(!cells[3].is_empty(), "{} has no meaning", cells[1]);
            let default = serde_json::from_str(&bare(cells[2]));
            (
                bare(cells[1]),
                default.unwrap_or_else(|error| panic!("{cells:?}: {error}")),
            )
        })
        .collect()
}

/// Each value by its path. Below an object that holds nothing, and below lists, there is none.
fn leaves(path: &str, value: &Value, found: &mut BTreeMap<String, Value>) {
    match value.as_object().filter(|object| !object.is_empty()) {
        None => {
            found.insert(path.to_owned(), value.clone());
        }
        Some(object) => {
            for (name, value) in object {
                let path = if path.is_empty() {
                    name.clone()
                } else {
                    format!("{path}.{name}")
                };
                leaves(&path, value, found);
            }
        }
    }
}

#[test]
fn every_value_stands_in_the_readme_with_its_default_and_nothing_else_does() {
    let mut values = BTreeMap::new();
    leaves("", &yaml("values.yaml"), &mut values);
    let documented = documented();
    // An object may be told of as a whole.
    let missing: Vec<_> = values
        .iter()
        .filter(|(path, value)| {
            let whole = documented
                .iter()
                .find(|(told, _)| *told == *path || path.starts_with(&format!("{told}.")));
            match whole {
                Some((told, default)) if told == *path => default != *value,
                Some(_) => false,
                None => true,
            }
        })
        .collect();
    assert!(
        missing.is_empty(),
        "not in the README, or with another default: {missing:?}"
    );
    let chart = yaml("values.yaml");
    for (path, default) in &documented {
        let pointer = format!("/{}", path.replace('.', "/"));
        assert_eq!(chart.pointer(&pointer), Some(default), "{path}");
    }
}

#[test]
fn the_settings_in_the_schema_are_those_of_the_table() {
    let schema: Value = serde_json::from_str(&text("values.schema.json")).expect("JSON");
    let groups = &schema["$defs"]["settings"]["properties"];
    let fields = || FIELDS.iter().chain(AGENT_FIELDS.iter());
    for field in fields() {
        let (group, name) = field.group_and_name();
        agrees(field, &groups[group]["properties"][name]);
    }
    let in_schema: usize = groups
        .as_object()
        .expect("groups")
        .values()
        .map(|group| group["properties"].as_object().expect("fields").len())
        .sum();
    assert_eq!(in_schema, fields().count(), "the schema has more fields");
}

fn agrees(field: &Field, schema: &Value) {
    match field.range {
        Range::Count(low, high) => {
            let ends = (schema["minimum"].as_u64(), schema["maximum"].as_u64());
            assert_eq!(
                ends,
                (Some(low.into()), Some(high.into())),
                "{}",
                field.path
            );
        }
        Range::Millis(..) => assert!(schema["pattern"].is_string(), "{}: {schema}", field.path),
        Range::Word(words) => {
            assert_eq!(schema["enum"], serde_json::json!(words), "{}", field.path)
        }
    }
}

#[test]
fn the_answers_of_the_chart_are_not_a_shops() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../bot/answers.example.yaml");
    let example = fs::read_to_string(&path).expect("bot/answers.example.yaml");
    assert_ne!(text("files/answers.yaml"), example);
}
