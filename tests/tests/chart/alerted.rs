//! Which alerts fire in which scenes: `tests/alerts`, judged by Prometheus's own promtool.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use sabai_tests::helm::{chart, objects};
use sabai_tests::kubernetes::tools::{self, Tool};
use sabai_tests::shelf::aloud;

use super::{render, the};

/// As the release `shop` of the namespace `line` has them.
const SELECTOR: &str = "namespace=\"line\",job=\"line/shop\"";
const RUNBOOKS: &str = "https://example.org/runbooks";

fn rules() -> String {
    let file = fs::read_to_string(chart().join("files/alerts.yaml")).expect("alerts");
    let filled = file
        .replace("$SELECTOR", SELECTOR)
        .replace("$RUNBOOKS", RUNBOOKS);
    // What is left is Prometheus's own: $labels and $value.
    assert_eq!(filled.matches("$SELECTOR").count(), 0);
    filled
}

async fn promtool(folder: &Path, arguments: &[&str]) -> Output {
    let program = tools::find(Tool::Promtool, &aloud())
        .await
        .expect("promtool");
    let mut command = Command::new(program);
    command.args(arguments).current_dir(folder);
    command.output().expect("promtool runs")
}

#[tokio::test]
async fn every_alert_fires_when_it_must_not_just_below_and_ends() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("alerts.yaml"), rules()).expect("written");
    let scenes = Path::new(env!("CARGO_MANIFEST_DIR")).join("alerts");
    let mut names = vec!["test".to_owned(), "rules".to_owned()];
    for scene in fs::read_dir(scenes).expect("tests/alerts") {
        let scene = scene.expect("readable");
        fs::copy(scene.path(), folder.path().join(scene.file_name())).expect("copied");
        names.push(scene.file_name().into_string().expect("UTF-8"));
    }
    assert!(names.len() > 3, "{names:?}");
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    for arguments in [&["check", "rules", "alerts.yaml"][..], &names] {
        let output = promtool(folder.path(), arguments).await;
        let said =
            String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}");
    }
}

#[tokio::test]
async fn the_chart_fills_in_for_which_release_and_where_the_pages_are() {
    let values = [
        "--set=prometheusRule.enabled=true,dashboard.enabled=true",
        "--set=prometheusRule.runbooks=https://example.org/runbooks",
    ];
    let rendered = render(&values).await;
    let rule = the(&rendered, "PrometheusRule");
    let text = format!("kind: Rules\n{}", rules());
    let expected = &objects(&text).expect("YAML")[0];
    assert_eq!(rule["spec"]["groups"], expected["groups"]);
    let dashboards = rendered
        .iter()
        .filter(|one| one["metadata"]["labels"]["grafana_dashboard"] == "1");
    assert_eq!(dashboards.count(), 1);
}
