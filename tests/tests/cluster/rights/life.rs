//! What the agents of two releases write in a day, really written: it needs no right more than they have, not even where the
//! cluster asks for rights on owners.

use http::Method;
use sabai_tests::kubernetes::{Answer, Api, Kubernetes, Options};
use sabai_tests::release::Rights;
use serde_json::{Value, json};

use super::ground::{Ground, OWN_RELEASE, RELEASES, create, definitions};

const MERGE: &str = "application/merge-patch+json";

async fn patch(api: &Api, path: &str, body: &Value) -> Value {
    let body = body.to_string();
    let answer = api.send(Method::PATCH, path, MERGE, &body);
    let answer = answer.await.expect("an answer");
    answer
        .ok()
        .unwrap_or_else(|error| panic!("{path}: {error}"))
}

async fn put(api: &Api, path: &str, body: &Value) -> Answer {
    let body = body.to_string();
    let answer = api.send(Method::PUT, path, "application/json", &body);
    answer.await.expect("an answer")
}

async fn reports(ground: &Ground, release: Rights<'_>, pod: &str) {
    let api = ground.agent_of(release, pod).await;
    let instances = ground.own.path("sabai.dev/v1alpha1", "poolinstances");
    let own = format!("{instances}/{pod}");
    let object = ground.pool_instance(pod);
    create(&api, &instances, &object).await;
    let told = json!({
        "metadata": {
            "labels": object["metadata"]["labels"],
            "ownerReferences": object["metadata"]["ownerReferences"],
        },
        "status": {"nodeName": "node-a"},
    });
    let stored = patch(&api, &own, &told).await;
    assert_eq!(stored["status"]["nodeName"], "node-a");
    let listed = format!(
        "{instances}?labelSelector=sabai.dev/poolconfig%3D{}",
        release.name
    );
    let listed = api.get(&listed).await.expect("the release's reports");
    let names: Vec<&str> = listed["items"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|item| item["metadata"]["name"].as_str())
        .collect();
    assert!(names.contains(&pod), "{names:?}");
    let events = ground.own.path("events.k8s.io/v1", "events");
    let name = format!("{pod}.1");
    create(&api, &events, &ground.event(&name)).await;
    let again = json!({"series": {"count": 2, "lastObservedTime": "2026-11-23T09:15:03.000000Z"}});
    let event = patch(&api, &format!("{events}/{name}"), &again).await;
    assert_eq!(event["series"]["count"], 2);
}

async fn holds(ground: &Ground, release: Rights<'_>, pod: &str) {
    let api = ground.agent_of(release, pod).await;
    let leases = ground.own.path("coordination.k8s.io/v1", "leases");
    let own = format!("{leases}/{}", release.name);
    create(&api, &leases, &ground.lease(release.name)).await;
    let mut lease = api.get(&own).await.expect("the Lease");
    lease["spec"]["holderIdentity"] = pod.into();
    let stored = put(&api, &own, &lease).await.ok().expect("written");
    assert_eq!(stored["spec"]["holderIdentity"], pod);
    let configs = ground.own.path("sabai.dev/v1alpha1", "poolconfigs");
    let config = format!("{configs}/{}", release.name);
    let told = json!({
        "metadata": {"annotations": {"sabai.dev/recycle-requested-at": "2026-11-23T09:14:03Z"}},
        "spec": {"pool": {"maxConnections": 5}},
        "status": {"observedGeneration": 1},
    });
    patch(&api, &format!("{config}/status"), &told).await;
    let stored = api.get(&config).await.expect("the PoolConfig");
    assert_eq!(stored["status"]["observedGeneration"], 1);
    // What is no status is dropped by the server.
    assert_eq!(
        stored["metadata"]["annotations"]
            .as_object()
            .map_or(0, |all| all
                .keys()
                .filter(|key| key.starts_with("sabai.dev"))
                .count()),
        0
    );
    assert_ne!(stored["spec"]["pool"]["maxConnections"], 5);
}

#[tokio::test]
async fn two_releases_live_side_by_side_by_what_they_may() {
    let ground = Ground::shared("life").await;
    for release in RELEASES {
        for number in [1, 2] {
            let pod = format!("{}-{number}", release.name);
            reports(&ground, release, &pod).await;
        }
        holds(&ground, release, &format!("{}-1", release.name)).await;
    }
}

/// Such clusters, OpenShift among them, ask who names an owner for rights on it if its deletion is to wait.
#[tokio::test]
async fn owners_need_no_right_where_the_cluster_asks_for_it() {
    let kubernetes = Kubernetes::start(Options {
        manifests: definitions(),
        flags: vec!["--enable-admission-plugins=OwnerReferencesPermissionEnforcement".into()],
        ..Options::default()
    });
    let kubernetes = kubernetes.await.expect("Kubernetes starts");
    let ground = Ground::on(&kubernetes, "strict").await;
    let (release, pod) = (RELEASES[0], "shop-1");
    reports(&ground, release, pod).await;
    holds(&ground, release, pod).await;
    // The plugin is there: it has its own words for what the policy would refuse too.
    let api = ground.agent().await;
    let own = ground.own.path("coordination.k8s.io/v1", "leases");
    let own = format!("{own}/{OWN_RELEASE}");
    let mut lease = api.get(&own).await.expect("the Lease");
    lease["metadata"]["ownerReferences"] = Value::Null;
    let refused = put(&api, &own, &lease).await;
    let words = refused.body["message"].as_str().unwrap_or_default();
    assert!(words.contains("cannot set an ownerRef"), "{words}");
}
