//! The control socket: agent and operator ask how the pool stands, put settings in force, and have sessions renewed.
//! HTTP/1.1 on a unix socket, never a TCP port. `docs/control.md` is the page of it, its types are `sabai_wire::control`.

mod answer;
mod book;
pub mod kept;
mod recycling;
mod report;
mod routes;
mod server;
pub mod socket;

use std::sync::{Arc, Mutex};

use sabai_wire::control::SpoolReport;
use tokio::net::UnixListener;
use tokio_util::sync::CancellationToken;

use crate::db::Db;
use crate::metrics::Metrics;
use book::Book;
use kept::Kept;

/// Asked at each report; `None` when there is no spool.
pub type Spool = Arc<dyn Fn() -> Option<SpoolReport> + Send + Sync>;

/// What is behind the socket. Clones share it.
#[derive(Clone)]
pub struct Control(Arc<Parts>);

struct Parts {
    db: Db,
    metrics: Metrics,
    kept: Kept,
    spool: Spool,
    book: Mutex<Book>,
    /// One change of settings at a time, so that the file holds what is in force.
    changing: Arc<tokio::sync::Mutex<()>>,
}

impl Control {
    /// Remembers the last recycle of the process's former life, if `kept` has it.
    pub fn new(db: Db, metrics: Metrics, kept: Kept, spool: Spool) -> Self {
        let book = Book::after_restart(kept.recycle());
        Self(Arc::new(Parts {
            db,
            metrics,
            kept,
            spool,
            book: Mutex::new(book),
            changing: Arc::default(),
        }))
    }

    /// Serves until `stop`.
    pub async fn serve(self, listener: UnixListener, stop: CancellationToken) {
        server::serve(listener, routes::router(self), stop).await;
    }
}
