//! A link: one Postgres session over one verified TLS connection, with the truth about it.
//!
//! It knows its certificate, its backend, whether it is quiet, and why and by whom it was closed. Every
//! statement has a deadline. Who may use it, and for how long, is the pool's business.

mod error;
mod frames;
mod open;
mod statement;
mod stream;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};
use tokio_postgres::Client;

use crate::certificate::CertificateFacts;
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
    /// It ended by itself: Postgres said so, or the connection broke.
    Lost(Fault),
}

/// What is known about a session from its first moment.
#[derive(Clone, Debug)]
pub struct SessionFacts {
    /// Process id of the backend, for `pg_stat_activity`.
    pub backend_pid: i32,
    /// `server_version_num`: 180004 is 18.4.
    pub server_version: i32,
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
    driver: JoinHandle<()>,
    prepared: Mutex<HashMap<&'static str, tokio_postgres::Statement>>,
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

    /// Sends Terminate and waits until TCP has ended, at most `limit`; then lets go of it.
    ///
    /// Returns whether the end was seen. When it was not, the session may live on at the server.
    pub async fn close(self, limit: Duration) -> bool {
        let Self {
            client, mut driver, ..
        } = self;
        drop(client);
        if timeout(limit, &mut driver).await.is_ok() {
            return true;
        }
        driver.abort();
        false
    }
}
