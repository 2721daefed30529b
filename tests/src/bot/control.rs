//! A bot's control socket: HTTP over a unix socket, one connection for each request, as its operators call it.

use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use bytes::Bytes;
use http::{Method, Request};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::UnixStream;
use tokio::time::timeout;

const LIMIT: Duration = Duration::from_secs(5);

/// Asks for `path` and reads the JSON of a 200.
///
/// # Errors
/// When nobody answers, or with another status.
pub async fn get(socket: &Path, path: &str) -> anyhow::Result<Value> {
    let (status, body) = exchange(socket, Method::GET, path, Bytes::new()).await?;
    anyhow::ensure!(
        status == 200,
        "{status}: {}",
        String::from_utf8_lossy(&body)
    );
    serde_json::from_slice(&body).context("no JSON")
}

/// One request; its status and body.
///
/// # Errors
/// When nobody answers in time.
pub async fn exchange(
    socket: &Path,
    method: Method,
    path: &str,
    body: Bytes,
) -> anyhow::Result<(u16, Bytes)> {
    let work = async {
        let stream = UnixStream::connect(socket).await.context("connect")?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        let serving = tokio::spawn(connection);
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", "bot")
            .body(Full::new(body))?;
        let response = sender.send_request(request).await?;
        let status = response.status().as_u16();
        let body = response.into_body().collect().await?.to_bytes();
        serving.abort();
        Ok((status, body))
    };
    timeout(LIMIT, work).await.context("no answer in time")?
}
