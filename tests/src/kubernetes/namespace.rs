//! A namespace for one test: objects by kubectl as an operator, pods that nobody runs, and what an agent in such a pod has
//! to speak to the API server with. A failing test shows what stands in it.

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use serde_json::{Value, json};

use super::files::User;
use super::{Kubernetes, Output};

/// What a failing test shows, each kind as far as the API server knows it.
const SHOWN: &[&str] = &["sabai", "events.events.k8s.io", "leases", "pods"];
const SHOWN_WITHIN: Duration = Duration::from_secs(10);

/// A namespace of its own.
pub struct Namespace {
    kubernetes: Arc<Kubernetes>,
    name: String,
}

/// What an agent has: a kubeconfig, and the file with its token, as the kubelet would mount it.
#[derive(Clone, Debug)]
pub struct Access {
    pub kubeconfig: PathBuf,
    pub token_file: PathBuf,
}

impl Access {
    /// Another token from now on, put in place as the kubelet does it: never half.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn rotate(&self, token: &str) -> anyhow::Result<()> {
        let aside = self.token_file.with_extension("new");
        fs::write(&aside, token).with_context(|| format!("write {}", aside.display()))?;
        fs::rename(&aside, &self.token_file).context("put the token in place")
    }
}

impl Namespace {
    pub(super) async fn create(kubernetes: &Arc<Kubernetes>, name: String) -> anyhow::Result<Self> {
        let object = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
        let api = kubernetes.api();
        let path = "/api/v1/namespaces";
        api.send(
            http::Method::POST,
            path,
            "application/json",
            &object.to_string(),
        )
        .await?
        .ok()
        .with_context(|| format!("create namespace {name}"))?;
        Ok(Self {
            kubernetes: Arc::clone(kubernetes),
            name,
        })
    }

    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    #[must_use]
    pub fn kubernetes(&self) -> &Arc<Kubernetes> {
        &self.kubernetes
    }

    /// An administrator's kubeconfig for people, with this namespace as its own: kubectl needs no `-n`.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn kubeconfig(&self) -> anyhow::Result<PathBuf> {
        let (name, address) = (&self.name, self.kubernetes.address());
        let files = &self.kubernetes.files;
        let identity = files.member("admin", "system:masters")?;
        let user = User::Certificate(&identity);
        files.kubeconfig(&format!("{name}.kubeconfig"), address, name, &user)
    }

    /// kubectl as the administrator, in this namespace.
    ///
    /// # Errors
    /// When it cannot be run or does not end; its own failure is an output.
    pub async fn kubectl(&self, arguments: &[&str]) -> anyhow::Result<Output> {
        self.kubectl_with_input(arguments, "").await
    }

    /// The same with this text on its standard input.
    ///
    /// # Errors
    /// As [`Namespace::kubectl`].
    pub async fn kubectl_with_input(
        &self,
        arguments: &[&str],
        input: &str,
    ) -> anyhow::Result<Output> {
        let here = [&["-n", self.name.as_str()], arguments].concat();
        self.kubernetes.kubectl_with_input(&here, input).await
    }

    /// `kubectl apply` of one or more documents; what it said.
    ///
    /// # Errors
    /// With kubectl's complaint.
    pub async fn apply(&self, yaml: &str) -> anyhow::Result<String> {
        self.kubectl_with_input(&["apply", "-f", "-"], yaml)
            .await?
            .ok()
            .context("kubectl apply")
    }

    /// The same for what may be refused.
    ///
    /// # Errors
    /// With kubectl's complaint, which holds the server's.
    ///
    /// # Panics
    /// When kubectl cannot be run.
    pub async fn try_apply(&self, yaml: &str) -> Result<(), String> {
        let output = self.kubectl_with_input(&["apply", "-f", "-"], yaml).await;
        let output = output.expect("kubectl runs");
        if output.status.success() {
            Ok(())
        } else {
            Err(output.stderr)
        }
    }

    /// `kubectl get ... -o json`.
    ///
    /// # Errors
    /// With kubectl's complaint.
    pub async fn get_json(&self, arguments: &[&str]) -> anyhow::Result<Value> {
        let get = [&["get"], arguments, &["-o", "json"]].concat();
        let text = self.kubectl(&get).await?.ok()?;
        serde_json::from_str(&text).context("kubectl's JSON")
    }

    /// The API server's path of a resource here: `core("pods")` for the core group.
    #[must_use]
    pub fn core(&self, resource: &str) -> String {
        format!("/api/v1/namespaces/{}/{resource}", self.name)
    }

    /// The same for a group and version, such as `coordination.k8s.io/v1`.
    #[must_use]
    pub fn path(&self, group_version: &str, resource: &str) -> String {
        format!("/apis/{group_version}/namespaces/{}/{resource}", self.name)
    }

    /// A pod that no kubelet runs, with its service account, which is created if it is missing; the pod's uid. It has no
    /// node, so that deleting it takes no grace.
    ///
    /// # Errors
    /// When the API server refuses.
    pub async fn pod(&self, name: &str, service_account: &str) -> anyhow::Result<String> {
        let account = json!({"apiVersion": "v1", "kind": "ServiceAccount",
            "metadata": {"name": service_account}});
        let answer = self.post("serviceaccounts", &account).await?;
        if answer.status != 409 {
            answer.ok()?;
        }
        let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name},
            "spec": {"serviceAccountName": service_account,
                     "containers": [{"name": "bot", "image": "nowhere.test/bot"}]}});
        let pod = self.post("pods", &pod).await?.ok()?;
        let uid = pod["metadata"]["uid"].as_str();
        Ok(uid.context("a pod without a uid")?.to_owned())
    }

    async fn post(&self, resource: &str, object: &Value) -> anyhow::Result<super::Answer> {
        let (path, body) = (self.core(resource), object.to_string());
        let api = self.kubernetes.api();
        api.send(http::Method::POST, &path, "application/json", &body)
            .await
    }

    /// A token as the kubelet gets it for that pod: bound to it, so that it dies with it. The API server gives none for
    /// less than ten minutes.
    ///
    /// # Errors
    /// When the API server refuses.
    pub async fn token(
        &self,
        service_account: &str,
        pod: &str,
        uid: &str,
        lasts: Duration,
    ) -> anyhow::Result<String> {
        let request = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest",
            "spec": {"expirationSeconds": lasts.as_secs(),
                     "boundObjectRef": {"apiVersion": "v1", "kind": "Pod", "name": pod, "uid": uid}}});
        let resource = format!("serviceaccounts/{service_account}/token");
        let answer = self.post(&resource, &request).await?.ok()?;
        let token = answer["status"]["token"].as_str();
        Ok(token.context("an answer without a token")?.to_owned())
    }

    /// The same, signed with the API server's own key, for less than it would give: one that ends soon.
    /// The server remembers for ten seconds more that it was good.
    ///
    /// # Errors
    /// When there is no such service account.
    pub async fn short_token(
        &self,
        service_account: &str,
        pod: &str,
        uid: &str,
        lasts: Duration,
    ) -> anyhow::Result<String> {
        let path = self.core(&format!("serviceaccounts/{service_account}"));
        let account = self.kubernetes.api().get(&path).await?;
        let account_uid = account["metadata"]["uid"].as_str();
        let bound = json!({
            "namespace": self.name,
            "pod": {"name": pod, "uid": uid},
            "serviceaccount": {"name": service_account, "uid": account_uid},
        });
        let subject = format!("system:serviceaccount:{}:{service_account}", self.name);
        self.kubernetes
            .files
            .tokens()
            .token(&subject, &bound, lasts)
    }

    /// What an agent in `pod` has: a kubeconfig with this token in a file of its own, for the API server itself or for
    /// what stands before it at `address`, on this machine.
    ///
    /// # Errors
    /// When files cannot be written.
    pub fn access(&self, pod: &str, token: &str, address: SocketAddr) -> anyhow::Result<Access> {
        let files = &self.kubernetes.files;
        let folder = format!("{}-{pod}", self.name);
        fs::create_dir_all(files.path(&folder))?;
        let token_file = files.write(&format!("{folder}/token"), token)?;
        let user = User::TokenFile(&token_file);
        let kubeconfig =
            files.kubeconfig(&format!("{folder}/kubeconfig"), address, &self.name, &user)?;
        Ok(Access {
            kubeconfig,
            token_file,
        })
    }

    fn show(&self) -> String {
        let mut shown = String::new();
        for kind in SHOWN {
            let arguments = [
                "-n",
                &self.name,
                "get",
                kind,
                "-o",
                "yaml",
                "--request-timeout=5s",
            ];
            let state = self.kubernetes.kubectl_blocking(&arguments, SHOWN_WITHIN);
            shown += &format!("--- {kind} of namespace {}:\n{state}\n", self.name);
        }
        shown
    }
}

impl Drop for Namespace {
    #[expect(
        clippy::print_stderr,
        reason = "a failing test shows what stood in its namespace"
    )]
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!(
                "{}--- the end of the API server's log:\n{}\n---",
                self.show(),
                self.kubernetes.log_tail()
            );
        }
    }
}
