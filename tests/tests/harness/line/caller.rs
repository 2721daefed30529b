//! Calls the stand-in as a bot would, and shows what came back.

use std::sync::Arc;
use std::time::Duration;

use http::{Method, Request, header};
use http_body_util::Full;
use sabai_tests::http::{Client, Failure};
use sabai_tests::line::{Line, Options};
use serde_json::{Value, json};

/// A bot's client; clones share connections.
#[derive(Clone)]
pub(crate) struct Caller {
    pub(crate) line: Arc<Line>,
    token: String,
    client: Client,
}

/// A stand-in of its own and its long-lived token.
pub(crate) async fn channel(options: Options) -> Caller {
    let line = Arc::new(Line::start(options).await.expect("a free port"));
    Caller {
        token: line.options().access_token.clone(),
        line,
        client: Client::default(),
    }
}

/// An answer, taken apart.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) json: Value,
    pub(crate) request_id: String,
    pub(crate) accepted_request_id: Option<String>,
}

impl Caller {
    pub(crate) fn with_token(mut self, token: &str) -> Self {
        token.clone_into(&mut self.token);
        self
    }

    pub(crate) async fn reply(&self, token: &str, text: &str) -> Answer {
        self.try_reply(token, text).await.expect("an answer")
    }

    pub(crate) async fn try_reply(&self, token: &str, text: &str) -> Result<Answer, Failure> {
        let body = json!({ "replyToken": token, "messages": [{ "type": "text", "text": text }] });
        self.send(
            Method::POST,
            "/v2/bot/message/reply",
            body.to_string(),
            None,
        )
        .await
    }

    pub(crate) async fn push(&self, to: &str, text: &str, key: Option<&str>) -> Answer {
        let body = json!({ "to": to, "messages": [{ "type": "text", "text": text }] });
        self.post("/v2/bot/message/push", &body, key).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value, key: Option<&str>) -> Answer {
        self.send(Method::POST, path, body.to_string(), key)
            .await
            .expect("an answer")
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, String::new(), None)
            .await
            .expect("an answer")
    }

    pub(crate) async fn access_token(&self) -> String {
        let Options {
            channel_id,
            channel_secret,
            ..
        } = self.line.options();
        let form = format!(
            "grant_type=client_credentials&client_id={channel_id}&client_secret={channel_secret}"
        );
        let answer = self
            .send(Method::POST, "/oauth2/v3/token", form, None)
            .await
            .expect("an answer");
        answer.json["access_token"]
            .as_str()
            .expect("a token")
            .to_owned()
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        body: String,
        key: Option<&str>,
    ) -> Result<Answer, Failure> {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.line.url()))
            .header(header::AUTHORIZATION, format!("Bearer {}", self.token));
        if let Some(key) = key {
            request = request.header("x-line-retry-key", key);
        }
        let request = request.body(Full::from(body)).expect("a sound request");
        let response = self.client.send(request, Duration::from_secs(5)).await?;
        let header = |name| {
            response
                .headers()
                .get(name)
                .and_then(|value| value.to_str().ok())
                .map(str::to_owned)
        };
        Ok(Answer {
            status: response.status().as_u16(),
            request_id: header("x-line-request-id").unwrap_or_default(),
            accepted_request_id: header("x-line-accepted-request-id"),
            json: serde_json::from_slice(response.body()).unwrap_or_default(),
        })
    }
}
