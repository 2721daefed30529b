//! One post to a peer, over a connection of its own: the Service in between chooses a pod anew each time.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::header::HeaderName;
use http::{HeaderValue, Request, StatusCode, Uri};
use http_body_util::Full;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tokio::time::timeout;

use crate::http::{signature, webhook};
use crate::spool::SpooledWebhook;

/// Tells a peer that the webhook is on a spool already, and on whose: nobody posts to himself, and what a peer cannot
/// commit it does not take.
pub const HOP: HeaderName = HeaderName::from_static("sabai-hop");
/// A peer answers within 1.5 s.
const LIMIT: Duration = Duration::from_secs(3);

/// Whoever answers at the Service.
pub struct Peer {
    uri: Uri,
    own: HeaderValue,
    client: Client<HttpConnector, Full<Bytes>>,
}

impl fmt::Debug for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Peer")
            .field("uri", &self.uri)
            .finish_non_exhaustive()
    }
}

impl Peer {
    /// The pods behind `url`, told that `own` posts.
    ///
    /// # Errors
    /// When no address can be made of it.
    pub fn new(url: &Uri, own: &str) -> Result<Self, http::Error> {
        let client = Client::builder(TokioExecutor::new())
            .pool_max_idle_per_host(0)
            .build_http();
        Ok(Self {
            uri: webhook::below(url)?,
            own: HeaderValue::from_str(own)?,
            client,
        })
    }

    /// Posts a webhook as LINE did; the status, if there was an answer.
    pub(super) async fn post(&self, webhook: &SpooledWebhook) -> Option<StatusCode> {
        let request = Request::post(self.uri.clone())
            .header(
                signature::HEADER,
                HeaderValue::from_bytes(&webhook.signature).ok()?,
            )
            .header(HOP, &self.own)
            .header("traceparent", format!("00-{}-{:016x}-01", webhook.trace, 1))
            .body(Full::new(webhook.body.clone()))
            .ok()?;
        match timeout(LIMIT, self.client.request(request)).await {
            Ok(Ok(response)) => Some(response.status()),
            Ok(Err(error)) => {
                tracing::debug!(%error, "no peer answers");
                None
            }
            Err(_) => None,
        }
    }
}
