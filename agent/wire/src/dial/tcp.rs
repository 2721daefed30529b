//! TCP to the first address that answers, with the options that a long-lived session needs.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

use super::Failure;
use super::reached::{Attempt, Refusal};
use crate::fault::{Fault, of_io};
use crate::settings::PoolSettings;
use crate::stage::Stage;

/// What the kernel does for a session on its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SocketOptions {
    /// Silence before the first keepalive probe.
    pub keepalive_idle: Duration,
    /// Time between probes.
    pub keepalive_interval: Duration,
    /// Probes without an answer before the connection is given up.
    pub keepalive_count: u32,
    /// How long sent data may stay unacknowledged (`TCP_USER_TIMEOUT`; Linux only).
    pub unacknowledged_timeout: Duration,
}

impl From<&PoolSettings> for SocketOptions {
    fn from(settings: &PoolSettings) -> Self {
        Self {
            keepalive_idle: settings.keepalive_idle(),
            keepalive_interval: settings.keepalive_interval(),
            keepalive_count: settings.keepalive_count().into(),
            unacknowledged_timeout: settings.unacknowledged_timeout(),
        }
    }
}

/// Tries the addresses in order and notes each; the last failure speaks when none answers.
pub(super) async fn connect(
    addresses: &[SocketAddr],
    options: &SocketOptions,
    attempts: &mut Vec<Attempt>,
) -> Result<TcpStream, Failure> {
    // One dead address must not eat the time of the others.
    let share = Stage::Tcp.limit() / u32::try_from(addresses.len().max(1)).unwrap_or(u32::MAX);
    let mut last = None;
    for &address in addresses {
        let started = Instant::now();
        let (tcp, refusal) = match try_one(address, options, share).await {
            Ok(tcp) => (Some(tcp), None),
            Err(refusal) => (None, Some(refusal)),
        };
        last.clone_from(&refusal);
        attempts.push(Attempt {
            address,
            took: started.elapsed(),
            refusal,
        });
        if let Some(tcp) = tcp {
            return Ok(tcp);
        }
    }
    Err(last.map_or_else(
        || Failure::new(Fault::NameNotResolved, "no address to connect to"),
        Failure::from,
    ))
}

async fn try_one(
    address: SocketAddr,
    options: &SocketOptions,
    limit: Duration,
) -> Result<TcpStream, Refusal> {
    let refused = |error: io::Error| Refusal {
        fault: of_io(&error),
        detail: format!("cannot connect to {address}: {error}"),
    };
    match timeout(limit, TcpStream::connect(address)).await {
        Ok(connected) => {
            let tcp = connected.map_err(refused)?;
            set_options(&tcp, options).map_err(refused)?;
            Ok(tcp)
        }
        Err(_) => Err(Refusal::silent(address, limit)),
    }
}

fn set_options(tcp: &TcpStream, options: &SocketOptions) -> io::Result<()> {
    // Without it a statement of more than one TLS record waits 40 ms for a delayed ACK.
    tcp.set_nodelay(true)?;
    let socket = SockRef::from(tcp);
    let keepalive = TcpKeepalive::new()
        .with_time(options.keepalive_idle)
        .with_interval(options.keepalive_interval)
        .with_retries(options.keepalive_count);
    socket.set_tcp_keepalive(&keepalive)?;
    // Keepalive alone does not end a connection that has unacknowledged data.
    #[cfg(target_os = "linux")]
    socket.set_tcp_user_timeout(Some(options.unacknowledged_timeout))?;
    Ok(())
}
