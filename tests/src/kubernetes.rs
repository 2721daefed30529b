//! A real Kubernetes API server of our own: etcd, kube-apiserver and, if asked for, the controllers that collect garbage;
//! all on loopback, gone with the harness. No node: pods are objects that nobody runs. Owns its life and its faults
//! (pause, stop, kill, start again); knows nothing of Sabai's resources.

mod api;
mod audit;
mod component;
mod control_plane;
mod files;
mod kubectl;
mod namespace;
mod shared;
mod signer;
pub mod tools;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyhow::Context;
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::process::Signal;
use crate::shelf::{Progress, aloud};
use control_plane::ControlPlane;
use files::Files;
use kubectl::Kubectl;
use tools::Tool;

pub use api::{Answer, Api, Held};
pub use audit::Request;
pub use kubectl::Output;
pub use namespace::{Access, Namespace};
pub use shared::Shared;

/// What a server is started with.
#[derive(Clone, Default)]
pub struct Options {
    /// Applied before the controllers start: they collect the objects of these CRDs at once, and those of later ones only
    /// after their next look at what there is, 30 s.
    pub manifests: String,
    /// The controllers for garbage, namespaces and service accounts run too.
    pub controllers: bool,
    /// Every request of a client is noted, for [`Kubernetes::audit`].
    pub audit: bool,
    /// Further flags of the API server, such as `--min-request-timeout=5`; they win over the harness's own.
    pub flags: Vec<String>,
    /// Told in words what is being done while programs are built; on standard error without it.
    pub progress: Option<Progress>,
}

/// An API server. Dropping it ends everything and removes its data.
pub struct Kubernetes {
    control_plane: ControlPlane,
    files: Files,
    kubectl: PathBuf,
    kubeconfig: PathBuf,
    admin: Api,
    anybody: Api,
    namespaces: AtomicU32,
    _turn: Option<SemaphorePermit<'static>>,
}

/// Servers at a time, the shared one apart: each takes a core for seconds when it starts, and a machine may be small.
pub(crate) static TURNS: Semaphore = Semaphore::const_new(2);

impl Kubernetes {
    /// Starts an empty cluster, which is ready when this returns. While two of this process run it waits.
    ///
    /// # Errors
    /// When programs can neither be found nor built, or one does not come up; with the end of its log.
    pub async fn start(options: Options) -> anyhow::Result<Arc<Self>> {
        let turn = TURNS.acquire().await.context("never closed")?;
        Self::start_in(options, Some(turn)).await
    }

    pub(crate) async fn start_in(
        options: Options,
        turn: Option<SemaphorePermit<'static>>,
    ) -> anyhow::Result<Arc<Self>> {
        let progress = options.progress.clone().unwrap_or_else(aloud);
        let kubectl = tools::find(Tool::Kubectl, &progress).await?;
        let files = Files::create()?;
        let control_plane = ControlPlane::start(&options, &files, &progress).await?;
        let port = control_plane.port();
        let identity = files.member("admin", "system:masters")?;
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let user = files::User::Certificate(&identity);
        let kubeconfig = files.kubeconfig("kubeconfig", address, "default", &user)?;
        let kubernetes = Self {
            admin: Api::new(port, &files.authority_pem(), Some(&identity))?,
            anybody: Api::new(port, &files.authority_pem(), None)?,
            control_plane,
            files,
            kubectl,
            kubeconfig,
            namespaces: AtomicU32::new(1),
            _turn: turn,
        };
        kubernetes.furnish(&options, &progress).await?;
        Ok(Arc::new(kubernetes))
    }

    async fn furnish(&self, options: &Options, progress: &Progress) -> anyhow::Result<()> {
        if !options.manifests.is_empty() {
            let apply = ["apply", "--server-side", "-f", "-"];
            let applied = self.kubectl_with_input(&apply, &options.manifests).await?;
            applied.ok().context("kubectl apply of the manifests")?;
        }
        if options.controllers {
            self.control_plane
                .start_controllers(&self.files, &self.admin, progress)
                .await?;
        }
        Ok(())
    }

    /// The administrator's kubeconfig.
    #[must_use]
    pub fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// kubectl itself.
    #[must_use]
    pub fn kubectl_program(&self) -> &Path {
        &self.kubectl
    }

    #[must_use]
    pub fn port(&self) -> u16 {
        self.control_plane.port()
    }

    /// Where the API server listens: what a gate before it leads to.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.port()))
    }

    #[must_use]
    pub fn url(&self) -> String {
        format!("https://{}", self.address())
    }

    /// The authority that signed the server's certificate, PEM.
    #[must_use]
    pub fn ca_file(&self) -> PathBuf {
        self.files.path("ca.crt")
    }

    /// Requests as the administrator, without kubectl.
    #[must_use]
    pub fn api(&self) -> Api {
        self.admin.clone()
    }

    /// Requests by this token.
    #[must_use]
    pub fn api_with_token(&self, token: &str) -> Api {
        self.anybody.clone().with_token(token)
    }

    /// kubectl as the administrator.
    ///
    /// # Errors
    /// When it cannot be run or does not end within a minute; its own failure is an output.
    pub async fn kubectl(&self, arguments: &[&str]) -> anyhow::Result<Output> {
        self.kubectl_with_input(arguments, "").await
    }

    /// The same with this text on its standard input.
    ///
    /// # Errors
    /// As [`Kubernetes::kubectl`].
    pub async fn kubectl_with_input(
        &self,
        arguments: &[&str],
        input: &str,
    ) -> anyhow::Result<Output> {
        self.kubectl_as(&self.kubeconfig)
            .run(arguments, input)
            .await
    }

    /// kubectl with another kubeconfig, such as an agent's.
    ///
    /// # Errors
    /// As [`Kubernetes::kubectl`].
    pub async fn kubectl_with(
        &self,
        kubeconfig: &Path,
        arguments: &[&str],
    ) -> anyhow::Result<Output> {
        self.kubectl_as(kubeconfig).run(arguments, "").await
    }

    fn kubectl_blocking(&self, arguments: &[&str], limit: Duration) -> String {
        self.kubectl_as(&self.kubeconfig)
            .run_blocking(arguments, limit)
    }

    fn kubectl_as<'a>(&'a self, kubeconfig: &'a Path) -> Kubectl<'a> {
        Kubectl {
            program: &self.kubectl,
            kubeconfig,
            files: &self.files,
        }
    }

    /// A new namespace whose name begins with `prefix`.
    ///
    /// # Errors
    /// When the API server refuses.
    pub async fn namespace(self: &Arc<Self>, prefix: &str) -> anyhow::Result<Namespace> {
        let number = self.namespaces.fetch_add(1, Ordering::Relaxed);
        Namespace::create(self, format!("{prefix}-{number}")).await
    }

    /// The API server stands still (SIGSTOP); connections stay and nothing is answered.
    pub async fn pause(&self) {
        self.control_plane.api_server.pause().await;
    }

    /// It goes on.
    pub fn resume(&self) {
        self.control_plane.api_server.resume();
    }

    /// Stops the API server in order, etcd goes on. Nothing happens when it is down.
    ///
    /// # Errors
    /// When it does not end within a minute.
    pub async fn stop(&self) -> anyhow::Result<()> {
        self.control_plane.api_server.end(Signal::Terminate).await
    }

    /// Kills it: every connection is cut.
    ///
    /// # Errors
    /// When it does not end.
    pub async fn kill(&self) -> anyhow::Result<()> {
        self.control_plane.api_server.end(Signal::Kill).await
    }

    /// Starts the API server again, on the same port, with what it knew.
    ///
    /// # Errors
    /// When it runs, or does not come up.
    pub async fn start_again(&self) -> anyhow::Result<()> {
        self.control_plane.start_api_server(&self.files).await
    }

    /// Every request of a client so far, oldest first.
    ///
    /// # Errors
    /// When the server was not started with [`Options::audit`].
    pub fn audit(&self) -> anyhow::Result<Vec<Request>> {
        audit::read(&self.files.path(files::AUDIT_LOG))
    }

    /// Process ids of what runs: etcd, API server, controllers.
    #[must_use]
    pub fn pids(&self) -> Vec<(&'static str, u32)> {
        self.control_plane.pids()
    }

    /// The end of the API server's log.
    #[must_use]
    pub fn log_tail(&self) -> String {
        self.files.log_tail(Tool::ApiServer.name())
    }
}
