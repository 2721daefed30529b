//! Who is no agent of the release.

use std::time::Duration;

use serde_json::json;

use crate::rights::ground::{Ground, OTHER_RELEASE, RELEASES, create};

/// Neither policy is in the way of any other program, nor of the other release.
#[tokio::test]
async fn nobody_else_is_bound() {
    const EVERYTHING: &str = "
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: deployer}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}
subjects: [{kind: ServiceAccount, name: deployer}]
";
    let ground = Ground::shared("others").await;
    let uid = ground.own.pod("deployer-1", "deployer").await;
    let uid = uid.expect("a pod");
    let lasts = Duration::from_secs(3600);
    let token = ground.own.token("deployer", "deployer-1", &uid, lasts);
    let token = token.await.expect("a token");
    ground.own.apply(EVERYTHING).await.expect("granted");
    let deployer = ground.own.kubernetes().api_with_token(&token);
    let till = ground.agent_of(RELEASES[1], "till-1").await;
    let instances = ground.own.path("sabai.dev/v1alpha1", "poolinstances");
    let leases = ground.own.path("coordination.k8s.io/v1", "leases");
    for (who, path, object) in [
        (
            &deployer,
            &instances,
            json!({"metadata": {"name": "anything"}}),
        ),
        (
            &deployer,
            &leases,
            json!({"metadata": {"name": "anything"}}),
        ),
        (&till, &instances, ground.pool_instance("till-1")),
        (&till, &leases, ground.lease(OTHER_RELEASE)),
    ] {
        let kind = if path == &leases {
            ("coordination.k8s.io/v1", "Lease")
        } else {
            ("sabai.dev/v1alpha1", "PoolInstance")
        };
        let mut object = object;
        object["apiVersion"] = kind.0.into();
        object["kind"] = kind.1.into();
        create(who, path, &object).await;
    }
}
