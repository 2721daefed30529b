//! Asks a bot over its control socket, and makes the folder that it is in. `docs/control.md` is the page of it, the types
//! are `sabai_wire::control`; the server is the bot's.

mod error;
#[cfg(test)]
mod tests;

use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use sabai_wire::control::{
    RECYCLE_PATH, REPORT_PATH, RecycleReport, RecycleRequest, Report, SETTINGS_PATH, SettingsAnswer,
};
use sabai_wire::settings::PoolSettings;
use serde::de::DeserializeOwned;
use tokio::net::UnixStream;
use tokio::task::JoinSet;
use tokio::time::timeout;

pub use error::{AskError, Nonsense};

/// A report of 512 sessions is a quarter of it.
const MOST_BYTES: usize = 1024 * 1024;

/// The group may enter it, and nobody else.
const FOLDER_MODE: u32 = 0o750;

/// Makes the folder of a control socket if it is not there: bot and agent both keep files beside the socket, and either may be
/// the first.
///
/// # Errors
/// When it cannot be made.
pub fn make_folder(folder: &Path) -> io::Result<()> {
    let mut making = DirBuilder::new();
    making.recursive(true).mode(FOLDER_MODE).create(folder)
}

/// Asks the bot behind one socket, on a new connection each time.
#[derive(Clone, Debug)]
pub struct Client {
    socket: PathBuf,
    limit: Duration,
}

impl Client {
    /// `limit` is for each question, from connecting to the last byte of the answer.
    #[must_use]
    pub const fn new(socket: PathBuf, limit: Duration) -> Self {
        Self { socket, limit }
    }

    /// How the bot stands.
    ///
    /// # Errors
    /// Why there is no report.
    pub async fn report(&self) -> Result<Report, AskError> {
        self.ask(Method::GET, REPORT_PATH, Bytes::new()).await
    }

    /// Has every session renewed, or tells how that goes: the same request again gives the answer to the first.
    ///
    /// # Errors
    /// Why it is not begun; after any but a refusal it may be.
    pub async fn recycle(&self, request: &RecycleRequest) -> Result<RecycleReport, AskError> {
        let body = request.to_json().to_string();
        self.ask(Method::POST, RECYCLE_PATH, body.into()).await
    }

    /// Puts settings in force; the same again changes nothing and tells how they stand.
    ///
    /// # Errors
    /// Why they are not in force; after any but a refusal they may be.
    pub async fn settings(&self, settings: &PoolSettings) -> Result<SettingsAnswer, AskError> {
        let body = settings.to_json().to_string();
        self.ask(Method::PUT, SETTINGS_PATH, body.into()).await
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Bytes,
    ) -> Result<T, AskError> {
        let asked = timeout(self.limit, self.exchange(method, path, body)).await;
        let (status, body) = asked.map_err(|_| AskError::Silent {
            socket: self.socket.clone(),
            limit: self.limit,
        })??;
        if !status.is_success() {
            return Err(AskError::Refused {
                status: status.as_u16(),
                answer: serde_json::from_slice(&body).ok(),
            });
        }
        let answer = serde_json::from_slice(&body).map_err(Nonsense::NotUnderstood)?;
        Ok(answer)
    }

    async fn exchange(
        &self,
        method: Method,
        path: &str,
        body: Bytes,
    ) -> Result<(StatusCode, Bytes), AskError> {
        let connected = UnixStream::connect(&self.socket).await;
        let stream = connected.map_err(|error| AskError::Unreachable {
            socket: self.socket.clone(),
            error,
        })?;
        let shaken = http1::handshake(TokioIo::new(stream)).await;
        let (mut sender, connection) = shaken.map_err(Nonsense::Http)?;
        // Ends with this question, however that ends; its errors come with the answer.
        let mut connections = JoinSet::new();
        connections.spawn(connection);
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", "bot")
            .body(Full::new(body))
            .expect("a method, a path and a header of our own");
        let response = sender.send_request(request).await;
        let response = response.map_err(Nonsense::Http)?;
        let status = response.status();
        let body = Limited::new(response.into_body(), MOST_BYTES);
        let body = body.collect().await.map_err(Nonsense::Unreadable)?;
        Ok((status, body.to_bytes()))
    }
}
