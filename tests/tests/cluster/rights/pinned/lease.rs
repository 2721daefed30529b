//! Leases: its release's alone, owned by the release's account.

use http::Method;
use serde_json::{Value, json};

use super::{JSON, cases, pod, refused, with};
use crate::rights::ground::{Ground, OTHER_RELEASE, OWN_POD, OWN_RELEASE};

const ALONE: &str = "an agent of this release keeps the Lease shop alone";
const OWNER: &str = "metadata.ownerReferences must be the ServiceAccount shop-agent, by its uid";
const LABEL: &str = "label app.kubernetes.io/instance must not be set";
const TAKEN: &str = "this Lease is another release's";

fn owned(lease: &Value, owners: Value) -> Value {
    with(lease.clone(), "ownerReferences", owners)
}

/// As what deploys a release labels its parts.
fn labelled(lease: &Value) -> Value {
    let labels = json!({"app.kubernetes.io/instance": "shop"});
    with(lease.clone(), "labels", labels)
}

fn owners(lease: &Value) -> Value {
    lease["metadata"]["ownerReferences"].clone()
}

#[tokio::test]
async fn an_agent_creates_its_releases_lease_alone_and_as_it_has_to_be() {
    let ground = Ground::shared("lease").await;
    let own = ground.lease(OWN_RELEASE);
    let strangers = ground.lease(OTHER_RELEASE);
    let mut stale = owners(&own);
    stale[0]["uid"] = "of-another-life".into();
    let mut two = owners(&own);
    let more = pod(OWN_POD, ground.uid(OWN_POD));
    two.as_array_mut().expect("a list").push(more);
    let any = with(own.clone(), "name", "any".into());
    let leases = ground.own.path("coordination.k8s.io/v1", "leases");
    let post = (Method::POST, leases.as_str(), JSON);
    let bodies = vec![
        ("any other", any, ALONE),
        ("no owner", owned(&own, Value::Null), OWNER),
        ("another account", owned(&own, owners(&strangers)), OWNER),
        ("a stale account", owned(&own, stale), OWNER),
        ("two owners", owned(&own, two), OWNER),
        ("an instance", labelled(&own), LABEL),
        ("another release's", strangers, ALONE),
    ];
    refused(&ground.agent().await, cases(post, bodies)).await;
}

#[tokio::test]
async fn an_agent_writes_its_releases_lease_as_it_has_to_be_and_takes_nobody_elses() {
    let mut ground = Ground::shared("lease").await;
    ground.furnish().await;
    let agent = ground.agent().await;
    let own = ground.stored_lease(OWN_RELEASE);
    let strangers = owners(&ground.lease(OTHER_RELEASE));
    let leases = ground.own.path("coordination.k8s.io/v1", "leases");
    let path = format!("{leases}/{OWN_RELEASE}");
    let put = || (Method::PUT, path.as_str(), JSON);
    let bodies = vec![
        ("the owner gone", owned(&own, Value::Null), OWNER),
        ("another owner", owned(&own, strangers.clone()), OWNER),
        ("an instance", labelled(&own), LABEL),
    ];
    refused(&agent, cases(put(), bodies)).await;
    // By an operator's mistake the name is in use.
    let taken = owned(&own, strangers).to_string();
    let admin = ground.own.kubernetes().api();
    let taken = admin.send(Method::PUT, &path, JSON, &taken).await;
    let taken = taken.expect("an answer").ok().expect("people may");
    let back = owned(&taken, owners(&own));
    refused(&agent, cases(put(), vec![("the name in use", back, TAKEN)])).await;
}
