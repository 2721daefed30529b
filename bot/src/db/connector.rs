//! Opens links for the bot: where to and as whom is read again each time, so that rotated files heal by themselves.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sabai_wire::dial::{self, DialError, Dialer, SocketOptions};
use sabai_wire::fault::Fault;
use sabai_wire::link::{Credentials, Link, Session};
use sabai_wire::settings::PoolSettings;
use sabai_wire::stage::Stage;
use sabai_wire::trust::{ClientIdentity, Roots};

use super::live::Live;
use super::shape::Duty;
use crate::config::DatabaseConfig;
use crate::config::postgres::{RootCertificates, Target};

/// Opens links.
pub struct Connector {
    config: DatabaseConfig,
    /// The settings in force, and the generation that sessions are opened in.
    pub(super) live: Arc<Live>,
    /// For the target it was made for: it keeps what it has resolved and whom it trusts.
    dialer: Mutex<Option<Arc<Dialer>>>,
}

impl Connector {
    /// Opens nothing yet.
    pub fn new(config: DatabaseConfig) -> Self {
        let live = Arc::new(Live::new(config.pool.clone()));
        Self {
            config,
            live,
            dialer: Mutex::new(None),
        }
    }

    /// The settings that links are opened with now.
    pub fn settings(&self) -> Arc<PoolSettings> {
        self.live.settings()
    }

    /// Postgres cuts it at 63 bytes, so what matters comes first.
    fn application_name(&self, generation: u64) -> String {
        let pod = self.config.pod_name.as_deref().unwrap_or("bot");
        format!("sabai/g{generation}/{pod}")
    }

    /// Opens a link for `duty`, of the present generation.
    ///
    /// # Errors
    /// The stage that failed, its [`Fault`], and what was seen.
    pub async fn open(&self, duty: Duty) -> Result<Link, DialError> {
        self.open_in(self.live.generation(), duty).await
    }

    /// The same in another generation.
    ///
    /// # Errors
    /// As [`Connector::open`].
    pub(super) async fn open_in(&self, generation: u64, duty: Duty) -> Result<Link, DialError> {
        let timeout = duty.shape(&self.settings()).server_statement_timeout;
        self.open_with(timeout, generation).await
    }

    /// Opens a link whose statements the server ends after `statement_timeout`, outside of every pool.
    ///
    /// # Errors
    /// As [`Connector::open`].
    pub async fn open_patient(&self, statement_timeout: Duration) -> Result<Link, DialError> {
        self.open_with(statement_timeout, self.live.generation())
            .await
    }

    async fn open_with(
        &self,
        statement_timeout: Duration,
        generation: u64,
    ) -> Result<Link, DialError> {
        let config = self.config.postgres.clone();
        // It may read files.
        let read = tokio::task::spawn_blocking(move || config.target()).await;
        let target = match read {
            Ok(Ok(target)) => target,
            Ok(Err(problems)) => return Err(unreadable(problems.to_string())),
            Err(panic) => {
                return Err(unreadable(format!(
                    "reading the configuration failed: {panic}"
                )));
            }
        };
        let settings = self.settings();
        let session = Session {
            application_name: self.application_name(generation),
            generation,
            statement_timeout,
            connect_timeout: settings.connect_timeout(),
            socket: SocketOptions {
                keepalive_idle: settings.keepalive_idle(),
                keepalive_interval: settings.keepalive_interval(),
                keepalive_count: settings.keepalive_count().into(),
                unacknowledged_timeout: settings.unacknowledged_timeout(),
            },
        };
        let dialer = self.dialer(&target);
        let credentials = Credentials {
            user: target.user,
            database: target.database,
            password: target
                .password
                .map(|password| password.expose().as_bytes().to_vec()),
        };
        // Large: a resolver, a handshake and a login.
        Box::pin(Link::open(&dialer, &credentials, &session)).await
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
            nameserver: self.config.nameserver,
        };
        let mut last = self.dialer.lock().unwrap_or_else(PoisonError::into_inner);
        match last.as_ref().filter(|dialer| *dialer.target() == wanted) {
            Some(dialer) => Arc::clone(dialer),
            None => Arc::clone(last.insert(Arc::new(Dialer::new(wanted)))),
        }
    }
}

fn unreadable(detail: String) -> DialError {
    DialError::new(Stage::Auth, Fault::PasswordFileBroken, detail)
}
