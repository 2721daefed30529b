//! LINE's side of the webhook: builds events as LINE does, signs the bytes, posts them to the bot over kept
//! connections and says what it answered. Registers reply tokens with the stand-in; never looks at the bot's state.

pub mod chat;
pub mod event;
pub mod id;
pub mod kind;
pub mod message;
pub mod sign;

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use http::{Request, header};
use http_body_util::Full;
use serde_json::{Value, json};
use uuid::Uuid;

pub use chat::Chat;
pub use event::Event;
pub use kind::Kind;
pub use message::Message;

use crate::http::{Client, Failure};
use crate::line::Line;

/// LINE gives a webhook up after this long (line.md section 1).
pub const LINE_GIVES_UP: Duration = Duration::from_secs(2);

/// Says which retry key the bot derives for an event, from destination and `webhookEventId`.
pub type RetryKey = fn(&str, &str) -> Uuid;

/// Cheap to clone; clones share connections.
#[derive(Clone)]
pub struct Webhook {
    url: String,
    secret: String,
    destination: String,
    limit: Duration,
    line: Arc<Line>,
    retry_key: Option<RetryKey>,
    client: Client,
}

/// What one call came to.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// The status, or why there was none.
    pub outcome: Result<u16, Failure>,
    pub sent_at: SystemTime,
    pub answered_at: SystemTime,
    pub duration: Duration,
}

impl Delivery {
    /// True for a 200, after which nothing may be lost.
    #[must_use]
    pub fn acknowledged(&self) -> bool {
        self.outcome == Ok(200)
    }
}

impl Webhook {
    /// Delivers to the bot at `address` (host and port), signed for the stand-in's channel.
    #[must_use]
    pub fn new(address: impl std::fmt::Display, line: Arc<Line>) -> Self {
        let options = line.options();
        Self {
            url: format!("http://{address}/callback"),
            secret: options.channel_secret.clone(),
            destination: options.bot_user_id.clone(),
            limit: LINE_GIVES_UP,
            retry_key: None,
            client: Client::default(),
            line,
        }
    }

    /// Where it posts to.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Signs with another secret.
    #[must_use]
    pub fn signing_with(mut self, secret: &str) -> Self {
        secret.clone_into(&mut self.secret);
        self
    }

    /// Names another bot in the envelope.
    #[must_use]
    pub fn addressed_to(mut self, destination: &str) -> Self {
        destination.clone_into(&mut self.destination);
        self
    }

    /// Waits longer or shorter than LINE does.
    #[must_use]
    pub fn giving_up_after(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Shares no connection with the webhook it was cloned from.
    #[must_use]
    pub fn over_its_own_connection(mut self) -> Self {
        self.client = Client::default();
        self
    }

    /// Lets the stand-in's journal name the events of pushes.
    #[must_use]
    pub fn deriving_keys_with(mut self, retry_key: RetryKey) -> Self {
        self.retry_key = Some(retry_key);
        self
    }

    /// One webhook call with these events, in this order.
    pub async fn deliver(&self, events: &[Event]) -> Delivery {
        self.register(events);
        self.post_signed(self.body(events)).await
    }

    /// The body that [`Webhook::deliver`] sends.
    #[must_use]
    pub fn body(&self, events: &[Event]) -> Bytes {
        let events: Vec<Value> = events.iter().map(Event::json).collect();
        json!({ "destination": self.destination, "events": events })
            .to_string()
            .into()
    }

    /// Makes the events' reply tokens good from now on, as LINE's clock starts with the delivery.
    pub fn register(&self, events: &[Event]) {
        for event in events {
            let chat = event.chat.as_ref().map_or("", Chat::id);
            if let Some(token) = event.reply_token() {
                self.line
                    .issue_reply_token(token, &event.id, chat, event.occurred_at());
            }
            if let Some(derive) = self.retry_key {
                self.line
                    .name_retry_key(derive(&self.destination, &event.id), &event.id);
            }
        }
    }

    /// Any bytes, signed as LINE would.
    pub async fn post_signed(&self, body: Bytes) -> Delivery {
        let signature = sign::signature(&self.secret, &body);
        self.post(body, Some(&signature)).await
    }

    /// Any bytes with any signature or none.
    pub async fn post(&self, body: Bytes, signature: Option<&str>) -> Delivery {
        let mut request = Request::post(&self.url)
            .header(header::CONTENT_TYPE, "application/json; charset=utf-8")
            .header(header::USER_AGENT, "LineBotWebhook/2.0");
        if let Some(signature) = signature {
            request = request.header("x-line-signature", signature);
        }
        let (sent_at, started) = (SystemTime::now(), Instant::now());
        let outcome = match request.body(Full::new(body)) {
            Ok(request) => self
                .client
                .send(request, self.limit)
                .await
                .map(|response| response.status().as_u16()),
            Err(error) => Err(Failure::Broken(error.to_string())),
        };
        Delivery {
            outcome,
            sent_at,
            answered_at: SystemTime::now(),
            duration: started.elapsed(),
        }
    }
}
