//! The only code that opens a connection to Postgres, in bot and agent alike: DNS, TCP, SSLRequest, TLS.
//!
//! Each stage has its own deadline within the whole one, its duration, and a [`Fault`] when it fails.
//! There is no plaintext and no unverified mode.

mod course;
mod names;
mod reached;
mod ssl_request;
mod tcp;
mod tls;

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use crate::certificate::CertificateFacts;
use crate::fault::Fault;
use crate::stage::{Passed, Stage};
use crate::trust::{ClientIdentity, Roots, Trust};

pub(crate) use course::{Course, Failure};
pub use reached::{Attempt, Reached, Refusal};
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
    /// What the name led to.
    pub reached: Reached,
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
    /// Time from the begin of that stage until it was known.
    pub took: Duration,
    /// The stages before it.
    pub passed: Vec<Passed>,
    /// What the name led to.
    pub reached: Box<Reached>,
    /// What the server presented, when it came to that.
    pub certificate: Option<Box<CertificateFacts>>,
    /// What the server said about itself, when it came to that.
    pub server: Option<Box<ServerFacts>>,
}

/// What a server says about itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServerFacts {
    /// `server_version_num`: 180004 is 18.4.
    pub version: i32,
    /// `pg_postmaster_start_time()`, by the server's clock.
    pub start: SystemTime,
    /// `inet_server_addr()`: the server's own address.
    pub address: Option<IpAddr>,
    /// `pg_is_in_recovery()`: it is a standby, or was started a moment ago.
    pub in_recovery: bool,
    /// `transaction_read_only`: it takes no writes from us.
    pub read_only: bool,
    /// Sessions that it has for ordinary roles, all together.
    pub session_limit: i32,
}

impl DialError {
    /// A failure before anything was opened or seen.
    pub fn new(stage: Stage, fault: Fault, detail: impl Into<String>) -> Self {
        Self {
            stage,
            fault,
            detail: detail.into(),
            took: Duration::ZERO,
            passed: Vec::new(),
            reached: Box::default(),
            certificate: None,
            server: None,
        }
    }
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
        let Target { host, port, .. } = &self.target;
        let mut course = Course::new(limit);
        course.reached.host.clone_from(host);
        course.reached.port = *port;
        let names = self.names.resolve(host, *port);
        let addresses = course.run(Stage::Dns, names).await?;
        course.reached.addresses.clone_from(&addresses);
        let mut attempts = Vec::with_capacity(addresses.len());
        let connect = tcp::connect(&addresses, options, &mut attempts);
        let connected = course.run(Stage::Tcp, connect).await;
        let (mut tcp, peer) = course.connected(connected, attempts)?;
        course
            .run(Stage::SslRequest, ssl_request::ask(&mut tcp, peer))
            .await?;
        let shake = tls::shake_hands(tcp, host, Arc::clone(&self.trust));
        let (stream, certificate) = course.run(Stage::Tls, shake).await?;
        Ok(Dialed {
            stream,
            peer,
            certificate,
            reached: course.reached,
            passed: course.passed,
        })
    }
}
