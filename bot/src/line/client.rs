//! The calls to LINE: sends, which end as an `Outcome`, and what all calls
//! share: a token, another one after a 401, one deadline. Look-ups stand in
//! `lookup`. It never repeats a send for any reason but a 401.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Method, Uri};
use tokio::time::Instant;
use uuid::Uuid;

use crate::line::answer::{Answer, Failure, word};
use crate::line::endpoint::Routes;
use crate::line::outcome::Send;
use crate::line::quota::Spent;
use crate::line::token::{Tokens, Via};
use crate::line::transport::{Call, Transport};
use crate::line::{BuildError, ClientConfig, Endpoint, Observer, Outcome};

/// One per process; all calls share its connections and its token.
pub struct LineClient {
    transport: Transport,
    pub(crate) routes: Routes,
    tokens: Tokens,
    pub(crate) observer: Observer,
    call_deadline: Duration,
    pub(crate) spent: Spent,
}

/// A request without its token, so that it can be sent with another one.
#[derive(Clone)]
pub(crate) struct Unsigned {
    method: Method,
    uri: Uri,
    retry_key: Option<HeaderValue>,
    body: Bytes,
}

impl Unsigned {
    pub(crate) fn get(uri: &Uri) -> Self {
        Self {
            method: Method::GET,
            uri: uri.clone(),
            retry_key: None,
            body: Bytes::new(),
        }
    }

    fn post(uri: &Uri, body: Bytes) -> Self {
        Self {
            method: Method::POST,
            uri: uri.clone(),
            retry_key: None,
            body,
        }
    }
}

impl LineClient {
    /// Opens no connection and fetches no token: LINE may be away.
    pub fn new(config: &ClientConfig, observer: Observer) -> Result<Self, BuildError> {
        let transport = Transport::new(&config.api_url, config.connect_timeout)?;
        Self::over(transport, config, observer)
    }

    pub(crate) fn over(
        transport: Transport,
        config: &ClientConfig,
        observer: Observer,
    ) -> Result<Self, BuildError> {
        Ok(Self {
            transport,
            routes: Routes::below(&config.api_url.to_string()).map_err(|_| BuildError::ApiUrl)?,
            tokens: Tokens::new(config)?,
            observer,
            call_deadline: config.call_deadline,
            spent: Spent::default(),
        })
    }

    /// Sends `messages` (a JSON array of one to five message objects, used as
    /// it is) with a reply token. Ends by `deadline` or after the configured
    /// time, whichever is sooner. LINE takes no retry key here: only the
    /// token, which works once, keeps a repetition from being a second answer.
    pub async fn reply(&self, reply_token: &str, messages: &[u8], deadline: Instant) -> Outcome {
        let deadline = self.by(deadline);
        let body = addressed("replyToken", reply_token, messages);
        let call = Unsigned::post(&self.routes.reply, body);
        let outcome = Outcome::of(Send::Reply, self.authorized(call, deadline).await);
        self.sent(Endpoint::Reply, &outcome);
        outcome
    }

    /// Sends `messages` to a user, group or room. The same `retry_key` with
    /// the same arguments sends at most one message in 24 hours (LINE forgets
    /// the key then). Deadline as for `reply`.
    pub async fn push(
        &self,
        to: &str,
        messages: &[u8],
        retry_key: Uuid,
        deadline: Instant,
    ) -> Outcome {
        let deadline = self.by(deadline);
        let mut key = Uuid::encode_buffer();
        let key = retry_key.hyphenated().encode_lower(&mut key);
        let key = HeaderValue::from_str(key).expect("a UUID is hex digits and hyphens");
        let call = Unsigned {
            retry_key: Some(key),
            ..Unsigned::post(&self.routes.push, addressed("to", to, messages))
        };
        let mut outcome = Outcome::of(Send::Push, self.authorized(call, deadline).await);
        if let Outcome::RateLimited { request_id } = &mut outcome
            && self.is_quota_spent(deadline).await
        {
            let request_id = request_id.take();
            outcome = Outcome::QuotaExhausted { request_id };
        }
        self.sent(Endpoint::Push, &outcome);
        outcome
    }

    /// Shows the loading animation in a chat with a user, for `seconds`
    /// brought to what LINE allows (5 to 60 in steps of 5) or until a message
    /// arrives. Whether it worked is nobody's concern but the metrics'.
    pub async fn loading(&self, chat_id: &str, seconds: u8) {
        let seconds = seconds.div_ceil(5).clamp(1, 12) * 5;
        let body = serde_json::json!({ "chatId": chat_id, "loadingSeconds": seconds }).to_string();
        let call = Unsigned::post(&self.routes.loading, body.into());
        let result = self.authorized(call, self.by_default()).await;
        (self.observer)(Endpoint::Loading, word(&result));
    }

    pub(crate) fn by_default(&self) -> Instant {
        Instant::now() + self.call_deadline
    }

    fn by(&self, deadline: Instant) -> Instant {
        deadline.min(self.by_default())
    }

    fn sent(&self, endpoint: Endpoint, outcome: &Outcome) {
        (self.observer)(endpoint, outcome.word());
    }

    /// Calls with a token; after a 401 once more if there is another token. A
    /// 401 accepted nothing, so the second call's result alone counts.
    pub(crate) async fn authorized(
        &self,
        call: Unsigned,
        deadline: Instant,
    ) -> Result<Answer, Failure> {
        let via = Via {
            transport: &self.transport,
            routes: &self.routes,
            observer: &self.observer,
            deadline,
        };
        let bearer = self.tokens.get(via).await?;
        let first = self
            .exchange(call.clone(), bearer.clone(), deadline)
            .await?;
        if first.status.as_u16() != 401 {
            return Ok(first);
        }
        match self.tokens.after_rejection(&bearer, via).await {
            Some(another) => self.exchange(call, another, deadline).await,
            None => Ok(first),
        }
    }

    async fn exchange(
        &self,
        call: Unsigned,
        bearer: HeaderValue,
        deadline: Instant,
    ) -> Result<Answer, Failure> {
        let call = Call {
            method: call.method,
            uri: call.uri,
            bearer: Some(bearer),
            retry_key: call.retry_key,
            body: call.body,
        };
        self.transport.exchange(call, deadline).await
    }
}

/// `{"<field>":"<value>","messages":<messages>}`, the messages copied, not
/// parsed: a repetition must have the same bytes.
fn addressed(field: &str, value: &str, messages: &[u8]) -> Bytes {
    let mut body = Vec::with_capacity(field.len() + value.len() + messages.len() + 32);
    body.extend_from_slice(b"{\"");
    body.extend_from_slice(field.as_bytes());
    body.extend_from_slice(b"\":");
    serde_json::to_writer(&mut body, value).expect("a text is always written to memory");
    body.extend_from_slice(b",\"messages\":");
    body.extend_from_slice(messages);
    body.push(b'}');
    body.into()
}
