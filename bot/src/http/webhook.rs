//! `POST /callback`: from a request to an answer that is true. Bounds, signature, split, read,
//! then intake, whose word it waits for until the deadline.
//! Nothing of a call that is not signed is parsed, stored or logged.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use axum::Router;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use bytes::Bytes;
use http::uri::InvalidUri;
use http::{HeaderValue, Uri};
use sabai_daemon::http::throttle::Throttle;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, timeout_at};
use tracing::{debug, warn};

use super::access::Caller;
use super::answer::Answer;
use super::body::BodyLimits;
use super::signature::{self, Keys};
use crate::intake::HOP;
use crate::intake::submission::{Incoming, Refusal, Submission, Webhook};
use crate::trace::TraceId;

/// The path in LINE's own OpenAPI file.
pub const PATH: &str = "/callback";

/// Where the bot behind `base` takes webhooks.
///
/// # Errors
/// When no address can be made of it.
pub fn below(base: &Uri) -> Result<Uri, InvalidUri> {
    let base = base.to_string();
    Uri::try_from(format!("{}{PATH}", base.trim_end_matches('/')))
}

/// Told of every response but those to peers, who try whether we can: its status, and the time since the request's head was read.
pub type Observe = Arc<dyn Fn(u16, Duration) + Send + Sync>;

/// What the handler works with.
pub struct Callback {
    /// The secrets in force; a rotation is sent here.
    pub keys: watch::Receiver<Keys>,
    pub body: BodyLimits,
    /// Bounded: when it is full, calls are refused at once.
    pub intake: mpsc::Sender<Submission>,
    /// From arrival until a 503. Below LINE's 2 s with room for the way back.
    pub answer_within: Duration,
    /// Set when stopping: every call is answered 503.
    pub draining: Arc<AtomicBool>,
    /// What [`HOP`] holds in our own posts to peers: we do not post to ourselves.
    pub own_hop: String,
    pub observe: Observe,
}

struct Handler {
    callback: Callback,
    unsigned: Throttle,
    refused: Throttle,
}

/// The webhook's routes; any other path or method is told what is there.
pub fn router(callback: Callback) -> Router {
    let handler = Handler {
        callback,
        unsigned: Throttle::default(),
        refused: Throttle::default(),
    };
    Router::new()
        .route(PATH, post(take).fallback(no_such_method))
        .fallback(no_such_path)
        .with_state(Arc::new(handler))
}

async fn take(State(handler): State<Arc<Handler>>, request: Request) -> Response {
    let call = Call::of(&request);
    let answer = handler
        .take(request, call.arrived)
        .await
        .map_or_else(|refused| refused, |()| Answer::Taken);
    handler.answer(answer, &call)
}

async fn no_such_method(State(handler): State<Arc<Handler>>, request: Request) -> Response {
    handler.answer(Answer::NoSuchMethod, &Call::of(&request))
}

async fn no_such_path(State(handler): State<Arc<Handler>>, request: Request) -> Response {
    handler.answer(Answer::NoSuchPath, &Call::of(&request))
}

/// What is remembered of a request until it is answered.
struct Call {
    arrived: Instant,
    by_peer: bool,
    caller: Option<Caller>,
}

impl Call {
    fn of(request: &Request) -> Self {
        Self {
            arrived: Instant::now(),
            by_peer: request.headers().contains_key(HOP),
            caller: Caller::of(request),
        }
    }
}

impl Handler {
    async fn take(&self, request: Request, arrived: Instant) -> Result<(), Answer> {
        let callback = &self.callback;
        if callback.draining.load(Ordering::Relaxed) {
            return Err(Answer::Draining);
        }
        let (head, body) = request.into_parts();
        let hop = head.headers.get(HOP);
        if hop.is_some_and(|hop| hop.as_bytes() == callback.own_hop.as_bytes()) {
            return Err(Answer::OwnHop);
        }
        let (body, memory) = callback.body.read(body).await.map_err(Answer::Body)?;
        let signature = head.headers.get(signature::HEADER);
        callback
            .keys
            .borrow()
            .verify(signature, &body)
            .map_err(Answer::Unsigned)?;

        let received = SystemTime::now();
        let events = Incoming::of_body(&body, received);
        if events.is_empty() {
            return Ok(());
        }
        let trace = TraceId::of(&head.headers);
        debug!(%trace, events = events.len(), "webhook verified");
        let signature = Bytes::copy_from_slice(signature.map_or(&[], HeaderValue::as_bytes));
        self.store(Webhook {
            events,
            arrived,
            received,
            trace,
            body,
            signature,
            relayed: hop.is_some(),
            memory,
        })
        .await
        .map_err(Answer::Refused)
    }

    /// Waits until intake has made it durable, has refused it, or has no time left.
    async fn store(&self, webhook: Webhook) -> Result<(), Refusal> {
        let deadline = webhook.arrived + self.callback.answer_within;
        let (done, stored) = oneshot::channel();
        let submission = Submission { webhook, done };
        self.callback
            .intake
            .try_send(submission)
            .map_err(|error| match error {
                mpsc::error::TrySendError::Full(_) => Refusal::Full,
                mpsc::error::TrySendError::Closed(_) => Refusal::Stopping,
            })?;
        match timeout_at(deadline, stored).await {
            Ok(Ok(stored)) => stored,
            Ok(Err(_)) => Err(Refusal::Unavailable("intake gave no answer")),
            Err(_) => Err(Refusal::Late),
        }
    }

    fn answer(&self, answer: Answer, call: &Call) -> Response {
        match answer {
            Answer::Unsigned(reason) => {
                if let Some(left_out) = self.unsigned.admit(call.arrived) {
                    warn!(left_out, "webhook call refused: {reason}");
                }
            }
            Answer::Refused(refusal) => {
                if let Some(left_out) = self.refused.admit(call.arrived) {
                    warn!(left_out, "webhook call not acknowledged: {refusal}");
                }
            }
            Answer::Body(error) => debug!("webhook call refused: {error}"),
            Answer::Taken
            | Answer::Draining
            | Answer::OwnHop
            | Answer::NoSuchPath
            | Answer::NoSuchMethod => {}
        }
        let (status, took) = (answer.status(), call.arrived.elapsed());
        if !call.by_peer {
            (self.callback.observe)(status.as_u16(), took);
        }
        if let Some(caller) = &call.caller {
            caller.was_answered(status, took);
        }
        answer.into_response()
    }
}
