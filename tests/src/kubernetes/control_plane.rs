//! Which components run, with which flags, in which order; as envtest starts them, and with RBAC.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::Context;

use super::component::{Component, command};
use super::files::{self, Files, User};
use super::tools::{self, Tool};
use super::{Api, Options, signer};
use crate::http::Client;
use crate::shelf::Progress;

/// Each start on a machine that is busy with many others.
const START_LIMIT: Duration = Duration::from_secs(60);
const PROBE_LIMIT: Duration = Duration::from_secs(5);

pub(super) struct ControlPlane {
    etcd: Component,
    pub(super) api_server: Component,
    controllers: Component,
    program: PathBuf,
    arguments: Vec<String>,
    port: u16,
    /// Asks as nobody, which is enough to hear whether it is ready.
    anybody: Api,
}

impl ControlPlane {
    /// etcd and the API server; the ports are taken anew when another program was faster.
    pub(super) async fn start(
        options: &Options,
        files: &Files,
        progress: &Progress,
    ) -> anyhow::Result<Self> {
        let etcd = tools::find(Tool::Etcd, progress).await?;
        let program = tools::find(Tool::ApiServer, progress).await?;
        let mut last = None;
        for attempt in 0..3 {
            let [client, peer, port] = ports()?;
            let data = files.path(&format!("etcd-{attempt}"));
            let control_plane = Self {
                etcd: Component::new(Tool::Etcd.name()),
                api_server: Component::new(Tool::ApiServer.name()),
                controllers: Component::new(Tool::ControllerManager.name()),
                program: program.clone(),
                arguments: api_server(options, files, port, client),
                port,
                anybody: Api::new(port, &files.authority_pem(), None)?,
            };
            let mut command = command(&etcd, files);
            command
                .arg(format!("--data-dir={}", data.display()))
                .args(etcd_arguments(client, peer));
            match control_plane.first_start(command, client, files).await {
                Ok(()) => return Ok(control_plane),
                Err(error) => last = Some(error),
            }
        }
        Err(last.unwrap_or_else(|| anyhow::anyhow!("no attempt"))).context("start Kubernetes")
    }

    async fn first_start(&self, etcd: Command, client: u16, files: &Files) -> anyhow::Result<()> {
        let health = format!("http://127.0.0.1:{client}/health");
        let http = Client::default();
        self.etcd
            .start(etcd, files, START_LIMIT, async || {
                let answer = http.get(&health, PROBE_LIMIT).await?;
                anyhow::ensure!(answer.status() == 200, "{}", answer.body());
                Ok(())
            })
            .await?;
        self.start_api_server(files).await
    }

    pub(super) async fn start_api_server(&self, files: &Files) -> anyhow::Result<()> {
        let mut command = command(&self.program, files);
        command.args(&self.arguments);
        self.api_server
            .start(command, files, START_LIMIT, async || {
                self.anybody.get("/readyz").await.map(drop)
            })
            .await
    }

    /// Ready when it has made the service account that every namespace has.
    pub(super) async fn start_controllers(
        &self,
        files: &Files,
        admin: &Api,
        progress: &Progress,
    ) -> anyhow::Result<()> {
        let program = tools::find(Tool::ControllerManager, progress).await?;
        // The group that may all: the controllers need no accounts of their own here.
        let identity = files.member("system:kube-controller-manager", "system:masters")?;
        let address = ([127, 0, 0, 1], self.port).into();
        let user = User::Certificate(&identity);
        let kubeconfig = files.kubeconfig("controllers.kubeconfig", address, "default", &user)?;
        let mut command = command(&program, files);
        command
            .arg(format!("--kubeconfig={}", kubeconfig.display()))
            .args([
                "--controllers=garbage-collector-controller,namespace-controller,serviceaccount-controller",
                "--leader-elect=false",
                "--secure-port=0",
            ]);
        let made = "/api/v1/namespaces/default/serviceaccounts/default";
        self.controllers
            .start(command, files, START_LIMIT, async || {
                admin.get(made).await.map(drop)
            })
            .await
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    pub(super) fn pids(&self) -> Vec<(&'static str, u32)> {
        [&self.etcd, &self.api_server, &self.controllers]
            .into_iter()
            .filter_map(|component| Some((component.name(), component.pid()?)))
            .collect()
    }
}

fn ports() -> anyhow::Result<[u16; 3]> {
    let free: Vec<u16> = crate::port::free().take(3).collect();
    let ports: [u16; 3] = free.try_into().ok().context("no free ports")?;
    Ok(ports)
}

/// Nothing here outlives the process, so nothing need reach the disk.
fn etcd_arguments(client: u16, peer: u16) -> [String; 5] {
    let [client, peer] = [client, peer].map(|port| format!("http://127.0.0.1:{port}"));
    [
        "--unsafe-no-fsync".into(),
        "--log-level=warn".into(),
        format!("--listen-client-urls={client}"),
        format!("--advertise-client-urls={client}"),
        format!("--listen-peer-urls={peer}"),
    ]
}

fn api_server(options: &Options, files: &Files, port: u16, etcd: u16) -> Vec<String> {
    let path = |name: &str| files.path(name).display().to_string();
    let mut arguments = vec![
        format!("--etcd-servers=http://127.0.0.1:{etcd}"),
        "--bind-address=127.0.0.1".into(),
        "--advertise-address=127.0.0.1".into(),
        format!("--secure-port={port}"),
        // Nobody looks the server up by its Service, and its address is one that none may have.
        "--endpoint-reconciler-type=none".into(),
        "--service-cluster-ip-range=10.96.0.0/24".into(),
        "--authorization-mode=RBAC".into(),
        format!("--cert-dir={}", files.folder().display()),
        format!("--client-ca-file={}", path("ca.crt")),
        format!("--tls-cert-file={}", path("apiserver.crt")),
        format!("--tls-private-key-file={}", path("apiserver.key")),
        format!("--service-account-issuer={}", signer::ISSUER),
        format!("--service-account-key-file={}", path("sa.pub")),
        format!("--service-account-signing-key-file={}", path("sa.key")),
        "--profiling=false".into(),
        // A server that is stopped ends its watches; without this it waits a minute for them to end.
        "--shutdown-watch-termination-grace-period=1s".into(),
    ];
    if options.audit {
        arguments.extend([
            format!("--audit-policy-file={}", path(files::AUDIT_POLICY)),
            format!("--audit-log-path={}", path(files::AUDIT_LOG)),
            // In MiB: what a test counts stays in one file.
            "--audit-log-maxsize=4096".into(),
            // Noted before it is answered.
            "--audit-log-mode=blocking".into(),
        ]);
    }
    arguments.extend(options.flags.iter().cloned());
    arguments
}

impl Drop for ControlPlane {
    /// Whoever asks ends before whom it asks.
    fn drop(&mut self) {
        for component in [&self.controllers, &self.api_server, &self.etcd] {
            component.kill();
        }
    }
}
