//! Alerts and dashboard speak of what the programs show, and of nothing else; each alert has its page.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use sabai_tests::helm::chart;
use serde_json::Value;

/// Given by whoever scrapes, or a bucket's.
const FOREIGN_LABELS: &[&str] = &["namespace", "job", "pod", "container", "le"];

fn docs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs")
}

fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Of `docs/metrics.md`, which both programs are tested against: each series with its labels.
fn shown() -> BTreeMap<String, BTreeSet<String>> {
    let mut shown = BTreeMap::<String, BTreeSet<String>>::new();
    let page = text(&docs().join("metrics.md"));
    for row in page.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let name = cells[1].trim_matches('`');
        let labels = cells[3]
            .split(", ")
            .map(|label| label.trim_matches('`').to_owned());
        let labels: BTreeSet<String> = labels.filter(|label| !label.is_empty()).collect();
        let ends: &[&str] = match cells[2] {
            "histogram" => &["_bucket", "_sum", "_count"],
            _ => &[""],
        };
        for end in ends {
            shown
                .entry(format!("{name}{end}"))
                .or_default()
                .extend(labels.clone());
        }
    }
    assert!(shown.len() > 40, "{shown:?}");
    shown
}

fn alerts() -> Vec<Value> {
    let file = text(&chart().join("files/alerts.yaml"));
    let file: Value = serde_saphyr::from_str(&file).expect("YAML");
    let groups = file["groups"].as_array().expect("groups");
    let rules = groups
        .iter()
        .flat_map(|group| group["rules"].as_array().expect("rules"));
    rules.cloned().collect()
}

/// Every value of this name, at any depth.
fn gather(value: &Value, wanted: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(object) => {
            for (name, value) in object {
                match value.as_str() {
                    Some(text) if name == wanted => found.push(text.to_owned()),
                    _ => gather(value, wanted, found),
                }
            }
        }
        Value::Array(all) => all.iter().for_each(|one| gather(one, wanted, found)),
        _ => {}
    }
}

fn dashboard() -> Vec<String> {
    let file = text(&chart().join("files/dashboard.json"));
    let file: Value = serde_json::from_str(&file).expect("JSON");
    let mut expressions = Vec::new();
    gather(&file, "expr", &mut expressions);
    gather(&file["templating"], "query", &mut expressions);
    expressions
}

/// Every series that an expression names, with the labels that it chooses by.
fn series(expression: &str) -> Vec<(String, Vec<String>)> {
    let is_name = |one: char| one.is_ascii_alphanumeric() || one == '_';
    let starts = expression.match_indices("sabai_").map(|(at, _)| at);
    let whole = starts.filter(|at| !expression[..*at].ends_with(is_name));
    whole
        .map(|at| {
            let rest = &expression[at..];
            let end = rest.find(|one| !is_name(one)).unwrap_or(rest.len());
            let matchers = rest[end..]
                .strip_prefix('{')
                .and_then(|rest| rest.split_once('}'));
            let matchers = matchers.map_or("", |(matchers, _)| matchers).split(',');
            let label = |matcher: &str| {
                matcher
                    .split(['=', '!'])
                    .next()
                    .map(|name| name.trim().to_owned())
            };
            let labels = matchers.filter(|one| one.contains('=')).filter_map(label);
            (rest[..end].to_owned(), labels.collect())
        })
        .collect()
}

#[test]
fn alerts_and_dashboard_speak_of_what_the_programs_show() {
    let shown = shown();
    let rules = alerts();
    let of_alerts = rules
        .iter()
        .map(|rule| rule["expr"].as_str().expect("an expression").to_owned());
    let mut used = BTreeSet::new();
    for expression in of_alerts.chain(dashboard()) {
        for (name, labels) in series(&expression) {
            let Some(own) = shown.get(&name) else {
                panic!("nobody shows {name}, of {expression}");
            };
            for label in labels {
                let known = own.contains(&label) || FOREIGN_LABELS.contains(&&*label);
                assert!(known, "{name} has no {label}: {expression}");
            }
            used.insert(name);
        }
    }
    // What no alert and no panel tells of nobody looks at.
    let family = |name: &str| {
        let histogram = ["_bucket", "_sum", "_count"]
            .iter()
            .find_map(|end| name.strip_suffix(end));
        histogram.unwrap_or(name).to_owned()
    };
    let used: BTreeSet<String> = used.iter().map(|name| family(name)).collect();
    let unseen: Vec<_> = shown
        .keys()
        .filter(|name| !used.contains(&family(name)))
        .collect();
    assert!(unseen.is_empty(), "on no panel: {unseen:?}");
}

#[test]
fn each_alert_has_its_page_and_says_how_bad_it_is() {
    let mut names = BTreeSet::new();
    for rule in alerts() {
        let name = rule["alert"].as_str().expect("an alert").to_owned();
        let page = format!("$RUNBOOKS/{name}.md");
        assert_eq!(rule["annotations"]["runbook_url"], *page, "{name}");
        for text in ["summary", "description"] {
            assert!(
                rule["annotations"][text].is_string(),
                "{name} has no {text}"
            );
        }
        let severity = rule["labels"]["severity"].as_str();
        assert!(
            matches!(severity, Some("critical" | "warning" | "info")),
            "{name}: {severity:?}"
        );
        names.insert(format!("{name}.md"));
    }
    let pages = fs::read_dir(docs().join("runbooks")).expect("docs/runbooks");
    let pages = pages.map(|page| {
        page.expect("readable")
            .file_name()
            .into_string()
            .expect("UTF-8")
    });
    assert_eq!(pages.collect::<BTreeSet<_>>(), names);
    for page in &names {
        let text = text(&docs().join("runbooks").join(page));
        for heading in [
            "## Sign",
            "## Meaning",
            "## What Sabai is already doing",
            "## What to do",
        ] {
            assert!(text.contains(heading), "{page} lacks {heading:?}");
        }
    }
}
