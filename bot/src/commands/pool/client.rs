//! Asks a bot over its control socket.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use bytes::Bytes;
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::rt::TokioIo;
use sabai_wire::control::{
    ErrorAnswer, RECYCLE_PATH, REPORT_PATH, RecycleReport, RecycleRequest, Report,
};
use serde::de::DeserializeOwned;
use tokio::net::UnixStream;
use tokio::time::timeout;

const LIMIT: Duration = Duration::from_secs(10);
/// A report of 512 sessions is a quarter of it.
const MOST_BYTES: usize = 1024 * 1024;

pub(super) struct Client {
    socket: PathBuf,
}

impl Client {
    pub(super) fn new(socket: PathBuf) -> Self {
        Self { socket }
    }

    pub(super) async fn report(&self) -> anyhow::Result<Report> {
        self.ask(Method::GET, REPORT_PATH, Bytes::new()).await
    }

    pub(super) async fn recycle(&self, request: &RecycleRequest) -> anyhow::Result<RecycleReport> {
        let body = request.to_json().to_string();
        self.ask(Method::POST, RECYCLE_PATH, body.into()).await
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Bytes,
    ) -> anyhow::Result<T> {
        let asked = timeout(LIMIT, self.exchange(method, path, body)).await;
        let (status, body) = asked.map_err(|_| {
            anyhow!(
                "the bot at {} does not answer within {} s",
                self.socket.display(),
                LIMIT.as_secs()
            )
        })??;
        if !status.is_success() {
            let told: Option<ErrorAnswer> = serde_json::from_slice(&body).ok();
            let told = told.map_or_else(|| "it does not say why".to_owned(), |told| told.error);
            bail!("the bot refuses ({}): {told}", status.as_u16());
        }
        serde_json::from_slice(&body)
            .context("the bot's answer is not understood; is it of another version?")
    }

    async fn exchange(
        &self,
        method: Method,
        path: &str,
        body: Bytes,
    ) -> anyhow::Result<(StatusCode, Bytes)> {
        let stream = UnixStream::connect(&self.socket).await;
        let stream = stream.map_err(|error| anyhow!("{}", self.unreachable(&error)))?;
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        // Ends with the runtime; its errors come with the answer.
        tokio::spawn(connection);
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", "bot")
            .body(Full::new(body))?;
        let response = sender.send_request(request).await?;
        let status = response.status();
        let body = Limited::new(response.into_body(), MOST_BYTES)
            .collect()
            .await;
        let body = body.map_err(|error| anyhow!("the answer cannot be read: {error}"))?;
        Ok((status, body.to_bytes()))
    }

    fn unreachable(&self, error: &io::Error) -> String {
        let advice = match error.kind() {
            io::ErrorKind::NotFound => {
                "; is the bot running, with this path as SABAI_CONTROL_SOCKET?"
            }
            io::ErrorKind::ConnectionRefused => "; the bot that made it has ended",
            io::ErrorKind::PermissionDenied => "; only its owner and its owner's group may",
            _ => "",
        };
        format!(
            "cannot connect to {}: {error}{advice}",
            self.socket.display()
        )
    }
}
