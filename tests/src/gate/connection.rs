//! What a gate knows of one connection, and what it is told to do to it while it lives.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use socket2::SockRef;
use tokio::sync::watch;
use tokio::time::Instant;

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
    /// The client's side, for the filter; none before and after the connection's life.
    socket: Mutex<Option<socket2::Socket>>,
    terminates_tls: bool,
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
            socket: Mutex::default(),
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
        if let Some(socket) = &*self.socket() {
            filter::dropping(&SockRef::from(socket), fault == Some(Fault::Drop))
                .expect("a filter, which needs Linux");
        }
        if fault.is_some_and(|fault| !fault.passes(Way::ToServer) || !fault.passes(Way::ToClient)) {
            self.was_silent.store(true, Ordering::Relaxed);
        }
        self.fault.send_replace(fault);
    }

    pub(super) fn socket(&self) -> MutexGuard<'_, Option<socket2::Socket>> {
        self.socket
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

    fn last(&self) -> MutexGuard<'_, Instant> {
        self.last.lock().expect("nobody panics while holding this")
    }
}
