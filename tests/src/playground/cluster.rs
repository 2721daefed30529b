//! `--kube`: an API server of the playground's own, with the release `shop` in a namespace: its rights, its PoolConfig, and the pod
//! whose agent the playground runs. What people do there by kubectl, and what the PoolConfig says.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use serde_json::{Value, json};

use super::screen::Screen;
use crate::bot::Environment;
use crate::kubernetes::{Kubernetes, Namespace, Options, Output};
use crate::release::{self, Pod, Rights};
use crate::shelf::Progress;

/// The PoolConfig's name too, and the ServiceAccount's.
pub(super) const RELEASE: &str = "shop";
const POD: &str = "shop-1";
const NAMESPACE: &str = "playground";
/// Longer than anybody plays: no kubelet is there to renew it.
const TOKEN: Duration = Duration::from_secs(7 * 24 * 3600);
/// How often a report is written anew that has no news.
const REPORT_INTERVAL: &str = "10s";

/// The API server and what stands in it. Dropping it ends it.
pub(super) struct Cluster {
    namespace: Namespace,
    pod: Pod,
    kubeconfig: PathBuf,
}

impl Cluster {
    /// Starts it, and says what it is doing: the first time ever its programs are built, which takes minutes.
    ///
    /// # Errors
    /// What could not be built, started or installed.
    pub(super) async fn start(screen: &Screen) -> anyhow::Result<Self> {
        let steps = screen.clone();
        let progress: Progress = Arc::new(move |text| steps.show(&format!("· {text}")));
        progress("starting a Kubernetes API server");
        let options = Options {
            // Nobody reads it here, and it would grow.
            audit: false,
            progress: Some(Arc::clone(&progress)),
            ..release::cluster()
        };
        let kubernetes = Kubernetes::start(options).await?;
        progress("installing the resource definitions, the rights and a PoolConfig");
        let namespace = kubernetes.namespace(NAMESPACE).await?;
        let rights = Rights {
            name: RELEASE,
            service_account: RELEASE,
        };
        rights.grant(&namespace).await?;
        let pod = rights.pod(&namespace, POD, kubernetes.address(), TOKEN);
        let cluster = Self {
            pod: pod.await?,
            kubeconfig: namespace.kubeconfig()?,
            namespace,
        };
        cluster.apply(&spec()).await?;
        Ok(cluster)
    }

    /// What the bot is started with too.
    pub(super) fn pod_name(&self) -> (String, String) {
        ("POD_NAME".to_owned(), self.pod.name.clone())
    }

    /// What makes the agent one of this pod.
    pub(super) fn agent_env(&self) -> Environment {
        let interval = ("SABAI_REPORT_INTERVAL".to_owned(), REPORT_INTERVAL.into());
        [self.pod.agent_env(), vec![interval]].concat()
    }

    /// `kubectl apply` of the release's PoolConfig with this spec.
    ///
    /// # Errors
    /// When the API server refuses.
    pub(super) async fn apply(&self, spec: &Value) -> anyhow::Result<()> {
        let object = release::pool_config(RELEASE, spec).to_string();
        self.namespace.apply(&object).await.map(drop)
    }

    /// kubectl as people run it who have exported our KUBECONFIG.
    ///
    /// # Errors
    /// When it cannot be run or does not end within a minute; its own failure is an output.
    pub(super) async fn kubectl(&self, arguments: &[&str]) -> anyhow::Result<Output> {
        let kubernetes = self.namespace.kubernetes();
        kubernetes.kubectl_with(&self.kubeconfig, arguments).await
    }

    /// The PoolConfig as it stands; nothing where there is none.
    ///
    /// # Errors
    /// When the API server does not answer.
    pub(super) async fn pool_config(&self) -> anyhow::Result<Option<Value>> {
        let resource = format!("poolconfigs/{RELEASE}");
        let path = self.namespace.path("sabai.dev/v1alpha1", &resource);
        let api = self.namespace.kubernetes().api();
        let answer = api.send(http::Method::GET, &path, "", "").await?;
        match answer.status {
            404 => Ok(None),
            _ => answer.ok().context("read the PoolConfig").map(Some),
        }
    }

    /// What it says, in a few words.
    pub(super) async fn says(&self) -> String {
        match self.pool_config().await {
            Ok(Some(object)) => said(&object["status"]),
            Ok(None) => "there is none".to_owned(),
            Err(_) => "the API server does not say".to_owned(),
        }
    }

    /// How people come here from another terminal.
    pub(super) fn way_in(&self) -> String {
        way_in(
            &self.kubeconfig,
            self.namespace.kubernetes().kubectl_program(),
        )
    }
}

/// The times by which each fault shows soon; everything else by its default.
pub(super) fn spec() -> Value {
    let short = release::short_times();
    json!({"probe": short["probe"], "recycle": short["recycle"]})
}

fn way_in(kubeconfig: &Path, kubectl: &Path) -> String {
    format!(
        "The API server, from another terminal; without kubectl, take {}:
export KUBECONFIG={}
kubectl get sabai
kubectl get pcfg -w
kubectl patch pcfg {RELEASE} --type merge -p '{{\"spec\":{{\"pool\":{{\"maxConnections\":8}}}}}}'
kubectl annotate pcfg {RELEASE} --overwrite sabai.dev/recycle-requested-at=$(date -u +%FT%TZ)
",
        kubectl.display(),
        kubeconfig.display(),
    )
}

/// Of a PoolConfig's status.
fn said(status: &Value) -> String {
    let condition = |type_: &str| {
        let all = status["conditions"].as_array().into_iter().flatten();
        let mut all = all.filter(|one| one["type"] == type_);
        all.next().unwrap_or(&Value::Null)
    };
    let word = |value: &Value| value.as_str().unwrap_or("?").to_owned();
    let ready = condition("Ready");
    let ready = match word(&ready["status"]).as_str() {
        "True" => "Ready".to_owned(),
        _ => format!("not Ready ({})", word(&ready["reason"])),
    };
    let count = |of: &str| status["instances"][of].as_u64().unwrap_or_default();
    let (applied, total) = (count("applied"), count("total"));
    let healthy = word(&condition("Healthy")["reason"]);
    format!("{ready}, Applied {applied} of {total}, {healthy}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_told_in_a_few_words() {
        let condition = |type_: &str, status: &str, reason: &str| json!({"type": type_, "status": status, "reason": reason});
        let status = |ready, healthy| {
            let instances = json!({"total": 2, "applied": 1});
            json!({"instances": instances, "conditions": [ready, healthy]})
        };
        let (well, ill) = (
            condition("Healthy", "True", "Reachable"),
            condition("Healthy", "False", "DatabaseDown"),
        );
        for (status, expected) in [
            (
                status(condition("Ready", "True", "InForce"), well),
                "Ready, Applied 1 of 2, Reachable",
            ),
            (
                status(condition("Ready", "False", "Applying"), ill),
                "not Ready (Applying), Applied 1 of 2, DatabaseDown",
            ),
            (json!({}), "not Ready (?), Applied 0 of 0, ?"),
        ] {
            assert_eq!(said(&status), expected);
        }
    }

    #[test]
    fn the_line_to_export_stands_alone() {
        let said = way_in(Path::new("/x/kubeconfig"), Path::new("/y/kubectl"));
        assert!(
            said.contains("\nexport KUBECONFIG=/x/kubeconfig\n"),
            "{said}"
        );
        assert!(said.contains("take /y/kubectl:"), "{said}");
    }
}
