//! A small HTTP client over kept connections, for webhooks and admin pages. No TLS: everything is on this machine.

use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client as Legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

/// Cheap to clone; clones share connections. Bound to the runtime it is used on.
#[derive(Clone, Debug)]
pub struct Client {
    inner: Legacy<HttpConnector, Full<Bytes>>,
}

impl Default for Client {
    fn default() -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        Self {
            inner: Legacy::builder(TokioExecutor::new())
                .pool_idle_timeout(Duration::from_secs(30))
                .build(connector),
        }
    }
}

impl Client {
    /// Sends `request` and reads the whole answer.
    ///
    /// # Errors
    /// When no whole answer came within `limit`, saying which.
    pub async fn send(
        &self,
        request: Request<Full<Bytes>>,
        limit: Duration,
    ) -> Result<Response<Bytes>, Failure> {
        let exchange = async {
            let (head, body) = self
                .inner
                .request(request)
                .await
                .map_err(Failure::from_client)?
                .into_parts();
            let body = body
                .collect()
                .await
                .map_err(|error| Failure::Broken(chain(&error)))?;
            Ok(Response::from_parts(head, body.to_bytes()))
        };
        tokio::time::timeout(limit, exchange)
            .await
            .unwrap_or(Err(Failure::TimedOut))
    }

    /// GET, answered with the body as text whatever the status.
    ///
    /// # Errors
    /// As [`Client::send`].
    pub async fn get(&self, url: &str, limit: Duration) -> Result<Response<String>, Failure> {
        let request = Request::get(url)
            .body(Full::default())
            .map_err(|error| Failure::Broken(chain(&error)))?;
        Ok(self
            .send(request, limit)
            .await?
            .map(|body| String::from_utf8_lossy(&body).into_owned()))
    }
}

/// Why there was no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Nobody listened: the request was not sent.
    NotConnected(String),
    /// Nothing, or not all, came in time.
    TimedOut,
    /// The connection ended before the answer did.
    Broken(String),
}

impl Failure {
    fn from_client(error: hyper_util::client::legacy::Error) -> Self {
        let text = chain(&error);
        if error.is_connect() {
            Self::NotConnected(text)
        } else {
            Self::Broken(text)
        }
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NotConnected(why) => write!(f, "not connected: {why}"),
            Self::TimedOut => f.write_str("timed out"),
            Self::Broken(why) => write!(f, "broken off: {why}"),
        }
    }
}

impl std::error::Error for Failure {}

fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}
