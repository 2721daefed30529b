//! PoolInstances: its own alone, with its pod as owner and its release's label; what people have asked for stays.

use http::Method;
use serde_json::{Value, json};

use super::{Case, JSON, MERGE, cases, pod, refused, with};
use crate::rights::ground::{Ground, OTHER_RELEASE, OWN_POD, PEER, create};

const APPLY: &str = "application/apply-patch+yaml";
const REQUESTED_AT: &str = "sabai.dev/recycle-requested-at";

const OWNERS: &str = "metadata.ownerReferences must be the Pod shop-1 with uid ";
const ALONE: &str = "the agent of pod shop-1 writes the PoolInstance shop-1 alone";
const LABEL: &str = "label sabai.dev/poolconfig must be shop";
const PEOPLES: &str = "annotation sabai.dev/recycle-requested-at is for people";

fn created(ground: &Ground) -> Vec<Case> {
    let own = ground.pool_instance(OWN_POD);
    let mut nameless = with(own.clone(), "generateName", "shop-".into());
    nameless["metadata"]["name"] = Value::Null;
    let label = json!({"sabai.dev/poolconfig": OTHER_RELEASE});
    let anothers = with(own.clone(), "labels", label);
    let unlabelled = with(own.clone(), "labels", json!({}));
    let asks = json!({REQUESTED_AT: "2026-11-23T09:14:03Z"});
    let asking = with(own, "annotations", asks);
    let path = ground.own.path("sabai.dev/v1alpha1", "poolinstances");
    let post = (Method::POST, path.as_str(), JSON);
    let bodies = vec![
        ("a peer's", ground.pool_instance(PEER), ALONE),
        ("a stranger's", ground.pool_instance("till-1"), ALONE),
        ("one without a name", nameless, ALONE),
        ("no label", unlabelled, LABEL),
        ("another release's label", anothers, LABEL),
        ("a request for a recycle", asking, PEOPLES),
    ];
    cases(post, bodies)
}

fn created_with_owners(ground: &Ground) -> Vec<Case> {
    let own = pod(OWN_POD, ground.uid(OWN_POD));
    let mut blocking = own.clone();
    blocking["blockOwnerDeletion"] = true.into();
    let mut account = pod("shop-agent", ground.uid("shop-agent"));
    account["kind"] = "ServiceAccount".into();
    let mut named_alike = own.clone();
    named_alike["kind"] = "ConfigMap".into();
    let path = ground.own.path("sabai.dev/v1alpha1", "poolinstances");
    let post = (Method::POST, path.as_str(), JSON);
    let bodies = [
        ("no owner", Value::Null),
        ("a wrong uid", json!([pod(OWN_POD, "of-another-life")])),
        ("a peer as owner", json!([pod(PEER, ground.uid(PEER))])),
        ("two owners", json!([own, account])),
        ("an owner of another kind", json!([named_alike])),
        ("an owner that waits", json!([blocking])),
    ];
    let bodies = bodies.map(|(what, owners)| {
        let object = ground.pool_instance(OWN_POD);
        (what, with(object, "ownerReferences", owners), OWNERS)
    });
    cases(post, bodies.into())
}

fn changed(ground: &Ground) -> Vec<Case> {
    let path = ground.own.path("sabai.dev/v1alpha1", "poolinstances");
    let (own, peers) = (format!("{path}/{OWN_POD}"), format!("{path}/{PEER}"));
    let labelled = |label: Value| json!({"labels": {"sabai.dev/poolconfig": label}});
    let asks = |time: Value| json!({"annotations": {REQUESTED_AT: time}});
    let owned = |owners: Value| json!({"ownerReferences": owners});
    let another_time = || Value::from("2026-11-23T10:00:00Z");
    let patches = [
        ("the label gone", labelled(Value::Null), LABEL),
        ("another label", labelled(OTHER_RELEASE.into()), LABEL),
        ("the owner gone", owned(Value::Null), OWNERS),
        ("another owner", owned(json!([pod(OWN_POD, "x")])), OWNERS),
        ("another time", asks(another_time()), PEOPLES),
        ("the request gone", asks(Value::Null), PEOPLES),
    ];
    let patches =
        patches.map(|(what, metadata, words)| (what, json!({"metadata": metadata}), words));
    let report = json!({"status": {"nodeName": "node-x"}});
    let mut applied = ground.pool_instance(OWN_POD);
    applied["metadata"]["annotations"] = asks(another_time())["annotations"].take();
    let forced = format!("{own}?fieldManager=agent&force=true");
    [
        cases((Method::PATCH, &own, MERGE), patches.into()),
        cases(
            (Method::PATCH, &peers, MERGE),
            vec![("a peer's report", report, ALONE)],
        ),
        cases(
            (Method::PATCH, &forced, APPLY),
            vec![("another time, applied", applied, PEOPLES)],
        ),
    ]
    .into_iter()
    .flatten()
    .collect()
}

#[tokio::test]
async fn an_agent_writes_its_own_report_alone_and_as_it_has_to_be() {
    let mut ground = Ground::shared("report").await;
    let agent = ground.agent().await;
    refused(&agent, created(&ground)).await;
    refused(&agent, created_with_owners(&ground)).await;
    ground.furnish().await;
    let annotation = format!("{REQUESTED_AT}=2026-11-23T09:14:03Z");
    let annotate = ["annotate", "pinst", OWN_POD, &annotation];
    let asked = ground.own.kubectl(&annotate).await.expect("kubectl");
    asked.ok().expect("people may ask");
    let path = ground.own.path("sabai.dev/v1alpha1", "poolinstances");
    let before = ground.own.kubernetes().api().get(&path).await;
    refused(&agent, changed(&ground)).await;
    let after = ground.own.kubernetes().api().get(&path).await;
    assert_eq!(
        before.expect("a list")["items"],
        after.expect("a list")["items"]
    );
    let own = format!("{path}/{OWN_POD}");
    let told = json!({"status": {"nodeName": "node-a"}}).to_string();
    let told = agent.send(Method::PATCH, &own, MERGE, &told).await;
    let told = told.expect("an answer").ok().expect("it goes on telling");
    assert_eq!(
        told["metadata"]["annotations"][REQUESTED_AT],
        "2026-11-23T09:14:03Z"
    );
}

#[tokio::test]
async fn a_token_of_no_pod_writes_no_report() {
    let ground = Ground::shared("podless").await;
    let request =
        json!({"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}});
    let path = ground.own.core("serviceaccounts/shop-agent/token");
    let kubernetes = ground.own.kubernetes();
    let token = create(&kubernetes.api(), &path, &request).await;
    let token = token["status"]["token"].as_str().expect("a token");
    let instances = ground.own.path("sabai.dev/v1alpha1", "poolinstances");
    let post = (Method::POST, instances.as_str(), JSON);
    let words = "this token is bound to no pod";
    let own = vec![("its own", ground.pool_instance(OWN_POD), words)];
    refused(&kubernetes.api_with_token(token), cases(post, own)).await;
}
