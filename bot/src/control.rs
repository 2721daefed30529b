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

use sabai_wire::control::{ReadinessReport, SpoolReport};
use tokio::net::UnixListener;
use tokio_util::sync::CancellationToken;

use crate::db::Db;
use crate::metrics::Metrics;
use book::Book;
use kept::Kept;

/// What is asked of other parts at each report.
pub struct Asked {
    /// `None` when there is no spool.
    pub spool: Arc<dyn Fn() -> Option<SpoolReport> + Send + Sync>,
    /// Whether webhooks are acknowledged.
    pub readiness: Arc<dyn Fn() -> ReadinessReport + Send + Sync>,
}

/// What is behind the socket. Clones share it.
#[derive(Clone)]
pub struct Control(Arc<Parts>);

struct Parts {
    db: Db,
    metrics: Metrics,
    kept: Kept,
    asked: Asked,
    book: Mutex<Book>,
    /// One change of settings at a time, so that the file holds what is in force.
    changing: Arc<tokio::sync::Mutex<()>>,
}

impl Control {
    /// Remembers the last recycle of the process's former life, if `kept` has it.
    pub fn new(db: Db, metrics: Metrics, kept: Kept, asked: Asked) -> Self {
        let book = Book::after_restart(kept.recycle());
        Self(Arc::new(Parts {
            db,
            metrics,
            kept,
            asked,
            book: Mutex::new(book),
            changing: Arc::default(),
        }))
    }

    /// Serves until `stop`.
    pub async fn serve(self, listener: UnixListener, stop: CancellationToken) {
        server::serve(listener, routes::router(self), stop).await;
    }
}
