//! A client of the API server whose calls end: each answer begins within a limit, and a peer that has vanished is noticed by
//! keepalives, which cost no request. kube's own client waits for ever for an answer, notices a dead watch only after its
//! timeout, and tries 429, 503 and 504 fifteen times by itself; when to try again is decided here.

use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use hyper_util::client::legacy::Client as Http;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use kube::client::{Body, ClientBuilder, ConfigExt};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use tower::timeout::TimeoutLayer;

/// Until an answer begins, a connection that has to be made first included; a watch's answer begins at once.
pub(super) const ANSWER: Duration = Duration::from_secs(8);
const CONNECT: Duration = Duration::from_secs(3);
/// Silence before the first keepalive, and between those that nobody answers.
const KEEPALIVE: (Duration, Duration) = (Duration::from_secs(15), Duration::from_secs(5));
const KEEPALIVES: u32 = 3;

/// A client by the kubeconfig file, or by the pod's own service account, whose token is read again each minute.
///
/// # Errors
/// When neither can be read.
pub(super) async fn client(kubeconfig: Option<&Path>) -> anyhow::Result<Client> {
    let config = config(kubeconfig).await?;
    let mut tcp = HttpConnector::new();
    // What comes over it is HTTPS.
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    tcp.set_connect_timeout(Some(CONNECT));
    tcp.set_keepalive(Some(KEEPALIVE.0));
    tcp.set_keepalive_interval(Some(KEEPALIVE.1));
    tcp.set_keepalive_retries(Some(KEEPALIVES));
    let connector = config
        .rustls_https_connector_with_connector(tcp)
        .context("the API server's CA, or a client certificate")?;
    let http: Http<_, Body> = Http::builder(TokioExecutor::new()).build(connector);
    let auth = config.auth_layer().context("the service account's token")?;
    let namespace = config.default_namespace.clone();
    let base = config.base_uri_layer();
    let timeout = TimeoutLayer::new(ANSWER);
    let builder = ClientBuilder::new(http, namespace)
        .with_layer(&base)
        .with_layer(&timeout);
    Ok(match auth {
        Some(auth) => builder.with_layer(&auth).build(),
        None => builder.build(),
    })
}

/// What the file says, or what the pod was given.
///
/// # Errors
/// As [`client`].
pub(super) async fn config(kubeconfig: Option<&Path>) -> anyhow::Result<Config> {
    let Some(file) = kubeconfig else {
        return Config::incluster().context("use the pod's own service account");
    };
    let read = Kubeconfig::read_from(file);
    let read = read.with_context(|| format!("read {}", file.display()))?;
    Config::from_custom_kubeconfig(read, &KubeConfigOptions::default())
        .await
        .with_context(|| format!("use {}", file.display()))
}
