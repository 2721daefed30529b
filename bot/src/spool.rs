//! The spool: records kept on local disk, durable before they are answered, until they are safe elsewhere.
//!
//! Append goes to one writer thread (group commit: one write, one fsync for all that wait); reading goes by segments in
//! order; a segment is deleted when all its records are removed. Removal is in memory alone: after a restart a partly
//! drained segment comes again, so what is done with a record must be harmless when done twice. Survives a kill at any
//! instant, torn writes, flipped bits, a full, read-only, failing or hanging disk. What cannot be read is kept, as
//! bytes, in `rejected/`; the rest stays readable. The format is told in `spool/frame.rs`. One process has the folder:
//! the lock is not taken here.

mod bits;
mod disk;
mod frame;
mod index;
pub mod inspect;
mod open;
mod queue;
mod read;
mod record;
mod rejected;
mod scan;
mod segment;
mod shared;
mod state;
mod writer;

use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

pub use index::Depth;
pub use record::{Record, RecordId, SentBy, SpooledOutcome, SpooledWebhook};
pub use state::{NotKept, State};

use disk::{Disk, LocalDisk};
use shared::Shared;

/// A segment that has reached this many bytes is closed and a new one begun.
pub const SEGMENT_BYTES: u64 = 8 << 20;

/// Where, and how much.
#[derive(Clone, Debug)]
pub struct Options {
    /// Its own folder; made when it is not there, 0700.
    pub folder: PathBuf,
    /// Most bytes on disk, what waits to be written included; `rejected/` has a bound of its own, an eighth of this
    /// (at least 1 MiB).
    pub max_bytes: u64,
    /// [`SEGMENT_BYTES`], less in tests. A segment exceeds it by one record at most.
    pub segment_bytes: u64,
}

/// Why there is no spool.
#[derive(Debug, thiserror::Error)]
pub enum SpoolError {
    /// The folder cannot be used.
    #[error("the spool cannot use {}: make it a folder that this process may write", path.display())]
    Folder {
        /// What was tried.
        path: PathBuf,
        /// The cause.
        #[source]
        source: io::Error,
    },
    /// There is no thread for the writer.
    #[error("the spool's writer cannot start")]
    Thread(#[source] io::Error),
}

/// One spool; clones share it. Its thread ends, after what is queued is written, when the last one is dropped.
#[derive(Clone, Debug)]
pub struct Spool {
    handle: Arc<Handle>,
}

#[derive(Debug)]
struct Handle {
    shared: Arc<Shared>,
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.shared.stop();
    }
}

/// Resolves when the record is durable, or refused. Dropping it does not undo the append.
#[derive(Debug)]
pub struct Ticket(oneshot::Receiver<Result<RecordId, NotKept>>);

impl Future for Ticket {
    type Output = Result<RecordId, NotKept>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let answer = Pin::new(&mut self.0).poll(context);
        answer.map(|answer| answer.unwrap_or(Err(NotKept::Stopped)))
    }
}

impl Spool {
    /// Scans the folder (streaming, so that a large spool needs no memory), cuts off a torn tail, sets aside what is
    /// damaged, and starts the writer. Blocking: for the start of the process. A folder that can be read and not
    /// written is opened: what is there can be drained, what is appended is refused.
    ///
    /// # Errors
    /// When the folder cannot be made or listed, or there is no thread.
    pub fn open(options: Options) -> Result<Self, SpoolError> {
        Self::open_on(options, Box::new(LocalDisk))
    }

    fn open_on(options: Options, disk: Box<dyn Disk>) -> Result<Self, SpoolError> {
        let index = open::open(&options).map_err(|source| SpoolError::Folder {
            path: options.folder.clone(),
            source,
        })?;
        let shared = Arc::new(Shared::new(options, index));
        writer::start(Arc::clone(&shared), disk).map_err(SpoolError::Thread)?;
        let handle = Arc::new(Handle { shared });
        Ok(Self { handle })
    }

    /// Queues at once, in the order of the calls. Does not block.
    pub fn append(&self, record: Record) -> Ticket {
        let (done, ticket) = oneshot::channel();
        self.shared().append(record, done);
        Ticket(ticket)
    }

    /// The oldest records not removed after `after`, in order, from disk: at most `most` and `most_bytes` (of frames on
    /// disk), at least one if there is one. Only durable ones. A damaged one met here is set aside and left out.
    ///
    /// # Errors
    /// When no file can be opened just now; try again later. (A segment that cannot be opened or read is left alone
    /// until the next start, counted in [`Depth::rejected`], so that it does not stand before the others.)
    pub async fn read(
        &self,
        after: Option<RecordId>,
        most: usize,
        most_bytes: usize,
    ) -> io::Result<Vec<(RecordId, Record)>> {
        let shared = Arc::clone(self.shared());
        blocking(move || read::read(&shared, after, most, most_bytes)).await
    }

    /// They are safe elsewhere. In memory; a segment without others is deleted by the writer. Does not block. Doing it
    /// twice is harmless.
    pub fn remove(&self, ids: &[RecordId]) {
        self.shared().remove(ids);
    }

    /// Moves a record that nobody will take out of the way: its bytes become a file in `rejected/`, named by their
    /// hash, and it is removed. Doing it twice is harmless. `why` is logged.
    ///
    /// # Errors
    /// When it could not be kept there (`rejected/` has reached its bound, or cannot be written). It is out of the way
    /// all the same: it stays in its segment, which is not deleted, is not read again before the next start, and
    /// counts in [`Depth::rejected`].
    pub async fn set_aside(&self, id: RecordId, why: &str) -> io::Result<()> {
        let shared = Arc::clone(self.shared());
        let why = why.to_owned();
        blocking(move || read::set_aside(&shared, id, &why)).await
    }

    /// How much there is, what is queued and not yet durable included.
    pub fn depth(&self) -> Depth {
        self.shared().depth()
    }

    /// Whether it can take more.
    pub fn state(&self) -> State {
        self.shared().state(Instant::now())
    }

    /// Writes what is queued and ends; what comes later is refused. Waits for it at most `limit`; says whether it came
    /// to its end. Reading and removing go on, but nothing is deleted any more.
    pub async fn close(&self, limit: Duration) -> bool {
        self.shared().stop();
        let ended = self.shared().ended();
        tokio::time::timeout(limit, ended).await.is_ok()
    }

    /// Where it is.
    pub fn folder(&self) -> &Path {
        &self.shared().options.folder
    }

    fn shared(&self) -> &Arc<Shared> {
        &self.handle.shared
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(io::Error::other)?
}

#[cfg(test)]
mod tests;
