//! The only code that opens a connection to Postgres, in bot and agent alike: DNS, TCP, SSLRequest, TLS.
//!
//! Each stage has its own deadline within the whole one, its duration, and a [`Fault`] when it fails.
//! There is no plaintext and no unverified mode.

mod names;
mod ssl_request;
mod tcp;
mod tls;

use std::fmt;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};
use tokio_rustls::client::TlsStream;

use crate::certificate::CertificateFacts;
use crate::fault::Fault;
use crate::stage::{Passed, Stage};
use crate::trust::{ClientIdentity, Roots, Trust};

pub use tcp::SocketOptions;

/// Where Postgres is and whom to trust there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Host name or address; the certificate must be for it.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// The CA.
    pub roots: Roots,
    /// Our own certificate, when the server asks for one.
    pub identity: Option<ClientIdentity>,
    /// A name server to ask instead of the system's (special networks, tests).
    pub nameserver: Option<SocketAddr>,
}

/// A verified TLS connection on which nothing has been said yet.
pub struct Dialed {
    /// The connection.
    pub stream: TlsStream<TcpStream>,
    /// The address that answered.
    pub peer: SocketAddr,
    /// What the server presented.
    pub certificate: CertificateFacts,
    /// The stages and their durations, in order.
    pub passed: Vec<Passed>,
}

/// How a dial failed.
#[derive(Clone, Debug)]
pub struct DialError {
    /// The stage that failed.
    pub stage: Stage,
    /// In one word.
    pub fault: Fault,
    /// In a sentence for people: what was attempted, what was seen. Holds no secret.
    pub detail: String,
    /// The stages before it.
    pub passed: Vec<Passed>,
    /// What the server presented, when it came to that.
    pub certificate: Option<Box<CertificateFacts>>,
}

impl fmt::Display for DialError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} at {}: {}",
            self.fault,
            self.stage.as_str(),
            self.detail
        )
    }
}

impl std::error::Error for DialError {}

/// What one stage reports when it fails.
pub(crate) struct Failure {
    pub(crate) fault: Fault,
    pub(crate) detail: String,
}

/// Opens connections to one [`Target`].
pub struct Dialer {
    target: Target,
    names: names::Names,
    trust: Arc<Trust>,
}

impl Dialer {
    /// Prepares to dial. Nothing is opened, and no file is read, before [`Dialer::dial`].
    pub fn new(target: Target) -> Self {
        let trust = Arc::new(Trust::new(target.roots.clone(), target.identity.clone()));
        let names = names::Names::new(target.nameserver);
        Self {
            target,
            names,
            trust,
        }
    }

    /// Where it dials to.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// Goes through all stages up to a verified TLS connection.
    ///
    /// # Errors
    /// The stage that failed, with its [`Fault`] and what was seen.
    pub async fn dial(
        &self,
        options: &SocketOptions,
        limit: Duration,
    ) -> Result<Dialed, DialError> {
        let mut course = Course::new(limit);
        let host = &self.target.host;
        let addresses = course
            .run(Stage::Dns, self.names.resolve(host, self.target.port))
            .await?;
        let (mut tcp, peer) = course
            .run(Stage::Tcp, tcp::connect(&addresses, options))
            .await?;
        course
            .run(Stage::SslRequest, ssl_request::ask(&mut tcp, peer))
            .await?;
        let shook = course
            .run(
                Stage::Tls,
                tls::shake_hands(tcp, host, Arc::clone(&self.trust)),
            )
            .await;
        let (stream, certificate) = match shook {
            Ok(Ok(done)) => done,
            Ok(Err(refused)) => {
                let mut error = course.fail(Stage::Tls, refused.failure);
                error.certificate = refused.certificate.map(Box::new);
                return Err(error);
            }
            Err(error) => return Err(error),
        };
        Ok(Dialed {
            stream,
            peer,
            certificate,
            passed: course.passed,
        })
    }
}

/// One run through the stages against one overall deadline.
pub(crate) struct Course {
    end: Instant,
    pub(crate) passed: Vec<Passed>,
}

impl Course {
    pub(crate) fn new(limit: Duration) -> Self {
        Self {
            end: Instant::now() + limit,
            passed: Vec::with_capacity(6),
        }
    }

    /// Runs one stage within its own deadline and the whole one's.
    pub(crate) async fn run<T>(
        &mut self,
        stage: Stage,
        work: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, DialError> {
        let started = Instant::now();
        let limit = stage
            .limit()
            .min(self.end.saturating_duration_since(started));
        match timeout(limit, work).await {
            Ok(Ok(value)) => {
                self.passed.push(Passed {
                    stage,
                    took: started.elapsed(),
                });
                Ok(value)
            }
            Ok(Err(failure)) => Err(self.fail(stage, failure)),
            Err(_) => {
                let detail = format!("no answer within {} ms", limit.as_millis());
                Err(self.fail(
                    stage,
                    Failure {
                        fault: Fault::TimedOut,
                        detail,
                    },
                ))
            }
        }
    }

    pub(crate) fn fail(&mut self, stage: Stage, failure: Failure) -> DialError {
        DialError {
            stage,
            fault: failure.fault,
            detail: failure.detail,
            passed: std::mem::take(&mut self.passed),
            certificate: None,
        }
    }
}
