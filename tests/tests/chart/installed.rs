//! The chart on a real API server: installed into a namespace of restricted pods, upgraded through every set of values, and
//! uninstalled, by both versions of Helm, without a warning and without touching another release.

use sabai_tests::helm::{Helm, chart};
use sabai_tests::kubernetes::{Namespace, Options, Shared};
use serde_json::{Value, json};

use super::{SHOP, both, sets, words};

/// Helm brings the definitions.
static KUBERNETES: Shared = Shared::new(|| Options {
    controllers: true,
    ..Options::default()
});
const KINDS: &str = "deployments,statefulsets,services,serviceaccounts,configmaps,ingresses,networkpolicies,roles,rolebindings,\
    poddisruptionbudgets,horizontalpodautoscalers,poolconfigs,validatingadmissionpolicies,validatingadmissionpolicybindings";

async fn namespace() -> Namespace {
    let kubernetes = KUBERNETES.get().await.expect("Kubernetes starts");
    let namespace = kubernetes.namespace("chart").await.expect("a namespace");
    let levels =
        ["enforce", "warn"].map(|mode| format!("pod-security.kubernetes.io/{mode}=restricted"));
    let label = [
        "label",
        "namespace",
        namespace.name(),
        &levels[0],
        &levels[1],
    ];
    let labelled = namespace.kubectl(&label).await.expect("kubectl");
    labelled.ok().expect("it is labelled");
    namespace
}

/// Runs Helm about a release; it may say nothing that warns.
async fn helm(helm: &Helm, namespace: &Namespace, verb: &[&str], values: &[&str]) {
    let place = ["--namespace", namespace.name(), "--timeout=60s"];
    let arguments = [verb, &place, values].concat();
    let output = helm.run(&arguments).await.expect("it runs");
    let said = output.stderr.to_lowercase();
    assert!(!said.contains("warn"), "{}, {verb:?}: {said}", helm.name);
    output
        .ok()
        .unwrap_or_else(|error| panic!("{}, {verb:?} {values:?}: {error:#}", helm.name));
}

/// Objects of a release, as KIND/NAME.
async fn made_for(namespace: &Namespace, release: &str) -> Vec<String> {
    let label = format!("app.kubernetes.io/instance={release}");
    let labelled = namespace
        .kubectl(&["get", KINDS, "-l", &label, "-o", "name"])
        .await;
    let labelled = labelled.expect("kubectl").ok().expect("it lists");
    let all = namespace.kubectl(&["get", KINDS, "-o", "name"]).await;
    let all = all.expect("kubectl").ok().expect("it lists");
    let named = |line: &&str| {
        let (_, name) = line.split_once('/').unwrap_or_default();
        name == release || name.contains(&format!(".{}.{release}.", namespace.name()))
    };
    let mut found: Vec<String> = labelled
        .lines()
        .chain(all.lines().filter(named))
        .map(str::to_owned)
        .collect();
    found.sort();
    found.dedup();
    found
}

/// PodSecurity judges pods: the workload's own template, as one.
async fn its_pod_is_admitted(namespace: &Namespace, name: &str) {
    for kind in ["deployment", "statefulset"] {
        let found = namespace
            .get_json(&["--ignore-not-found", kind, "shop"])
            .await;
        let Ok(workload) = found else { continue };
        let template = &workload["spec"]["template"];
        if !template.is_object() {
            continue;
        }
        let pod = pod(template, kind);
        let create = ["create", "--dry-run=server", "-f", "-"];
        let answer = namespace
            .kubectl_with_input(&create, &pod.to_string())
            .await;
        let answer = answer.expect("kubectl");
        assert!(
            answer.status.success() && answer.stderr.is_empty(),
            "{name}: {}",
            answer.stderr
        );
        return;
    }
    panic!("{name}: no workload");
}

fn pod(template: &Value, kind: &str) -> Value {
    let mut pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": template["metadata"], "spec": template["spec"]});
    pod["metadata"]["name"] = format!("of-{kind}").into();
    // Where each pod has a claim of its own.
    if kind == "statefulset" {
        let volumes = pod["spec"]["volumes"].as_array_mut().expect("volumes");
        volumes.push(json!({"name": "spool", "emptyDir": {}}));
    }
    pod
}

#[tokio::test]
async fn both_versions_install_upgrade_and_uninstall_and_leave_the_other_release_alone() {
    let chart = chart();
    let chart = chart.to_str().expect("UTF-8");
    for mut one in both().await {
        let namespace = namespace().await;
        one.with(namespace.kubernetes().kubeconfig());
        helm(&one, &namespace, &["install", "y", chart], &[]).await;
        let other = made_for(&namespace, "y").await;
        assert!(other.len() >= 8, "{other:?}");
        helm(&one, &namespace, &["install", "shop", chart], SHOP).await;
        for (name, set) in sets() {
            helm(&one, &namespace, &["upgrade", "shop", chart], &words(&set)).await;
            its_pod_is_admitted(&namespace, name).await;
        }
        helm(&one, &namespace, &["uninstall", "shop"], &[]).await;
        assert_eq!(made_for(&namespace, "shop").await, Vec::<String>::new());
        assert_eq!(made_for(&namespace, "y").await, other);
        helm(&one, &namespace, &["uninstall", "y"], &[]).await;
        let definitions = namespace.kubectl(&["get", "crds", "-o", "name"]).await;
        let definitions = definitions.expect("kubectl").ok().expect("it lists");
        assert_eq!(
            definitions.matches("sabai.dev").count(),
            2,
            "they stay: {definitions}"
        );
    }
}
