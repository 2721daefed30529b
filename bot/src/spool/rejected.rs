//! What was set aside: damaged bytes and records that nobody takes, each a file of its own, for people.
//!
//! A file is named by a hash of its bytes, so that setting the same aside again changes nothing. Nothing is ever
//! dropped here: when the bound is reached, what else is to be set aside stays where it is.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use ring::digest::{Context, SHA256};

use super::disk;

pub(super) const FOLDER: &str = "rejected";
/// A file that was not finished.
const TEMPORARY: &str = "tmp";
const LEAST_BOUND: u64 = 1 << 20;

/// What the bytes are; the ending of the file's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// A whole frame.
    Record,
    /// Bytes that could not be read.
    Damaged,
}

impl What {
    const fn ending(self) -> &'static str {
        match self {
            Self::Record => "record",
            Self::Damaged => "damaged",
        }
    }
}

/// The folder.
#[derive(Debug)]
pub(super) struct Rejected {
    folder: PathBuf,
    most_bytes: u64,
    held: Mutex<Held>,
    /// Two at once must not write the same file. Held over operations on the disk, and so by nobody else.
    keeping: Mutex<()>,
}

/// What is in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Held {
    /// Files.
    pub files: u64,
    /// Their sizes.
    pub bytes: u64,
}

impl Rejected {
    /// Of the spool in `spool`, which may hold `max_bytes`. Looks at what is there.
    pub(super) fn open(spool: &Path, max_bytes: u64) -> io::Result<Self> {
        let folder = spool.join(FOLDER);
        let mut held = Held::default();
        for path in files(&folder)? {
            if path.extension().is_some_and(|ending| ending == TEMPORARY) {
                // Harmless if it stays.
                let _ = fs::remove_file(&path);
            } else {
                held.files += 1;
                held.bytes += fs::metadata(&path).map_or(0, |metadata| metadata.len());
            }
        }
        Ok(Self {
            folder,
            most_bytes: (max_bytes / 8).max(LEAST_BOUND),
            held: Mutex::new(held),
            keeping: Mutex::new(()),
        })
    }

    /// Files that are there. Does not block.
    pub(super) fn files(&self) -> u64 {
        self.held().files
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps a copy of `range` of `source`. Says where.
    pub(super) fn keep(
        &self,
        source: &mut File,
        range: Range<u64>,
        what: What,
    ) -> io::Result<PathBuf> {
        let _alone = self.keeping.lock().unwrap_or_else(PoisonError::into_inner);
        let length = range.end - range.start;
        let name = hash(&mut part(source, &range)?, length)?;
        let path = self.folder.join(format!("{name}.{}", what.ending()));
        if path.exists() {
            return Ok(path);
        }
        if self.held().bytes + length > self.most_bytes {
            let bound = self.most_bytes;
            return Err(io::Error::new(
                io::ErrorKind::QuotaExceeded,
                format!(
                    "{} holds its most of {bound} bytes; look at what is there and move it away",
                    self.folder.display()
                ),
            ));
        }
        let temporary = self.folder.join(format!("{name}.{TEMPORARY}"));
        let kept = self.write(&mut part(source, &range)?, &temporary, &path);
        if kept.is_err() {
            let _ = fs::remove_file(&temporary);
        }
        kept?;
        let mut held = self.held();
        held.files += 1;
        held.bytes += length;
        drop(held);
        Ok(path)
    }

    fn write(&self, source: &mut impl Read, temporary: &Path, path: &Path) -> io::Result<()> {
        disk::folder(&self.folder)?;
        let mut options = OpenOptions::new();
        let options = options.write(true).create(true).truncate(true).mode(0o600);
        let mut file = options.open(temporary)?;
        io::copy(source, &mut file)?;
        file.flush()?;
        file.sync_all()?;
        fs::rename(temporary, path)?;
        File::open(&self.folder)?.sync_all()
    }
}

/// What a spool's folder has set aside, without touching it.
pub(super) fn held(spool: &Path) -> io::Result<Held> {
    let mut held = Held::default();
    for path in files(&spool.join(FOLDER))? {
        held.files += 1;
        held.bytes += fs::metadata(&path).map_or(0, |metadata| metadata.len());
    }
    Ok(held)
}

fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    match fs::read_dir(folder) {
        Ok(entries) => entries.map(|entry| Ok(entry?.path())).collect(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

fn part<'a>(source: &'a mut File, range: &Range<u64>) -> io::Result<io::Take<&'a mut File>> {
    source.seek(SeekFrom::Start(range.start))?;
    Ok(source.take(range.end - range.start))
}

/// Half of a SHA-256 in hex: long enough never to meet another.
fn hash(source: &mut impl Read, length: u64) -> io::Result<String> {
    let mut context = Context::new(&SHA256);
    let mut chunk = vec![0; 64 * 1024];
    let mut seen = 0;
    loop {
        let read = source.read(&mut chunk)?;
        if read == 0 {
            break;
        }
        seen += read as u64;
        context.update(&chunk[..read]);
    }
    if seen != length {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    let digest = context.finish();
    let half = &digest.as_ref()[..16];
    Ok(half.iter().map(|byte| format!("{byte:02x}")).collect())
}
