//! Requests to the API server without a program between: what a test asks many times a second costs little, and any verb
//! can be tried with any token. One connection a request, so that nothing is bound to a runtime.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as Waker, Poll};
use std::time::Duration;

use anyhow::Context;
use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST};
use http::{Method, Request};
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Frame};
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, IpAddr, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::postgres::certificates::Identity;

const LIMIT: Duration = Duration::from_secs(30);

/// The API server, asked as one user. Cheap to clone.
#[derive(Clone)]
pub struct Api {
    address: SocketAddr,
    connector: TlsConnector,
    /// In place of a certificate.
    token: Option<String>,
}

/// What the API server answered.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    /// The object; the words themselves when they are no JSON.
    pub body: Value,
}

impl Answer {
    /// The body of a success.
    ///
    /// # Errors
    /// For any other, with the server's words.
    pub fn ok(self) -> anyhow::Result<Value> {
        anyhow::ensure!(
            (200..300).contains(&self.status),
            "the API server answered {}: {}",
            self.status,
            self.body["message"]
                .as_str()
                .unwrap_or(&self.body.to_string())
        );
        Ok(self.body)
    }
}

impl Api {
    /// As whom `identity` names; as nobody without one.
    pub(super) fn new(
        port: u16,
        authority: &str,
        identity: Option<&Identity>,
    ) -> anyhow::Result<Self> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(authority.as_bytes())?)?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots);
        let config = match identity {
            None => config.with_no_client_auth(),
            Some(identity) => config.with_client_auth_cert(
                vec![CertificateDer::from_pem_slice(
                    identity.certificate.as_bytes(),
                )?],
                PrivateKeyDer::from_pem_slice(identity.key.as_bytes())?,
            )?,
        };
        Ok(Self {
            address: SocketAddr::from(([127, 0, 0, 1], port)),
            connector: Arc::new(config).into(),
            token: None,
        })
    }

    pub(super) fn with_token(mut self, token: &str) -> Self {
        self.token = Some(token.to_owned());
        self
    }

    /// GET of a path such as `/api/v1/namespaces/default`.
    ///
    /// # Errors
    /// When there is no answer, or one that says no.
    pub async fn get(&self, path: &str) -> anyhow::Result<Value> {
        let answer = self.send(Method::GET, path, "", "").await?;
        answer.ok().with_context(|| format!("GET {path}"))
    }

    /// Any request; a refusal is an answer too. `content` is the body's type, such as `application/merge-patch+json`.
    ///
    /// # Errors
    /// When there is no answer within 30 s.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        content: &str,
        body: &str,
    ) -> anyhow::Result<Answer> {
        let what = format!("{method} {path}");
        tokio::time::timeout(LIMIT, self.exchange(method, path, content, body))
            .await
            .with_context(|| format!("{what}: no answer within {LIMIT:?}"))?
            .context(what)
    }

    /// A request whose body does not come: the server works on it until this is dropped, or for its longest time, a minute.
    ///
    /// # Errors
    /// When there is no connection.
    pub async fn hold(&self, method: Method, path: &str) -> anyhow::Result<Held> {
        let request = self.request(method, path, "application/json");
        let request = request.body(Never)?;
        let (mut client, connection) =
            hyper::client::conn::http1::handshake(self.connect().await?).await?;
        Ok(Held(tokio::spawn(async move {
            let _ = tokio::join!(client.send_request(request), connection);
        })))
    }

    fn request(&self, method: Method, path: &str, content: &str) -> http::request::Builder {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(HOST, self.address.to_string())
            .header(ACCEPT, "application/json");
        if !content.is_empty() {
            request = request.header(CONTENT_TYPE, content);
        }
        if let Some(token) = &self.token {
            request = request.header(AUTHORIZATION, format!("Bearer {token}"));
        }
        request
    }

    async fn connect(&self) -> anyhow::Result<TokioIo<TlsStream<TcpStream>>> {
        let stream = TcpStream::connect(self.address).await?;
        stream.set_nodelay(true)?;
        let name = ServerName::IpAddress(IpAddr::from(self.address.ip()));
        Ok(TokioIo::new(self.connector.connect(name, stream).await?))
    }

    async fn exchange(
        &self,
        method: Method,
        path: &str,
        content: &str,
        body: &str,
    ) -> anyhow::Result<Answer> {
        let request = self.request(method, path, content);
        let request = request.body(Full::new(Bytes::from(body.to_owned())))?;
        let (mut client, connection) =
            hyper::client::conn::http1::handshake(self.connect().await?).await?;
        let exchange = async {
            let answer = client.send_request(request).await?;
            let status = answer.status().as_u16();
            let body = answer.into_body().collect().await?.to_bytes();
            Ok::<_, hyper::Error>((status, body))
        };
        let mut exchange = std::pin::pin!(exchange);
        // The exchange needs the connection to be driven, and nobody needs it afterwards.
        let (status, body) = tokio::select! {
            answer = &mut exchange => answer?,
            ended = connection => {
                ended?;
                exchange.await?
            }
        };
        let body = serde_json::from_slice(&body)
            .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&body).into_owned()));
        Ok(Answer { status, body })
    }
}

/// A request that the server cannot finish. Dropping it ends its connection.
#[derive(Debug)]
pub struct Held(JoinHandle<()>);

impl Drop for Held {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// A body that does not come.
struct Never;

impl Body for Never {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Waker<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Pending
    }
}
