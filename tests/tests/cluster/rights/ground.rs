//! Two releases in one namespace, and a namespace with releases of the same names; what their agents would write.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use http::Method;
use sabai_tests::kubernetes::{Api, Kubernetes, Namespace, Options, Shared};
use sabai_tests::release::Rights;
use serde_json::{Value, json};

use super::tried::Place;

pub(super) const OWN_RELEASE: &str = "shop";
pub(super) const OWN_POD: &str = "shop-1";
pub(super) const PEER: &str = "shop-2";
pub(super) const OTHER_RELEASE: &str = "till";
/// By which everything is tried.
pub(super) const NAMES: [&str; 4] = [OWN_RELEASE, OWN_POD, PEER, OTHER_RELEASE];

pub(super) const RELEASES: [Rights<'_>; 2] = [
    Rights {
        name: OWN_RELEASE,
        service_account: "shop-agent",
    },
    Rights {
        name: OTHER_RELEASE,
        service_account: "till-agent",
    },
];

static KUBERNETES: Shared = Shared::new(|| Options {
    manifests: definitions(),
    ..Options::default()
});

/// Both kinds, as they are committed.
pub(super) fn definitions() -> String {
    let files = sabai_crds::yaml::files().expect("YAML can say it");
    let bodies: Vec<String> = files.into_iter().map(|(_, content)| content).collect();
    bodies.join("---\n")
}

pub(super) struct Ground {
    pub(super) own: Namespace,
    other: Namespace,
    /// Of pods and ServiceAccounts of the own namespace.
    uids: BTreeMap<String, String>,
    /// As the server has them.
    leases: BTreeMap<&'static str, Value>,
}

impl Ground {
    pub(super) async fn shared(prefix: &str) -> Self {
        let kubernetes = KUBERNETES.get().await.expect("Kubernetes starts");
        Self::on(&kubernetes, prefix).await
    }

    pub(super) async fn on(kubernetes: &Arc<Kubernetes>, prefix: &str) -> Self {
        let own = kubernetes.namespace(prefix).await.expect("a namespace");
        let other = kubernetes.namespace("elsewhere").await;
        let other = other.expect("a namespace");
        let mut uids = BTreeMap::new();
        for release in RELEASES {
            let account = release.service_account;
            for namespace in [&other, &own] {
                release.grant(namespace).await.expect("granted");
                for number in [1, 2] {
                    let pod = format!("{}-{number}", release.name);
                    let uid = namespace.pod(&pod, account).await.expect("a pod");
                    uids.insert(pod, uid);
                }
            }
            let path = own.core(&format!("serviceaccounts/{account}"));
            let stored = kubernetes.api().get(&path).await.expect("an account");
            uids.insert(account.to_owned(), uid(&stored));
            // The settings are none of this test's.
            let pool_config = pool_config(release.name);
            own.apply(&pool_config).await.expect("a PoolConfig");
            other.apply(&pool_config).await.expect("a PoolConfig");
        }
        Self {
            own,
            other,
            uids,
            leases: BTreeMap::new(),
        }
    }

    /// What is tried by a name is there, by every name: nothing is refused only for its absence.
    pub(super) async fn furnish(&mut self) {
        let admin = self.own.kubernetes().api();
        for name in NAMES {
            for (group_version, resource, object) in [
                (
                    "sabai.dev/v1alpha1",
                    "poolinstances",
                    self.pool_instance(name),
                ),
                ("coordination.k8s.io/v1", "leases", self.lease(name)),
                ("events.k8s.io/v1", "events", self.event(name)),
            ] {
                let path = self.own.path(group_version, resource);
                let stored = create(&admin, &path, &object).await;
                if resource == "leases" {
                    self.leases.insert(name, stored);
                }
            }
        }
    }

    pub(super) fn stored_lease(&self, name: &str) -> Value {
        self.leases[name].clone()
    }

    pub(super) fn namespace(&self, place: Place) -> Option<&Namespace> {
        match place {
            Place::Own => Some(&self.own),
            Place::Other => Some(&self.other),
            Place::Everywhere => None,
        }
    }

    /// Requests with the token of the release's first pod.
    pub(super) async fn agent(&self) -> Api {
        self.agent_of(RELEASES[0], OWN_POD).await
    }

    pub(super) async fn agent_of(&self, release: Rights<'_>, pod: &str) -> Api {
        let lasts = Duration::from_secs(3600);
        let token = self
            .own
            .token(release.service_account, pod, &self.uids[pod], lasts);
        let token = token.await.expect("a token");
        self.own.kubernetes().api_with_token(&token)
    }

    /// A uid of the own namespace; of what there is not, one that nobody has.
    pub(super) fn uid(&self, name: &str) -> &str {
        self.uids.get(name).map_or("nobody", String::as_str)
    }

    /// As the agent of this pod would write it.
    pub(super) fn pool_instance(&self, pod: &str) -> Value {
        let release = pod.split('-').next();
        json!({
            "apiVersion": "sabai.dev/v1alpha1",
            "kind": "PoolInstance",
            "metadata": {
                "name": pod,
                "labels": {"sabai.dev/poolconfig": release},
                "ownerReferences": [{
                    "apiVersion": "v1", "kind": "Pod", "name": pod, "uid": self.uid(pod),
                    "blockOwnerDeletion": false,
                }],
            },
        })
    }

    /// As an agent of this release would write it.
    pub(super) fn lease(&self, release: &str) -> Value {
        let account = RELEASES.iter().find(|known| known.name == release);
        let account = account.unwrap_or(&RELEASES[0]).service_account;
        json!({
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": {
                "name": release,
                "ownerReferences": [{
                    "apiVersion": "v1", "kind": "ServiceAccount", "name": account,
                    "uid": self.uid(account),
                }],
            },
            "spec": {"holderIdentity": OWN_POD, "leaseDurationSeconds": 15},
        })
    }

    /// On the pod.
    pub(super) fn event(&self, name: &str) -> Value {
        json!({
            "apiVersion": "events.k8s.io/v1",
            "kind": "Event",
            "metadata": {"name": name},
            "eventTime": "2026-11-23T09:14:03.000000Z",
            "type": "Normal", "reason": "Recycled", "action": "RecycleSessions",
            "reportingController": "sabai-agent", "reportingInstance": OWN_POD,
            "regarding": {
                "apiVersion": "v1", "kind": "Pod", "name": OWN_POD,
                "namespace": self.own.name(), "uid": self.uid(OWN_POD),
            },
        })
    }
}

fn pool_config(name: &str) -> String {
    format!(
        "{{apiVersion: sabai.dev/v1alpha1, kind: PoolConfig, metadata: {{name: {name}}}, spec: {{}}}}"
    )
}

fn uid(object: &Value) -> String {
    let uid = object["metadata"]["uid"].as_str();
    uid.expect("what is stored has a uid").to_owned()
}

/// Creates what must be taken.
pub(super) async fn create(api: &Api, path: &str, object: &Value) -> Value {
    let body = object.to_string();
    let answer = api.send(Method::POST, path, "application/json", &body);
    let answer = answer.await.expect("an answer");
    answer
        .ok()
        .unwrap_or_else(|error| panic!("{path}: {error}"))
}
