//! What both schemas keep, whatever stands in them: what only a real API server complains about, or does not complain about though
//! it should.

use sabai_crds::definitions;
use sabai_wire::duration::GepDuration;
use sabai_wire::settings::field::Range;
use sabai_wire::settings::{AGENT_FIELDS, AGENT_RULES, FIELDS, RULES};
use serde_json::Value;

/// Names and schemas of both kinds.
fn schemas() -> Vec<(String, Value)> {
    let schema = |definition: &_| {
        let json = serde_json::to_value(definition).expect("JSON");
        let name = json["spec"]["names"]["kind"]
            .as_str()
            .expect("a kind")
            .to_owned();
        (
            name,
            json["spec"]["versions"][0]["schema"]["openAPIV3Schema"].clone(),
        )
    };
    definitions().iter().map(schema).collect()
}

/// Every schema below this one with its path, itself first.
fn walk<'a>(path: &str, schema: &'a Value, seen: &mut Vec<(String, &'a Value)>) {
    seen.push((path.to_owned(), schema));
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        walk(&format!("{path}.{name}"), property, seen);
    }
    if schema["items"].is_object() {
        walk(&format!("{path}[]"), &schema["items"], seen);
    }
}

fn each(look: impl Fn(&str, &Value)) {
    for (kind, schema) in schemas() {
        let mut seen = vec![];
        walk(&kind, &schema, &mut seen);
        assert!(seen.len() > 20, "{kind} is looked at");
        for (path, schema) in seen {
            look(&path, schema);
        }
    }
}

#[test]
fn every_field_of_the_table_is_in_the_schema_with_its_default_and_its_bounds() {
    let (_, schema) = schemas().remove(0);
    let groups = &schema["properties"]["spec"]["properties"];
    let all = groups.as_object().expect("groups").values();
    let in_schema: usize = all
        .map(|group| group["properties"].as_object().expect("fields").len())
        .sum();
    assert_eq!(in_schema, FIELDS.len() + AGENT_FIELDS.len(), "and no other");
    for field in FIELDS.iter().chain(AGENT_FIELDS) {
        let (group, name) = field.path.split_once('.').expect("a group and a name");
        let (path, shape) = (field.path, &groups[group]["properties"][name]);
        let default = match &shape["default"] {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        assert_eq!(default, field.default, "{path}");
        let described = shape["description"].as_str().expect(path);
        assert!(described.starts_with(field.meaning), "{path}");
        match field.range {
            Range::Count(low, high) => {
                let bounds = (shape["minimum"].as_f64(), shape["maximum"].as_f64());
                assert_eq!(bounds, (Some(low.into()), Some(high.into())), "{path}");
            }
            Range::Millis(low, high) => {
                let rule = shape["x-kubernetes-validations"][0]["rule"]
                    .as_str()
                    .expect(path);
                let told = |comparison: &str, millis: u64| {
                    let bound = GepDuration::new(std::time::Duration::from_millis(millis))
                        .expect("writable");
                    rule.contains(&format!("duration(self) {comparison} duration('{bound}')"))
                };
                assert!(
                    (low == 0 || told(">=", low)) && told("<=", high),
                    "{path}: {rule}"
                );
            }
            Range::Word(words) => assert_eq!(shape["enum"], Value::from(words.to_vec()), "{path}"),
        }
    }
}

#[test]
fn every_rule_between_fields_is_in_the_schema_of_their_group() {
    let (_, schema) = schemas().remove(0);
    let groups = &schema["properties"]["spec"]["properties"];
    for rule in RULES.iter().chain(AGENT_RULES) {
        let (group, name) = rule.field.path.split_once('.').expect("a group and a name");
        let (other_group, other) = rule.other.path.split_once('.').expect("a group and a name");
        assert_eq!(
            group, other_group,
            "a rule of a group sees that group alone"
        );
        let rules = groups[group]["x-kubernetes-validations"]
            .as_array()
            .expect("rules");
        let remedy = format!("lower {name} or raise {other}");
        let says = |rule: &&Value| {
            rule["message"]
                .as_str()
                .is_some_and(|message| message.ends_with(&remedy))
        };
        assert_eq!(rules.iter().filter(says).count(), 1, "{remedy}");
    }
}

#[test]
fn every_text_and_every_list_is_bounded_and_no_number_is_unsigned() {
    each(|path, schema| {
        let text = |key: &str| schema[key].as_str().unwrap_or_default();
        match text("type") {
            "string" => {
                let bounded = schema["maxLength"].is_u64() || schema["enum"].is_array();
                assert!(bounded, "{path} has neither maxLength nor enum");
            }
            "array" => assert!(schema["maxItems"].is_u64(), "{path} has no maxItems"),
            "integer" => assert!(
                ["int32", "int64"].contains(&text("format")),
                "{path}: {}",
                text("format")
            ),
            "object" => assert!(schema["properties"].is_object(), "{path} is a free map"),
            other => panic!("{path} is of type {other:?}"),
        }
        assert!(schema.get("nullable").is_none(), "{path} takes null");
        assert!(
            schema["description"].is_string() || path.ends_with("[]"),
            "{path} is not described"
        );
    });
}

#[test]
fn every_rule_has_a_message_that_names_its_field_and_a_path_that_the_server_takes() {
    each(|path, schema| {
        for rule in schema["x-kubernetes-validations"]
            .as_array()
            .into_iter()
            .flatten()
        {
            let message = rule["message"].as_str().unwrap_or_default();
            let field = path
                .split_once(".spec.")
                .map_or("metadata.name", |(_, field)| field);
            assert!(
                message.starts_with(field) && message.contains(" must be "),
                "{path}: {message}"
            );
            // A path into metadata is refused by the server alone.
            if let Some(field_path) = rule["fieldPath"].as_str() {
                let name = field_path.strip_prefix('.').expect("a path");
                assert!(
                    schema["properties"].get(name).is_some(),
                    "{path}: {field_path}"
                );
            }
        }
    });
}

#[test]
fn conditions_are_lists_by_type() {
    for (kind, schema) in schemas() {
        let conditions = &schema["properties"]["status"]["properties"]["conditions"];
        assert_eq!(conditions["x-kubernetes-list-type"], "map", "{kind}");
        assert_eq!(
            conditions["x-kubernetes-list-map-keys"][0], "type",
            "{kind}"
        );
    }
}

/// What `kubectl api-resources` of Kubernetes 1.37 lists: whoever takes one of them is not reached by it.
#[test]
fn no_short_name_is_one_of_a_built_in_kind() {
    let taken = [
        "cs", "cm", "ep", "ev", "limits", "ns", "no", "pvc", "pv", "po", "rc", "quota", "sa",
        "svc", "crd", "crds", "deploy", "ds", "rs", "sts", "hpa", "cj", "csr", "ing", "netpol",
        "pdb", "pc", "sc", "vac", "ip", "sidecar",
    ];
    for definition in definitions() {
        let names = definition.spec.names.short_names.unwrap_or_default();
        assert_eq!(names.len(), 1);
        assert!(!taken.contains(&names[0].as_str()), "{names:?}");
        assert_eq!(
            definition.spec.names.categories,
            Some(vec!["sabai".to_owned()])
        );
    }
}
