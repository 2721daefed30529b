//! The server under test, with its knobs in the test's hands.

use std::net::SocketAddr;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;
use ring::hmac;
use sabai_daemon::http::server::{self, Limits};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::client::{Client, Response};
use crate::http::body::BodyLimits;
use crate::http::signature::Keys;
use crate::http::webhook::{self, Callback};
use crate::intake::submission::{Refusal, Submission};

pub(super) const SECRET: &str = "a secret of the channel";

pub(super) struct Settings {
    pub(super) body: BodyLimits,
    pub(super) limits: Limits,
    pub(super) answer_within: Duration,
    pub(super) waiting: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            body: BodyLimits::new(64 * 1024),
            limits: Limits::default(),
            answer_within: Duration::from_secs(10),
            waiting: 16,
        }
    }
}

pub(super) struct Bot {
    pub(super) address: SocketAddr,
    /// Intake's end of the channel.
    pub(super) intake: mpsc::Receiver<Submission>,
    pub(super) keys: watch::Sender<Keys>,
    pub(super) draining: Arc<AtomicBool>,
    pub(super) stop: CancellationToken,
    pub(super) server: JoinHandle<usize>,
    statuses: Arc<Mutex<Vec<u16>>>,
}

impl Bot {
    pub(super) async fn start(settings: Settings) -> Self {
        let (submit, intake) = mpsc::channel(settings.waiting);
        let (keys, current_keys) = watch::channel(Keys::new([SECRET]));
        let draining = Arc::new(AtomicBool::new(false));
        let statuses = Arc::new(Mutex::new(Vec::new()));
        let (seen, refused) = (Arc::clone(&statuses), Arc::clone(&statuses));
        let router = webhook::router(Callback {
            keys: current_keys,
            body: settings.body,
            intake: submit,
            answer_within: settings.answer_within,
            draining: Arc::clone(&draining),
            own_hop: "own".to_owned(),
            observe: Arc::new(move |status, _| seen.lock().expect("not poisoned").push(status)),
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("binds");
        let address = listener.local_addr().expect("bound");
        let stop = CancellationToken::new();
        let server = tokio::spawn(server::serve(
            listener,
            router,
            settings.limits,
            stop.clone(),
            Arc::new(move |status: StatusCode| {
                refused.lock().expect("not poisoned").push(status.as_u16());
            }),
        ));
        Self {
            address,
            intake,
            keys,
            draining,
            stop,
            server,
            statuses,
        }
    }

    pub(super) async fn connect(&self) -> Client {
        Client::connect(self.address).await
    }

    /// Sends these bytes on a connection of their own.
    pub(super) async fn exchange(&self, request: impl AsRef<[u8]>) -> Response {
        let mut client = self.connect().await;
        client.send(request).await;
        client.response().await
    }

    /// The next call that reaches intake.
    pub(super) async fn submitted(&mut self) -> Submission {
        let call = timeout(Duration::from_secs(10), self.intake.recv()).await;
        let call =
            call.unwrap_or_else(|_| panic!("nothing submitted; answered {:?}", self.statuses()));
        call.expect("the handler holds the other end")
    }

    /// What intake says from now on, to every call; the calls are handed back at the end.
    pub(super) fn answer_all(
        &mut self,
        verdict: Result<(), Refusal>,
    ) -> JoinHandle<Vec<Submission>> {
        let (_, empty) = mpsc::channel(1);
        let mut intake = std::mem::replace(&mut self.intake, empty);
        tokio::spawn(async move {
            let mut calls = Vec::new();
            while let Some(mut call) = intake.recv().await {
                let (unused, _) = tokio::sync::oneshot::channel();
                let _ = std::mem::replace(&mut call.done, unused).send(verdict);
                calls.push(call);
            }
            calls
        })
    }

    /// The statuses of all answers so far.
    pub(super) fn statuses(&self) -> Vec<u16> {
        self.statuses.lock().expect("not poisoned").clone()
    }

    pub(super) fn nothing_was_submitted(&mut self) -> bool {
        matches!(
            self.intake.try_recv(),
            Err(mpsc::error::TryRecvError::Empty)
        )
    }
}

pub(super) fn sign(secret: &str, body: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    STANDARD.encode(hmac::sign(&key, body))
}

/// A signed call.
pub(super) fn signed(body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    post(
        &format!("x-line-signature: {}\r\n", sign(SECRET, body)),
        body,
    )
}

/// A call with these further header lines.
pub(super) fn post(headers: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!(
        "POST /callback HTTP/1.1\r\nhost: bot\r\ncontent-length: {length}\r\n{headers}\r\n"
    );
    [head.as_bytes(), body].concat()
}
