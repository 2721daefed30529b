//! Leases: its release's alone, owned by the release's account.

use http::Method;
use serde_json::{Value, json};

use super::{JSON, case, pod, refused, with};
use crate::rights::ground::{Ground, OTHER_RELEASE, OWN_POD, OWN_RELEASE};

#[tokio::test]
async fn an_agent_keeps_its_releases_lease_alone_and_as_it_has_to_be() {
    const ALONE: &str = "an agent of this release keeps the Lease shop alone";
    const OWNER: &str =
        "metadata.ownerReferences must be the ServiceAccount shop-agent, by its uid";
    const LABEL: &str = "label app.kubernetes.io/instance must not be set";
    let mut ground = Ground::shared("lease").await;
    let agent = ground.agent().await;
    let leases = ground.own.path("coordination.k8s.io/v1", "leases");
    let own = ground.lease(OWN_RELEASE);
    let owner = own["metadata"]["ownerReferences"][0].clone();
    let mut stale = owner.clone();
    stale["uid"] = "of-another-life".into();
    let strangers = ground.lease(OTHER_RELEASE)["metadata"]["ownerReferences"].clone();
    let owners = |lease: &Value, owners: Value| with(lease.clone(), "ownerReferences", owners);
    let instance = json!({"app.kubernetes.io/instance": "shop"});
    let post = || (Method::POST, leases.as_str(), JSON);
    let two = json!([owner, pod(OWN_POD, ground.uid(OWN_POD))]);
    let cases = vec![
        case(
            "another release's",
            post(),
            ground.lease(OTHER_RELEASE),
            ALONE,
        ),
        case(
            "any other",
            post(),
            with(own.clone(), "name", "x".into()),
            ALONE,
        ),
        case("no owner", post(), owners(&own, Value::Null), OWNER),
        case(
            "another account",
            post(),
            owners(&own, strangers.clone()),
            OWNER,
        ),
        case(
            "a stale account",
            post(),
            owners(&own, json!([stale])),
            OWNER,
        ),
        case("two owners", post(), owners(&own, two), OWNER),
        case(
            "an instance",
            post(),
            with(own.clone(), "labels", instance.clone()),
            LABEL,
        ),
    ];
    refused(&agent, cases).await;
    ground.furnish().await;
    let stored = ground.stored_lease(OWN_RELEASE);
    let path = format!("{leases}/{OWN_RELEASE}");
    let put = || (Method::PUT, path.as_str(), JSON);
    let cases = vec![
        case("the owner gone", put(), owners(&stored, Value::Null), OWNER),
        case(
            "another owner",
            put(),
            owners(&stored, strangers.clone()),
            OWNER,
        ),
        case(
            "an instance",
            put(),
            with(stored.clone(), "labels", instance),
            LABEL,
        ),
    ];
    refused(&agent, cases).await;
    // By an operator's mistake the name is in use.
    let taken = owners(&stored, strangers).to_string();
    let admin = ground.own.kubernetes().api();
    let taken = admin.send(Method::PUT, &path, JSON, &taken).await;
    let taken = taken.expect("an answer").ok().expect("people may");
    let back = owners(&taken, stored["metadata"]["ownerReferences"].clone());
    let words = "this Lease is another release's";
    refused(&agent, vec![case("the name in use", put(), back, words)]).await;
}
