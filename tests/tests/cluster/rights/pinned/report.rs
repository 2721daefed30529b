//! PoolInstances: its own alone, with its pod as owner and its release's label; what people have asked for stays.

use http::Method;
use serde_json::{Value, json};

use super::{Case, JSON, MERGE, case, pod, refused, with};
use crate::rights::ground::{Ground, OTHER_RELEASE, OWN_POD, PEER, create};

const APPLY: &str = "application/apply-patch+yaml";
const REQUESTED_AT: &str = "sabai.dev/recycle-requested-at";

const OWNERS: &str = "metadata.ownerReferences must be the Pod shop-1 with uid ";
const ALONE: &str = "the agent of pod shop-1 writes the PoolInstance shop-1 alone";
const LABEL: &str = "label sabai.dev/poolconfig must be shop";
const PEOPLES: &str = "annotation sabai.dev/recycle-requested-at is for people";

fn created(ground: &Ground) -> Vec<Case> {
    let instances = ground.own.path("sabai.dev/v1alpha1", "poolinstances");
    let post = || (Method::POST, instances.as_str(), JSON);
    let own = ground.pool_instance(OWN_POD);
    let mut nameless = with(own.clone(), "generateName", "shop-".into());
    nameless["metadata"]["name"] = Value::Null;
    let uid = ground.uid(OWN_POD);
    let owners = |owners: Value| with(own.clone(), "ownerReferences", owners);
    let (own_owner, peers) = (pod(OWN_POD, uid), ground.uid(PEER));
    let mut blocking = own_owner.clone();
    blocking["blockOwnerDeletion"] = true.into();
    let mut account = pod("shop-agent", ground.uid("shop-agent"));
    account["kind"] = "ServiceAccount".into();
    let mut named_alike = own_owner.clone();
    named_alike["kind"] = "ConfigMap".into();
    let asks = json!({REQUESTED_AT: "2026-11-23T09:14:03Z"});
    vec![
        case("a peer's", post(), ground.pool_instance(PEER), ALONE),
        case(
            "a stranger's",
            post(),
            ground.pool_instance("till-1"),
            ALONE,
        ),
        case("one without a name", post(), nameless, ALONE),
        case("no owner", post(), owners(Value::Null), OWNERS),
        case(
            "a wrong uid",
            post(),
            owners(json!([pod(OWN_POD, "of-another-life")])),
            OWNERS,
        ),
        case(
            "a peer as owner",
            post(),
            owners(json!([pod(PEER, peers)])),
            OWNERS,
        ),
        case(
            "two owners",
            post(),
            owners(json!([own_owner, account])),
            OWNERS,
        ),
        case(
            "an owner of another kind",
            post(),
            owners(json!([named_alike])),
            OWNERS,
        ),
        case(
            "an owner that waits",
            post(),
            owners(json!([blocking])),
            OWNERS,
        ),
        case(
            "no label",
            post(),
            with(own.clone(), "labels", json!({})),
            LABEL,
        ),
        case(
            "another release's label",
            post(),
            with(
                own.clone(),
                "labels",
                json!({"sabai.dev/poolconfig": OTHER_RELEASE}),
            ),
            LABEL,
        ),
        case(
            "a request for a recycle",
            post(),
            with(own, "annotations", asks),
            PEOPLES,
        ),
    ]
}

fn changed(ground: &Ground) -> Vec<Case> {
    let instances = ground.own.path("sabai.dev/v1alpha1", "poolinstances");
    let (own, peers) = (
        format!("{instances}/{OWN_POD}"),
        format!("{instances}/{PEER}"),
    );
    let patch = |metadata: Value| json!({"metadata": metadata});
    let own = || (Method::PATCH, own.as_str(), MERGE);
    let labelled = |label: Value| patch(json!({"labels": {"sabai.dev/poolconfig": label}}));
    let asks = |time: Value| patch(json!({"annotations": {REQUESTED_AT: time}}));
    let owned = |owners: Value| patch(json!({"ownerReferences": owners}));
    let mut applied = with(
        ground.pool_instance(OWN_POD),
        "annotations",
        json!({REQUESTED_AT: "2026-11-23T10:00:00Z"}),
    );
    applied["metadata"]["ownerReferences"] = json!([pod(OWN_POD, ground.uid(OWN_POD))]);
    let forced = format!("{}?fieldManager=agent&force=true", own().1);
    vec![
        case(
            "a peer's report",
            (Method::PATCH, &peers, MERGE),
            json!({"status": {"nodeName": "node-x"}}),
            ALONE,
        ),
        case("the label gone", own(), labelled(Value::Null), LABEL),
        case(
            "another label",
            own(),
            labelled(OTHER_RELEASE.into()),
            LABEL,
        ),
        case("the owner gone", own(), owned(Value::Null), OWNERS),
        case(
            "another owner",
            own(),
            owned(json!([pod(OWN_POD, "x")])),
            OWNERS,
        ),
        case(
            "another time",
            own(),
            asks("2026-11-23T10:00:00Z".into()),
            PEOPLES,
        ),
        case("the request gone", own(), asks(Value::Null), PEOPLES),
        case(
            "another time, applied",
            (Method::PATCH, &forced, APPLY),
            applied,
            PEOPLES,
        ),
    ]
}

#[tokio::test]
async fn an_agent_writes_its_own_report_alone_and_as_it_has_to_be() {
    let mut ground = Ground::shared("report").await;
    let agent = ground.agent().await;
    refused(&agent, created(&ground)).await;
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
    let cases = vec![case("its own", post, ground.pool_instance(OWN_POD), words)];
    refused(&kubernetes.api_with_token(token), cases).await;
}
