//! A client of the control socket: the agent's part. Each request has a connection of its own.

use std::path::PathBuf;

use bytes::Bytes;
use sabai_tests::bot::control;
use sabai_tests::wait::eventually;
use sabai_wire::control::{
    RECYCLE_PATH, REPORT_PATH, RecycleKind, RecycleOutcome, RecycleReason, RecycleReport,
    RecycleRequest, Report, SETTINGS_PATH, SettingsAnswer,
};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

use super::scene::LIMIT;

#[derive(Clone)]
pub(crate) struct Client {
    pub(crate) socket: PathBuf,
}

impl Client {
    pub(crate) async fn send(
        &self,
        method: &str,
        path: &str,
        body: impl Into<Bytes>,
    ) -> (u16, Bytes) {
        let method = method.parse().expect("a method");
        let answer = control::exchange(&self.socket, method, path, body.into()).await;
        answer.expect("an answer")
    }

    /// Any bytes, and whatever comes back until the end.
    pub(crate) async fn raw(&self, bytes: &[u8]) -> String {
        let mut stream = UnixStream::connect(&self.socket).await.expect("connected");
        stream.write_all(bytes).await.expect("sent");
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        String::from_utf8_lossy(&answer).into_owned()
    }

    pub(crate) async fn report(&self) -> Report {
        let (status, body) = self.send("GET", REPORT_PATH, "").await;
        assert_eq!(status, 200, "{body:?}");
        read(&body)
    }

    pub(crate) async fn settings(&self, settings: &Value) -> SettingsAnswer {
        let (status, body) = self.send("PUT", SETTINGS_PATH, settings.to_string()).await;
        assert_eq!(status, 200, "{body:?}");
        read(&body)
    }

    /// Waits until the settings in force are all that there is.
    pub(crate) async fn applied(&self) -> Report {
        eventually(LIMIT, "the settings to be applied", async || {
            match self.report().await {
                report if report.applied => Ok(report),
                report => Err(format!("{:?} {:?}", report.pool, report.sessions)),
            }
        })
        .await
    }

    pub(crate) async fn ask(&self, request: &RecycleRequest) -> (u16, RecycleReport) {
        let body = request.to_json().to_string();
        let (status, body) = self.send("POST", RECYCLE_PATH, body).await;
        (status, read(&body))
    }

    /// Asks, and waits for the end by asking again with the same id.
    pub(crate) async fn recycle(&self, request: &RecycleRequest) -> RecycleReport {
        eventually(LIMIT, "the recycle to end", async || {
            match self.ask(request).await.1 {
                report if report.outcome == RecycleOutcome::InProgress => {
                    Err(format!("{report:?}"))
                }
                report => Ok::<_, String>(report),
            }
        })
        .await
    }
}

pub(crate) fn request(id: &str, kind: RecycleKind) -> RecycleRequest {
    RecycleRequest {
        request_id: id.to_owned(),
        kind,
        reason: RecycleReason::Requested,
        deadline: LIMIT,
    }
}

pub(crate) fn read<T: DeserializeOwned>(body: &[u8]) -> T {
    serde_json::from_slice(body)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(body)))
}
