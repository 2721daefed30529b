//! The fault gate: a TCP proxy between a client and Postgres that fails on demand, each way as the real thing does it.
//! For connections that exist, for new ones, or for both; switched while they live. Says nothing about what should
//! then happen.

mod accepting;
mod companion;
mod connection;
mod fault;
mod filter;
mod tls;
mod traffic;

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use anyhow::Context;
use tokio::sync::watch;
use tokio::task::JoinHandle;

pub use connection::Connection;
pub use fault::{Fault, IdleEnd, Way};

use crate::postgres::{Database, Postgres};
use crate::wait::eventually;
use tls::Termination;

/// How long a switch may take to reach the listening socket.
const SWITCH_LIMIT: Duration = Duration::from_secs(5);

/// A gate. Dropping it cuts every connection and closes its port.
pub struct Gate {
    shared: Arc<Shared>,
    address: SocketAddr,
    accepting: JoinHandle<()>,
    /// Meets what this gate meets, and is not counted.
    companion: Option<Box<Gate>>,
}

/// What the gate's tasks share.
struct Shared {
    leads_to: watch::Sender<SocketAddr>,
    termination: Option<Arc<Termination>>,
    /// What new connections meet.
    fresh: watch::Sender<Option<Fault>>,
    /// What the listening socket was last told.
    applied: watch::Sender<Option<Fault>>,
    connections: Mutex<Vec<Connection>>,
    accepted: AtomicU64,
    peak: AtomicUsize,
}

impl Gate {
    /// A gate on a free port of 127.0.0.1 that passes bytes as they are.
    ///
    /// # Errors
    /// When no port can be had.
    pub async fn start(leads_to: SocketAddr) -> anyhow::Result<Self> {
        Self::with(leads_to, None).await
    }

    /// The same on this address, as of another machine; on Linux all of 127.0.0.0/8 is this one.
    ///
    /// # Errors
    /// When the address is taken.
    pub async fn start_at(address: SocketAddr, leads_to: SocketAddr) -> anyhow::Result<Self> {
        Self::at(address, leads_to, None).await
    }

    /// A gate before this server. With `Tls::Terminated` it holds a certificate of the server's authority, so that it
    /// can end the TLS session in order; the session to the server is one of its own.
    ///
    /// # Errors
    /// When no port or certificate can be had.
    pub async fn before(postgres: &Postgres, tls: Tls) -> anyhow::Result<Self> {
        let database = postgres.database();
        let termination = match tls {
            Tls::Passed => None,
            Tls::Terminated => Some(Termination::new(&database, postgres.authority())?.into()),
        };
        Self::with(
            SocketAddr::from(([127, 0, 0, 1], database.port)),
            termination,
        )
        .await
    }

    async fn with(
        leads_to: SocketAddr,
        termination: Option<Arc<Termination>>,
    ) -> anyhow::Result<Self> {
        let port = crate::port::free().next().context("no free port")?;
        Self::at(
            SocketAddr::from(([127, 0, 0, 1], port)),
            leads_to,
            termination,
        )
        .await
    }

    async fn at(
        address: SocketAddr,
        leads_to: SocketAddr,
        termination: Option<Arc<Termination>>,
    ) -> anyhow::Result<Self> {
        let shared = Arc::new(Shared {
            leads_to: watch::Sender::new(leads_to),
            termination,
            fresh: watch::Sender::new(None),
            applied: watch::Sender::new(None),
            connections: Mutex::default(),
            accepted: AtomicU64::new(0),
            peak: AtomicUsize::new(0),
        });
        let listener = accepting::listen(address).await?;
        let accepting = tokio::spawn(accepting::accept(listener, address, Arc::clone(&shared)));
        Ok(Self {
            shared,
            address,
            accepting,
            companion: None,
        })
    }

    /// Where clients connect.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.address
    }

    /// The same database by the way through the gate.
    #[must_use]
    pub fn database(&self, database: &Database) -> Database {
        let mut database = database.clone();
        database.port = self.address.port();
        database
    }

    /// New connections lead there from now on, as after a failover; those that exist stay.
    pub fn lead_to(&self, address: SocketAddr) {
        for gate in self.both() {
            gate.shared.leads_to.send_replace(address);
        }
    }

    /// Every connection that exists meets `fault` now.
    ///
    /// # Panics
    /// For a close_notify that this gate cannot send.
    pub fn existing(&self, fault: Fault) {
        for connection in self.both().flat_map(Self::connections) {
            connection.inflict(fault);
        }
    }

    /// Every connection made from now on meets `fault`; it holds when this returns.
    pub async fn new_connections(&self, fault: Fault) {
        self.fresh(Some(fault)).await;
    }

    /// New connections pass again; those that exist stay as they are.
    pub async fn new_connections_pass(&self) {
        self.fresh(None).await;
    }

    /// Both.
    pub async fn all(&self, fault: Fault) {
        self.fresh(Some(fault)).await;
        self.existing(fault);
    }

    /// Everything passes again: new connections, and what is left of those that exist.
    pub async fn heal(&self) {
        self.fresh(None).await;
        for connection in self.both().flat_map(Self::connections) {
            connection.heal();
        }
    }

    /// Those that are open, oldest first.
    #[must_use]
    pub fn connections(&self) -> Vec<Connection> {
        let mut connections = self.shared.lock();
        connections.retain(Connection::is_open);
        connections.clone()
    }

    /// How many were accepted so far.
    #[must_use]
    pub fn accepted(&self) -> u64 {
        self.shared.accepted.load(Ordering::Relaxed)
    }

    /// The most that were open at a time, without those that were silent for a while: a client may have given them up.
    #[must_use]
    pub fn peak(&self) -> usize {
        self.shared.peak.load(Ordering::Relaxed)
    }

    async fn fresh(&self, fault: Option<Fault>) {
        for gate in self.both() {
            gate.shared.fresh.send_replace(fault);
        }
        for gate in self.both() {
            eventually(SWITCH_LIMIT, "the gate to switch", async || {
                match *gate.shared.applied.borrow() {
                    now if now == fault => Ok(()),
                    now => Err(format!("{now:?}, not {fault:?}")),
                }
            })
            .await;
        }
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// Who speaks TLS with the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tls {
    /// The server: the gate sees bytes only.
    Passed,
    /// The gate, with a certificate that the client trusts.
    Terminated,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.connections
            .lock()
            .expect("nobody panics while holding this")
    }

    /// A connection was accepted.
    fn enter(&self, fault: Option<Fault>) -> Connection {
        let number = self.accepted.fetch_add(1, Ordering::Relaxed) + 1;
        let connection = Connection::new(number, fault, self.termination.is_some());
        let mut connections = self.lock();
        connections.retain(Connection::is_open);
        connections.push(connection.clone());
        let whole = connections.iter().filter(|one| !one.was_silent()).count();
        self.peak.fetch_max(whole, Ordering::Relaxed);
        drop(connections);
        connection
    }
}
