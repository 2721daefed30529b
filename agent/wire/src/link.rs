//! A link: one Postgres session over one verified TLS connection, with the truth about it.
//!
//! It knows its certificate, its backend, whether it is quiet, and why and by whom it was closed. Every
//! statement has a deadline. Who may use it, and for how long, is the pool's business.

mod error;
mod frames;
mod open;
mod statement;
mod stream;

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};
use tokio_postgres::Client;

use crate::certificate::CertificateFacts;
use crate::dial::Reached;
use crate::fault::Fault;
use crate::stage::Passed;

pub use error::StatementError;
pub use open::{Credentials, Session};
pub use statement::Statement;

/// How a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// We closed it and saw its end.
    Closed,
    /// We cut it under its user, who is told this.
    Cut(Fault),
    /// It ended by itself: Postgres said so, or the connection broke.
    Lost(Fault),
}

impl End {
    /// Whether the server's side has ended too: it said so, or its TLS did. What was only cut off, by us or by something
    /// in between, may live on there.
    pub const fn is_seen(self) -> bool {
        match self {
            Self::Closed => true,
            Self::Cut(_) => false,
            Self::Lost(fault) => matches!(
                fault,
                Fault::Terminated | Fault::IdleTerminated | Fault::ClosedByPeer
            ),
        }
    }
}

/// What is known about a session from its first moment.
#[derive(Clone, Debug)]
pub struct SessionFacts {
    /// The pool's count of its own renewals when this session was opened; `application_name` begins with it.
    pub generation: u64,
    /// Process id of the backend, for `pg_stat_activity`.
    pub backend_pid: i32,
    /// `backend_start` of `pg_stat_activity`, by the server's clock: with the pid it names the session for ever.
    pub backend_start: SystemTime,
    /// `server_version_num`: 180004 is 18.4.
    pub server_version: i32,
    /// `pg_postmaster_start_time()`, by the server's clock: two sessions with another one lead to another server, or to the
    /// same before and after a restart.
    pub server_start: SystemTime,
    /// `inet_server_addr()`: the server's own address, which differs from `peer` behind a proxy or load balancer.
    pub server_address: Option<IpAddr>,
    /// Sessions that the server has for ordinary roles, all together.
    pub session_limit: i32,
    /// The address that was dialed.
    pub peer: SocketAddr,
    /// What the name led to.
    pub reached: Reached,
    /// What the server presented.
    pub certificate: CertificateFacts,
    /// The stages of opening it.
    pub passed: Vec<Passed>,
    /// When it was ready.
    pub opened: Instant,
}

/// One open session. Dropping it says goodbye in the background; [`Link::close`] waits for the end.
pub struct Link {
    client: Client,
    facts: SessionFacts,
    watch: Arc<stream::Watch>,
    ended: watch::Receiver<Option<End>>,
    cutter: Cutter,
    driver: JoinHandle<()>,
    prepared: Mutex<statement::Prepared>,
}

impl Link {
    /// What is known about the session.
    pub fn facts(&self) -> &SessionFacts {
        &self.facts
    }

    /// Whether every request was answered and no transaction is open: only then may another use it.
    pub fn is_quiet(&self) -> bool {
        self.watch.quiet() && self.end().is_none()
    }

    /// How it ended, if it has.
    pub fn end(&self) -> Option<End> {
        *self.ended.borrow()
    }

    /// Waits for the end, whoever brings it about.
    pub async fn ended(&self) -> End {
        let mut ended = self.ended.clone();
        let end = ended.wait_for(Option::is_some).await;
        // The driver task always writes its end before it goes.
        end.ok()
            .and_then(|end| *end)
            .unwrap_or(End::Lost(Fault::Unexpected))
    }

    /// What cuts it, for who does not hold it.
    pub fn cutter(&self) -> Cutter {
        self.cutter.clone()
    }

    /// Sends Terminate and waits until TCP has ended, at most `limit`; then lets go of it, as when it is cancelled.
    ///
    /// Returns whether the end was seen. When it was not, the session may live on at the server.
    pub async fn close(self, limit: Duration) -> bool {
        let Self {
            client,
            driver,
            ended,
            ..
        } = self;
        let mut driver = AbortOnDrop(driver);
        drop(client);
        timeout(limit, &mut driver.0).await.is_ok() && ended.borrow().is_some_and(End::is_seen)
    }
}

/// Cuts a session at once, whatever is in flight on it: its user is told the fault. Clones cut the same one.
#[derive(Clone, Debug)]
pub struct Cutter(watch::Sender<Option<Fault>>);

impl Cutter {
    /// Cuts it. What it was doing may have been done, or may go on at the server.
    pub fn cut(&self, fault: Fault) {
        self.0.send_replace(Some(fault));
    }
}

struct AbortOnDrop(JoinHandle<()>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}
