//! What a gate knows of one connection, and what it is told to do to it while it lives.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use socket2::SockRef;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use super::{Fault, Way, filter};

/// One connection through the gate. Cheap to clone.
#[derive(Clone)]
pub struct Connection(pub(super) Arc<Passing>);

/// What is known of one connection.
pub(super) struct Passing {
    number: u64,
    pub(super) fault: watch::Sender<Option<Fault>>,
    to_server: AtomicU64,
    to_client: AtomicU64,
    last: Mutex<Instant>,
    pub(super) open: AtomicBool,
    /// Nobody could see its end: it may be over on one side alone.
    was_silent: AtomicBool,
    /// Both sides, for the filter; none before and after the connection's life.
    sockets: Mutex<Sockets>,
    terminates_tls: bool,
}

#[derive(Default)]
pub(super) struct Sockets {
    pub(super) client: Option<socket2::Socket>,
    pub(super) server: Option<socket2::Socket>,
}

impl Connection {
    pub(super) fn new(number: u64, fault: Option<Fault>, terminates_tls: bool) -> Self {
        Self(Arc::new(Passing {
            number,
            fault: watch::Sender::new(fault),
            to_server: AtomicU64::new(0),
            to_client: AtomicU64::new(0),
            last: Mutex::new(Instant::now()),
            open: AtomicBool::new(true),
            was_silent: AtomicBool::new(false),
            sockets: Mutex::default(),
            terminates_tls,
        }))
    }

    /// It meets `fault` from now on, whatever it met before.
    ///
    /// # Panics
    /// For a close_notify when the gate does not speak TLS.
    pub fn inflict(&self, fault: Fault) {
        assert!(
            fault != Fault::CloseNotify || self.0.terminates_tls,
            "only a gate with Tls::Terminated can send a close_notify"
        );
        self.0
            .meets(Some(fault.counted_from(|way| self.bytes(way))));
    }

    /// Bytes pass again.
    pub fn heal(&self) {
        self.0.meets(None);
    }

    /// Which one it is, from 1.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.0.number
    }

    /// The port that the server knows it by: `client_port` in `pg_stat_activity`. None once it has ended.
    #[must_use]
    pub fn port(&self) -> Option<u16> {
        let sockets = self.0.sockets();
        let address = sockets.server.as_ref()?.local_addr().ok()?;
        Some(address.as_socket()?.port())
    }

    /// Bytes that passed so far.
    #[must_use]
    pub fn bytes(&self, way: Way) -> u64 {
        self.0.counter(way).load(Ordering::Relaxed)
    }

    /// Since bytes passed last, either way.
    #[must_use]
    pub fn idle_for(&self) -> Duration {
        self.0.last().elapsed()
    }

    #[must_use]
    pub fn is_open(&self) -> bool {
        self.0.open.load(Ordering::Relaxed)
    }

    pub(super) fn was_silent(&self) -> bool {
        self.0.was_silent.load(Ordering::Relaxed)
    }
}

impl Passing {
    /// Sets the filter before this returns: what the client sends next meets it.
    pub(super) fn meets(&self, fault: Option<Fault>) {
        self.filter(fault);
        if fault.is_some_and(|fault| !fault.passes(Way::ToServer) || !fault.passes(Way::ToClient)) {
            self.was_silent.store(true, Ordering::Relaxed);
        }
        self.fault.send_replace(fault);
    }

    /// As long as the sockets are known; who makes them known asks for it again.
    pub(super) fn filter(&self, fault: Option<Fault>) {
        let (client, server) = fault.map_or((false, false), Fault::drops);
        let sockets = self.sockets();
        for (socket, drops) in [(&sockets.client, client), (&sockets.server, server)] {
            if let Some(socket) = socket {
                filter::dropping(&SockRef::from(socket), drops)
                    .expect("a filter, which needs Linux");
            }
        }
    }

    pub(super) fn sockets(&self) -> MutexGuard<'_, Sockets> {
        self.sockets
            .lock()
            .expect("nobody panics while holding this")
    }

    pub(super) fn counter(&self, way: Way) -> &AtomicU64 {
        match way {
            Way::ToServer => &self.to_server,
            Way::ToClient => &self.to_client,
        }
    }

    pub(super) fn passed(&self, way: Way, bytes: usize) {
        self.counter(way).fetch_add(bytes as u64, Ordering::Relaxed);
        *self.last() = Instant::now();
    }

    /// Waits until no byte passed for so long.
    pub(super) async fn idle(&self, limit: Duration) {
        loop {
            let then = *self.last() + limit;
            if then <= Instant::now() {
                return;
            }
            sleep_until(then).await;
        }
    }

    fn last(&self) -> MutexGuard<'_, Instant> {
        self.last.lock().expect("nobody panics while holding this")
    }
}
