//! What an operator sees: installing, `kubectl explain`, `kubectl get sabai`.

use std::time::Duration;

use sabai_tests::kubernetes::Namespace;
use sabai_tests::wait::eventually;
use sabai_wire::settings::{AGENT_FIELDS, FIELDS};
use serde_json::json;

use super::reports::{instance, of_pool_config, patch};
use super::{KUBERNETES, manifests, namespace, pool_config};

#[tokio::test]
async fn the_definitions_are_taken_without_a_warning_and_established() {
    let kubernetes = KUBERNETES.get().await.expect("Kubernetes starts");
    let apply = ["apply", "--server-side", "--force-conflicts", "-f", "-"];
    let applied = kubernetes
        .kubectl_with_input(&apply, &manifests())
        .await
        .expect("kubectl");
    assert_eq!(applied.stderr, "", "a warning");
    for name in ["poolconfigs.sabai.dev", "poolinstances.sabai.dev"] {
        let wait = [
            "wait",
            "--for=condition=Established",
            "--timeout=30s",
            "crd",
            name,
        ];
        kubernetes
            .kubectl(&wait)
            .await
            .expect("kubectl")
            .ok()
            .expect("established");
        let definition = kubernetes
            .kubectl(&["get", "crd", name, "-o", "json"])
            .await
            .expect("kubectl");
        let definition = definition.ok().expect("there");
        assert!(!definition.contains("NonStructuralSchema"), "{definition}");
    }
}

#[tokio::test]
async fn explain_tells_every_field_with_what_it_means_and_takes() {
    let namespace = namespace("explain").await;
    let explain = async |path: &str, more: &[&str]| {
        let arguments = [&["explain", path], more].concat();
        // A server that has just got the definitions does not know their short names at once.
        let what = format!("kubectl to explain {path}");
        let told = eventually(Duration::from_secs(30), &what, async || {
            let told = namespace.kubectl(&arguments).await.expect("kubectl");
            told.ok().map_err(|error| format!("{error:#}"))
        });
        let told = told.await;
        told.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let all = explain("pcfg.spec", &["--recursive"]).await;
    for field in FIELDS.iter().chain(AGENT_FIELDS) {
        assert!(
            all.contains(&format!(" {} <", field.group_and_name().1)),
            "{}: {all}",
            field.path
        );
    }
    let told = explain("poolconfig.spec.pool.acquireTimeout", &[]).await;
    let words = "Longest wait for a session; a caller's own deadline may be shorter. 50ms to 1m; 3s by default.";
    assert!(told.contains(words), "{told}");
    let told = explain("pinst.status.lastRecycle", &[]).await;
    assert!(told.contains("CertificateChanged"), "{told}");
}

/// The cells of each line but the age, which ticks.
fn cells(printed: &str) -> Vec<Vec<&str>> {
    let lines = printed.lines().filter(|line| !line.is_empty());
    lines
        .map(|line| line.split_whitespace().collect())
        .collect()
}

async fn get(namespace: &Namespace, arguments: &[&str]) -> String {
    let arguments = [&["get"], arguments].concat();
    let printed = namespace.kubectl(&arguments).await.expect("kubectl");
    printed.ok().expect("printed")
}

/// A PoolConfig and one PoolInstance, both with whole statuses.
async fn furnish(namespace: &Namespace) {
    let config = pool_config(&json!({})).to_string();
    namespace.apply(&config).await.expect("valid");
    let taken = patch(namespace, "poolconfigs/shop/status", &of_pool_config()).await;
    taken.ok().expect("taken");
    let instance = serde_json::to_string(&instance("shop-x2k4q")).expect("written");
    namespace.apply(&instance).await.expect("valid");
}

#[tokio::test]
async fn get_sabai_shows_a_pool_config_that_nobody_reads() {
    let namespace = namespace("nobody").await;
    let config = pool_config(&json!({})).to_string();
    namespace.apply(&config).await.expect("valid");
    let printed = get(&namespace, &["sabai"]).await;
    let nobody = ["poolconfig.sabai.dev/shop", "Unknown", "16", "Pending"];
    assert_eq!(cells(&printed)[1][..4], nobody);
}

#[tokio::test]
async fn get_sabai_shows_both_kinds_at_a_glance() {
    let namespace = namespace("glance").await;
    furnish(&namespace).await;
    let printed = get(&namespace, &["sabai"]).await;
    let both = cells(&printed);
    let heads = "NAME READY MAX PODS APPLIED HEALTHY REASON AGE";
    assert_eq!(both[0].join(" "), heads);
    let config = "poolconfig.sabai.dev/shop False 16 3 3 2 PathBroken";
    assert_eq!(both[1][..7].join(" "), config);
    let heads = "NAME READY HEALTHY STAGE REASON GEN SIZE SPOOLED SEEN AGE";
    assert_eq!(both[2].join(" "), heads);
    let instance = "poolinstance.sabai.dev/shop-x2k4q False False TCP PathBroken 4 12 41";
    assert_eq!(both[3][..8].join(" "), instance);
    assert_eq!(both[3].len(), 10, "SEEN is a time ago");
}

#[tokio::test]
async fn wide_shows_the_rest() {
    let namespace = namespace("wide").await;
    furnish(&namespace).await;
    let printed = get(&namespace, &["pcfg", "-o", "wide"]).await;
    let wide = cells(&printed);
    assert_eq!(
        wide[0][7..].join(" "),
        "MODE CEILING LIMIT IDLE-TIMEOUT AGE"
    );
    assert_eq!(wide[1][7..11].join(" "), "Automatic 76 97 340s");
    let printed = get(&namespace, &["pinst", "-o", "wide"]).await;
    let wide = cells(&printed);
    let heads = "NODE POOL-GEN CERTIFICATE-ENDS LAST-RECYCLE VERSION AGE";
    assert_eq!(wide[0][9..].join(" "), heads);
    let instance = "node-c 7 2026-11-23T09:14:37.25Z CertificateChanged 0.4.0";
    assert_eq!(wide[1][9..14].join(" "), instance);
}
