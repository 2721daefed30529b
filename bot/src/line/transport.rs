//! One HTTP exchange with LINE: pooled connections, one deadline over all of
//! it, a bounded answer. It knows nothing of tokens, endpoints' meanings or
//! retries; the one repetition it allows is the HTTP library's, of a request
//! that a dying idle connection gave back unread.

use std::pin::pin;
use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderName, USER_AGENT};
use http::{HeaderMap, HeaderValue, Method, Request, Response, Uri};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper_rustls::{ConfigBuilderExt, HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::{ClientConfig, RootCertStore, crypto::ring};
use tokio::time::{Instant, sleep_until, timeout_at};

use crate::line::access::Begun;
use crate::line::answer::{Answer, BODY_LIMIT, BodyFault, Failure, chain};
use crate::line::handover::{Guarded, Handover, guard};

/// LINE documents no keep-alive time. Idle connections go before the shortest
/// one that load balancers commonly have (20 s and up), since a request that
/// meets the peer's close is ambiguous.
const POOL_IDLE: Duration = Duration::from_secs(15);
const JSON: HeaderValue = HeaderValue::from_static("application/json");
const FORM: HeaderValue = HeaderValue::from_static("application/x-www-form-urlencoded");
const AGENT: HeaderValue =
    HeaderValue::from_static(concat!("sabai-bot/", env!("CARGO_PKG_VERSION")));
const RETRY_KEY: HeaderName = HeaderName::from_static("x-line-retry-key");

/// Why no client could be made. All of it is configuration.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    #[error(
        "cannot use the LINE API URL: it must be http(s)://host[:port][/prefix], without user or query"
    )]
    ApiUrl,
    #[error("cannot load the system's certificate authorities, which verify LINE")]
    Roots(#[source] std::io::Error),
    #[error(
        "cannot use the channel access token: it holds characters that no header can carry, or nothing"
    )]
    Token,
}

/// What is sent, apart from what every call has.
pub(crate) struct Call {
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    /// `None` for the one call that gets a token.
    pub(crate) bearer: Option<HeaderValue>,
    /// With a push, always; with a reply LINE answers 400 to it.
    pub(crate) retry_key: Option<HeaderValue>,
    pub(crate) body: Bytes,
}

pub(crate) struct Transport {
    client: Client<HttpsConnector<HttpConnector>, Guarded>,
    host: HeaderValue,
    connect_timeout: Duration,
}

impl Transport {
    /// Reads the system's authorities, unless `api_url` is plain `http`.
    pub(crate) fn new(api_url: &Uri, connect_timeout: Duration) -> Result<Self, BuildError> {
        let tls = ClientConfig::builder_with_provider(ring::default_provider().into())
            .with_safe_default_protocol_versions()
            .expect("ring serves TLS 1.2 and 1.3");
        let tls = if api_url.scheme_str() == Some("https") {
            tls.with_native_roots().map_err(BuildError::Roots)?
        } else {
            tls.with_root_certificates(RootCertStore::empty())
        };
        Self::over(tls.with_no_client_auth(), api_url, connect_timeout)
    }

    pub(crate) fn over(
        tls: ClientConfig,
        api_url: &Uri,
        connect_timeout: Duration,
    ) -> Result<Self, BuildError> {
        let host = host_of(api_url).ok_or(BuildError::ApiUrl)?;
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(connect_timeout));
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(tls)
            .https_or_http()
            .enable_http1()
            .wrap_connector(tcp);
        let client = Client::builder(TokioExecutor::new())
            .pool_idle_timeout(POOL_IDLE)
            .pool_timer(TokioTimer::new())
            .http1_max_buf_size(BODY_LIMIT)
            .set_host(false)
            .build(connector);
        Ok(Self {
            client,
            host,
            connect_timeout,
        })
    }

    /// Ends by `deadline`, and without a connection by the connect timeout.
    /// Nothing is sent at or after the deadline.
    pub(crate) async fn exchange(&self, call: Call, deadline: Instant) -> Result<Answer, Failure> {
        let begun = Begun::of(&call);
        let result = self.attempt(call, deadline).await;
        if let Some(begun) = begun {
            begun.ended(&result);
        }
        result
    }

    async fn attempt(&self, call: Call, deadline: Instant) -> Result<Answer, Failure> {
        let now = Instant::now();
        if now >= deadline {
            return Err(Failure::NeverSent("the deadline had passed".into()));
        }
        let (request, handover) = self.request(call);
        let mut response = self.client.request(request);
        let mut alarm = pin!(sleep_until(deadline.min(now + self.connect_timeout)));
        let response = loop {
            tokio::select! {
                biased;
                result = &mut response => match result {
                    Ok(response) => break response,
                    Err(error) if handover.revoke() => return Err(Failure::NeverSent(chain(&error))),
                    Err(error) => return Err(Failure::Lost(chain(&error))),
                },
                () = &mut alarm => {
                    if handover.revoke() {
                        return Err(Failure::NeverSent("no connection in time".into()));
                    }
                    if Instant::now() >= deadline {
                        return Err(Failure::Lost("no answer before the deadline".into()));
                    }
                    alarm.as_mut().reset(deadline);
                }
            }
        };
        Ok(read(response, deadline).await)
    }

    fn request(&self, call: Call) -> (Request<Guarded>, Handover) {
        let mut headers = HeaderMap::with_capacity(6);
        headers.insert(HOST, self.host.clone());
        headers.insert(USER_AGENT, AGENT);
        if !call.body.is_empty() {
            let form = call.bearer.is_none();
            headers.insert(CONTENT_TYPE, if form { FORM } else { JSON });
        }
        if let Some(bearer) = call.bearer {
            headers.insert(AUTHORIZATION, bearer);
        }
        if let Some(key) = call.retry_key {
            headers.insert(RETRY_KEY, key);
        }
        let (body, handover) = guard(call.body);
        let mut request = Request::new(body);
        *request.method_mut() = call.method;
        *request.uri_mut() = call.uri;
        *request.headers_mut() = headers;
        (request, handover)
    }
}

/// Reads to the end, so that the connection can serve the next call.
async fn read(response: Response<Incoming>, deadline: Instant) -> Answer {
    let (head, body) = response.into_parts();
    let body = match timeout_at(deadline, Limited::new(body, BODY_LIMIT).collect()).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(BodyFault::TooLarge),
        Ok(Err(_)) => Err(BodyFault::Broken),
        Err(_) => Err(BodyFault::Late),
    };
    Answer {
        status: head.status,
        request_id: Answer::id_in(&head.headers, "x-line-request-id"),
        accepted_id: Answer::id_in(&head.headers, "x-line-accepted-request-id"),
        body,
    }
}

fn host_of(url: &Uri) -> Option<HeaderValue> {
    let authority = url.authority()?.as_str();
    let plain = matches!(url.scheme_str(), Some("http" | "https"))
        && !authority.contains('@')
        && url.query().is_none();
    plain
        .then(|| HeaderValue::from_str(authority).ok())
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_plain_base_is_a_base() {
        for (url, host) in [
            ("https://api.line.me", Some("api.line.me")),
            ("http://127.0.0.1:4010/line", Some("127.0.0.1:4010")),
            ("http://[::1]:80/", Some("[::1]:80")),
            ("https://user:pass@h", None),
            ("https://h/?a=b", None),
            ("ftp://h", None),
            ("/v2", None),
        ] {
            let found = host_of(&Uri::from_static(url));
            assert_eq!(
                found.as_ref().map(HeaderValue::as_bytes),
                host.map(str::as_bytes),
                "{url}"
            );
        }
    }
}
