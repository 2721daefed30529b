//! Links to Postgres as the configuration says at that moment: where to and as whom is read again each time, so that
//! rotated files heal by themselves. When to open one, and with which settings, is the caller's.

mod contents;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use sabai_wire::dial::{self, DialError, Dialer};
use sabai_wire::fault::Fault;
use sabai_wire::link::{Credentials, Link, Session};
use sabai_wire::stage::Stage;
use sabai_wire::trust::{ClientIdentity, Roots};
use tokio::task::spawn_blocking;

use crate::config::postgres::{RootCertificates, Target};
use crate::config::{DatabaseConfig, PostgresConfig};
pub use contents::{Contents, Digests};

/// The way to one database.
pub struct Access {
    postgres: PostgresConfig,
    nameserver: Option<SocketAddr>,
    /// For the target it was made for: it keeps what it has resolved and whom it trusts.
    dialer: Mutex<Option<Arc<Dialer>>>,
}

impl Access {
    /// Reads and opens nothing yet.
    #[must_use]
    pub fn new(config: &DatabaseConfig) -> Self {
        Self {
            postgres: config.postgres.clone(),
            nameserver: config.nameserver,
            dialer: Mutex::new(None),
        }
    }

    /// Opens a link to where, and as whom, the configuration says now.
    ///
    /// # Errors
    /// The stage that failed, its [`Fault`], and what was seen.
    pub async fn open(&self, session: &Session) -> Result<Link, DialError> {
        let target = self.target().await?;
        let dialer = self.dialer(&target);
        let credentials = Credentials {
            user: target.user,
            database: target.database,
            password: target
                .password
                .map(|password| password.expose().as_bytes().to_vec()),
        };
        // Large: a resolver, a handshake and a login.
        Box::pin(Link::open(&dialer, &credentials, session)).await
    }

    /// What the files and the password hold now, in one read. It takes as long as the disk does.
    ///
    /// # Errors
    /// The [`Fault`] that opening a link would meet: a file is gone, too long, or what it holds is no longer valid.
    pub async fn contents(&self) -> Result<Contents, DialError> {
        self.read(|target| {
            let broken = |detail| DialError::new(Stage::Tls, Fault::TrustFileBroken, detail);
            Contents::of(&target).map_err(broken)
        })
        .await
    }

    async fn target(&self) -> Result<Target, DialError> {
        self.read(Ok).await
    }

    /// Reads the configuration, and with it whatever it names: in one go, where waiting for a disk keeps nobody.
    async fn read<T, F>(&self, what: F) -> Result<T, DialError>
    where
        T: Send + 'static,
        F: FnOnce(Target) -> Result<T, DialError> + Send + 'static,
    {
        let postgres = self.postgres.clone();
        let broken = |detail| DialError::new(Stage::Auth, Fault::PasswordFileBroken, detail);
        let read = move || {
            let target = postgres.target();
            what(target.map_err(|problems| broken(problems.to_string()))?)
        };
        let read = spawn_blocking(read).await;
        read.map_err(|panic| broken(format!("reading the configuration failed: {panic}")))?
    }

    fn dialer(&self, target: &Target) -> Arc<Dialer> {
        let roots = match &target.root {
            RootCertificates::System => Roots::System,
            RootCertificates::File(path) => Roots::File(path.clone()),
        };
        let identity = target.client.as_ref().map(|client| ClientIdentity {
            certificate: client.certificate.clone(),
            key: client.key.clone(),
        });
        let wanted = dial::Target {
            host: target.host.clone(),
            port: target.port,
            roots,
            identity,
            nameserver: self.nameserver,
        };
        let mut last = self.dialer.lock().unwrap_or_else(PoisonError::into_inner);
        match last.as_ref().filter(|dialer| *dialer.target() == wanted) {
            Some(dialer) => Arc::clone(dialer),
            None => Arc::clone(last.insert(Arc::new(Dialer::new(wanted)))),
        }
    }
}

#[cfg(test)]
mod tests;
