//! The custom resources on a real API server: it fills in the defaults of the table, refuses what the table refuses, in words that
//! an operator understands, and shows what they are to see.

mod bounds;
mod defaults;
mod reports;
mod seen;
mod whatever;

use http::Method;
use sabai_tests::kubernetes::{Namespace, Options, Shared};
use serde_json::{Value, json};

static KUBERNETES: Shared = Shared::new(|| Options {
    manifests: manifests(),
    ..Options::default()
});

/// Both definitions as they are committed.
fn manifests() -> String {
    let files = sabai_crds::yaml::files().expect("YAML can say it");
    let bodies: Vec<String> = files.into_iter().map(|(_, content)| content).collect();
    bodies.join("---\n")
}

async fn namespace(prefix: &str) -> Namespace {
    let kubernetes = KUBERNETES.get().await.expect("Kubernetes starts");
    let namespace = kubernetes.namespace(prefix).await;
    namespace.expect("a namespace")
}

fn pool_config(spec: &Value) -> Value {
    json!({
        "apiVersion": "sabai.dev/v1alpha1",
        "kind": "PoolConfig",
        "metadata": {"name": "shop"},
        "spec": spec,
    })
}

/// What the API server makes of a PoolConfig with this spec: the object as it would be stored, or why it refuses.
async fn offer(namespace: &Namespace, spec: &Value) -> Result<Value, String> {
    let path = namespace.path(
        "sabai.dev/v1alpha1",
        "poolconfigs?dryRun=All&fieldValidation=Strict",
    );
    let (api, body) = (namespace.kubernetes().api(), pool_config(spec).to_string());
    let answer = api
        .send(Method::POST, &path, "application/json", &body)
        .await;
    let answer = answer.expect("an answer");
    match answer.status {
        201 => Ok(answer.body),
        // Of the schema; of unknown fields.
        422 | 400 => Err(answer.body["message"]
            .as_str()
            .unwrap_or_default()
            .to_owned()),
        other => panic!("{other}: {}", answer.body),
    }
}
