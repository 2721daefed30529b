//! A folder, a spool in it, and what the tests ask of them.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use tempfile::TempDir;

use crate::spool::disk::{Disk, LocalDisk};
use crate::spool::{Options, Record, RecordId, Spool, SpooledWebhook};
use crate::trace::TraceId;

pub(super) const MOST: usize = 1 << 30;
const LIMIT: Duration = Duration::from_secs(20);

pub(super) struct Scene {
    folder: TempDir,
    pub(super) options: Options,
}

impl Scene {
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let options = Options {
            folder: folder.path().join("webhooks"),
            max_bytes: 64 << 20,
            segment_bytes: 4096,
        };
        Self { folder, options }
    }

    pub(super) fn open(&self) -> Spool {
        self.open_on(Box::new(LocalDisk))
    }

    pub(super) fn open_on(&self, disk: Box<dyn Disk>) -> Spool {
        Spool::open_on(self.options.clone(), disk).expect("the folder is usable")
    }

    /// What a process that is killed now leaves behind, as a scene of its own.
    pub(super) fn killed(&self) -> Self {
        let killed = Self {
            options: self.options.clone(),
            ..Self::new()
        };
        let folder = killed.folder.path().join("webhooks");
        copy(&self.options.folder, &folder);
        Self {
            options: Options {
                folder,
                ..self.options.clone()
            },
            ..killed
        }
    }

    /// The segments' files, in order.
    pub(super) fn segments(&self) -> Vec<PathBuf> {
        files(&self.options.folder)
    }

    pub(super) fn rejected(&self) -> Vec<PathBuf> {
        files(&self.options.folder.join("rejected"))
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("writable");
    for file in files(from) {
        let name = file.file_name().expect("a file");
        match fs::copy(&file, to.join(name)) {
            // Deleted by the writer meanwhile.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            copied => drop(copied.expect("readable and writable")),
        }
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.expect("readable").path())
        .filter(|path| path.is_file())
        .collect();
    files.sort();
    files
}

/// A webhook whose body is this text, with one event.
pub(super) fn webhook(body: &str) -> Record {
    sized(body, 0)
}

/// A webhook whose body is this text and as many more bytes.
pub(super) fn sized(body: &str, more: usize) -> Record {
    Record::Webhook(SpooledWebhook {
        received: SystemTime::UNIX_EPOCH + Duration::from_secs(1_790_000_000),
        trace: TraceId::from_bytes([7; 16]),
        events: 1,
        signature: Bytes::from_static(b"c2lnbmF0dXJl"),
        body: Bytes::from(format!("{body}{}", ".".repeat(more))),
    })
}

/// The text that the body begins with, up to the filling.
pub(super) fn body(record: &Record) -> String {
    let Record::Webhook(webhook) = record else {
        panic!("a webhook was expected: {record:?}");
    };
    let text = String::from_utf8(webhook.body.to_vec()).expect("text");
    text.trim_end_matches('.').to_owned()
}

/// Appends, and waits until it is durable.
pub(super) async fn keep(spool: &Spool, text: &str) -> RecordId {
    let kept = tokio::time::timeout(LIMIT, spool.append(webhook(text)));
    kept.await.expect("answered in time").expect("kept")
}

pub(super) async fn bodies(spool: &Spool) -> Vec<String> {
    let records = spool.read(None, MOST, MOST).await.expect("readable");
    records.iter().map(|(_, record)| body(record)).collect()
}

/// Closed in full, so that its files are as they will stay.
pub(super) async fn close(spool: Spool) {
    assert!(spool.close(LIMIT).await, "the writer has ended");
}

/// Waits until `condition` holds; the writer's thread has no other clock than the disk's.
pub(super) async fn until(what: &str, condition: impl Fn() -> bool) {
    let held = tokio::time::timeout(LIMIT, async {
        while !condition() {
            tokio::task::yield_now().await;
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    });
    held.await.unwrap_or_else(|_| panic!("in time: {what}"));
}
