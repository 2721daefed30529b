//! The harness's Kubernetes is a real one: it validates, authorizes, collects garbage, and survives what the tests of the
//! agent do to it.

use std::sync::Arc;
use std::time::Duration;

use http::Method;
use sabai_tests::gate::{Fault, Gate};
use sabai_tests::kubernetes::{Kubernetes, Namespace, Options, Shared};
use sabai_tests::wait::eventually;

const LIMIT: Duration = Duration::from_secs(30);

/// A resource of no use with one rule.
const THINGS: &str = r#"
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: things.harness.test}
spec:
  group: harness.test
  scope: Namespaced
  names: {plural: things, singular: thing, kind: Thing, categories: [sabai]}
  versions:
  - name: v1
    served: true
    storage: true
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec:
            type: object
            description: What a thing is.
            properties:
              least: {type: integer, default: 1}
              most: {type: integer, description: Never below the least.}
            x-kubernetes-validations:
            - rule: "!has(self.most) || self.least <= self.most"
              message: most must not be below least
"#;

/// What an agent might be granted: one thing by its name.
const GRANT: &str = "
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: agent}
rules:
- {apiGroups: [harness.test], resources: [things], resourceNames: [own], verbs: [get]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: agent}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: agent}
subjects:
- {kind: ServiceAccount, name: agent}
";

static KUBERNETES: Shared = Shared::new(|| Options {
    manifests: THINGS.into(),
    controllers: true,
    audit: true,
    ..Options::default()
});

async fn namespace(prefix: &str) -> Namespace {
    let kubernetes = KUBERNETES.get().await.expect("Kubernetes starts");
    let namespace = kubernetes.namespace(prefix).await;
    namespace.expect("a namespace")
}

fn thing(name: &str, spec: &str) -> String {
    format!(
        "{{apiVersion: harness.test/v1, kind: Thing, metadata: {{name: {name}}}, spec: {spec}}}"
    )
}

#[tokio::test]
async fn an_operator_meets_schema_defaults_and_rules() {
    let namespace = namespace("operator").await;
    let said = namespace.apply(&thing("own", "{most: 3}")).await;
    assert_eq!(said.expect("valid"), "thing.harness.test/own created\n");
    let stored = namespace
        .get_json(&["things", "own"])
        .await
        .expect("stored");
    assert_eq!(stored["spec"], serde_json::json!({"least": 1, "most": 3}));
    let refused = namespace.try_apply(&thing("own", "{most: 0}")).await;
    let refused = refused.expect_err("the rule");
    assert!(
        refused.contains("most must not be below least"),
        "{refused}"
    );
    let failed = namespace.apply(&thing("own", "{most: x}")).await;
    let failed = format!("{:#}", failed.expect_err("the type"));
    assert!(failed.contains("spec.most"), "{failed}");
    let explained = namespace.kubectl(&["explain", "thing.spec"]).await;
    let explained = explained.expect("kubectl").ok().expect("explained");
    assert!(explained.contains("Never below the least."), "{explained}");
    let version = namespace.kubectl(&["version"]).await;
    let version = version.expect("kubectl").ok().expect("a version");
    assert!(version.contains("Server Version: v1."), "{version}");
}

#[tokio::test]
async fn a_pods_token_may_what_its_role_says_and_dies_with_the_pod() {
    let namespace = namespace("token").await;
    namespace.apply(GRANT).await.expect("a role");
    for name in ["own", "other"] {
        let applied = namespace.apply(&thing(name, "{}")).await;
        applied.expect("a thing");
    }
    let uid = namespace.pod("shop-1", "agent").await.expect("a pod");
    let token = namespace
        .token("agent", "shop-1", &uid, Duration::from_secs(600))
        .await
        .expect("a token");
    let api = namespace.kubernetes().api_with_token(&token);
    let things = namespace.path("harness.test/v1", "things");
    let own = format!("{things}/own");
    let patch = "application/merge-patch+json";
    for (method, path, content, expected) in [
        (Method::GET, &own, "", 200),
        (Method::GET, &format!("{things}/other"), "", 403),
        (Method::GET, &things, "", 403),
        (Method::PATCH, &own, patch, 403),
        (Method::DELETE, &own, "", 403),
    ] {
        let answer = api.send(method.clone(), path, content, "{}").await;
        let answer = answer.expect("an answer");
        assert_eq!(answer.status, expected, "{method} {path}: {}", answer.body);
    }
    let requests = namespace.kubernetes().audit().expect("noted");
    let user = format!("system:serviceaccount:{}:agent", namespace.name());
    let own = requests.iter().filter(|request| request.user == user);
    let codes: Vec<_> = own
        .inspect(|request| assert_eq!(request.pod.as_deref(), Some("shop-1")))
        .map(|request| (request.verb.as_str(), request.code))
        .collect();
    assert_eq!(
        codes,
        [
            ("get", 200),
            ("get", 403),
            ("list", 403),
            ("patch", 403),
            ("delete", 403)
        ]
    );
    let deleted = namespace.kubectl(&["delete", "pod", "shop-1"]).await;
    deleted.expect("kubectl").ok().expect("deleted");
    // The API server remembers a good token for ten seconds.
    eventually(LIMIT, "the token to be refused", async || {
        match api.get("/version").await {
            Err(error) if format!("{error:#}").contains("401") => Ok(()),
            answer => Err(format!("{answer:?}")),
        }
    })
    .await;
}

#[tokio::test]
async fn an_agent_comes_through_the_gate_with_the_token_in_its_file() {
    let namespace = namespace("gate").await;
    namespace.apply(GRANT).await.expect("a role");
    namespace.apply(&thing("own", "{}")).await.expect("a thing");
    let kubernetes = namespace.kubernetes();
    let gate = Gate::start(kubernetes.address()).await.expect("a gate");
    let access = namespace
        .access("shop-1", "nobody's", gate.addr())
        .expect("a kubeconfig");
    let get = async || {
        let get = ["get", "things", "own", "-o", "name"];
        let output = kubernetes.kubectl_with(&access.kubeconfig, &get).await;
        output
            .expect("kubectl")
            .ok()
            .map_err(|error| error.to_string())
    };
    let refused = get().await.expect_err("no token");
    assert!(refused.contains("must be logged in"), "{refused}");
    let uid = namespace.pod("shop-1", "agent").await.expect("a pod");
    let lasts = Duration::from_secs(600);
    let token = namespace.token("agent", "shop-1", &uid, lasts).await;
    access.rotate(&token.expect("a token")).expect("rotated");
    assert_eq!(get().await.as_deref(), Ok("thing.harness.test/own\n"));
    let accepted = gate.accepted();
    assert!(accepted >= 2, "{accepted} through the gate");
    gate.new_connections(Fault::Refuse).await;
    let refused = get().await.expect_err("no way");
    assert!(refused.contains("refused"), "{refused}");
}

#[tokio::test]
async fn what_a_pod_owned_is_collected_with_it() {
    let namespace = namespace("garbage").await;
    let uid = namespace.pod("shop-1", "agent").await.expect("a pod");
    let owned = format!(
        "{{apiVersion: harness.test/v1, kind: Thing, metadata: {{name: shop-1, ownerReferences: \
        [{{apiVersion: v1, kind: Pod, name: shop-1, uid: {uid}}}]}}, spec: {{}}}}"
    );
    namespace.apply(&owned).await.expect("owned");
    namespace.apply(&thing("free", "{}")).await.expect("free");
    let deleted = namespace.kubectl(&["delete", "pod", "shop-1"]).await;
    deleted.expect("kubectl").ok().expect("deleted");
    let things = namespace.path("harness.test/v1", "things");
    let api = namespace.kubernetes().api();
    eventually(LIMIT, "the pod's thing to go", async || {
        let left = api
            .get(&things)
            .await
            .map_err(|error| format!("{error:#}"))?;
        let left = left["items"].as_array().map_or(0, Vec::len);
        if left == 1 {
            Ok(())
        } else {
            Err(format!("{left} things"))
        }
    })
    .await;
    let left = api.get(&format!("{things}/free")).await;
    left.expect("nobody owned it");
}

#[tokio::test]
async fn what_was_stored_survives_a_pause_a_stop_and_a_kill() {
    let kubernetes = Kubernetes::start(Options::default()).await;
    let kubernetes: Arc<Kubernetes> = kubernetes.expect("Kubernetes starts");
    let namespace = kubernetes.namespace("survivor").await.expect("a namespace");
    let path = format!("/api/v1/namespaces/{}", namespace.name());
    let api = kubernetes.api();
    kubernetes.pause().await;
    let silence = tokio::time::timeout(Duration::from_millis(500), api.get(&path)).await;
    assert!(silence.is_err(), "{silence:?}");
    kubernetes.resume();
    api.get(&path).await.expect("an answer again");
    let kept = kubernetes.port();
    kubernetes.stop().await.expect("stops");
    let refused = api.get(&path).await.expect_err("down");
    assert!(format!("{refused:#}").contains("refused"), "{refused:#}");
    kubernetes.start_again().await.expect("starts");
    api.get(&path).await.expect("kept through a stop");
    kubernetes.kill().await.expect("dies");
    kubernetes.start_again().await.expect("starts");
    api.get(&path).await.expect("kept through a kill");
    assert_eq!(kubernetes.port(), kept);
    let twice = kubernetes.start_again().await.expect_err("it runs");
    assert!(twice.to_string().contains("running already"), "{twice}");
}

#[tokio::test]
async fn a_short_token_is_good_until_its_end() {
    let namespace = namespace("short").await;
    let uid = namespace.pod("shop-1", "agent").await.expect("a pod");
    let lasts = Duration::from_secs(3);
    let token = namespace.short_token("agent", "shop-1", &uid, lasts).await;
    let api = namespace
        .kubernetes()
        .api_with_token(&token.expect("a token"));
    let review = r#"{"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}"#;
    let reviews = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
    let me = api.send(Method::POST, reviews, "application/json", review);
    let me = me.await.expect("an answer").ok().expect("known");
    let user = &me["status"]["userInfo"];
    assert_eq!(
        user["extra"]["authentication.kubernetes.io/pod-uid"][0],
        uid.as_str()
    );
    eventually(LIMIT, "the token to end", async || {
        match api.get("/version").await {
            Err(error) if format!("{error:#}").contains("401") => Ok(()),
            answer => Err(format!("{answer:?}")),
        }
    })
    .await;
}
