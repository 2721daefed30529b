//! The listeners, bound before anything is started: a taken port is told at once.

use std::net::SocketAddr;

use sabai_daemon::exit::Failure;
use tokio::net::{TcpListener, UnixListener};

use crate::config::Config;
use crate::control::socket;

/// Bound and not yet served.
pub(super) struct Listeners {
    pub(super) webhook: TcpListener,
    pub(super) admin: TcpListener,
    pub(super) control: Option<UnixListener>,
}

impl Listeners {
    pub(super) async fn bind(config: &Config) -> Result<Self, Failure> {
        let webhook = bind("SABAI_LISTEN", config.listen).await?;
        let admin = bind("SABAI_ADMIN_LISTEN", config.admin_listen).await?;
        let control = config.control_socket.as_deref().map(socket::bind);
        let control = control.transpose().map_err(|problem| {
            Failure::Configuration(format!("SABAI_CONTROL_SOCKET: {problem}"))
        })?;
        Ok(Self {
            webhook,
            admin,
            control,
        })
    }

    /// Says where; to be called when nothing that is configured can stop the start any more.
    pub(super) fn announce(&self) {
        let address = |listener: &TcpListener| {
            listener
                .local_addr()
                .map(|addr| addr.to_string())
                .unwrap_or_default()
        };
        tracing::info!(
            webhook = address(&self.webhook),
            admin = address(&self.admin),
            "listening"
        );
    }
}

async fn bind(variable: &str, address: SocketAddr) -> Result<TcpListener, Failure> {
    TcpListener::bind(address).await.map_err(|error| {
        Failure::Configuration(format!("{variable}: cannot listen on {address}: {error}"))
    })
}
