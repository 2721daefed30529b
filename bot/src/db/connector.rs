//! Opens links for the bot's duties: of the present generation, with the settings in force, under the pod's name. Where to
//! and as whom is read again each time by `sabai_daemon::access`.

use std::sync::Arc;
use std::time::Duration;

use sabai_daemon::access::Access;
use sabai_daemon::config::DatabaseConfig;
use sabai_wire::dial::{DialError, SocketOptions};
use sabai_wire::link::{Link, Session};
use sabai_wire::settings::PoolSettings;

use super::live::Live;
use super::shape::Duty;

/// Opens links.
pub struct Connector {
    access: Access,
    pod_name: Option<String>,
    /// The settings in force, and the generation that sessions are opened in.
    pub(super) live: Arc<Live>,
}

impl Connector {
    /// Opens nothing yet.
    pub fn new(config: DatabaseConfig) -> Self {
        Self {
            access: Access::new(&config),
            pod_name: config.pod_name,
            live: Arc::new(Live::new(config.pool)),
        }
    }

    /// The settings that links are opened with now.
    pub fn settings(&self) -> Arc<PoolSettings> {
        self.live.settings()
    }

    /// Postgres cuts it at 63 bytes, so what matters comes first.
    fn application_name(&self, generation: u64) -> String {
        let pod = self.pod_name.as_deref().unwrap_or("bot");
        format!("sabai/g{generation}/{pod}")
    }

    /// Opens a link for `duty`, of the present generation.
    ///
    /// # Errors
    /// The stage that failed, its [`Fault`](sabai_wire::fault::Fault), and what was seen.
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
        let settings = self.settings();
        let session = Session {
            application_name: self.application_name(generation),
            generation,
            statement_timeout,
            connect_timeout: settings.connect_timeout(),
            socket: SocketOptions::from(&*settings),
        };
        self.access.open(&session).await
    }
}
