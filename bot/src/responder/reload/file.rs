//! The answers file on the disk: what it holds, and whether that is new.
//!
//! Blocking, and bounded in what it reads. Knows nothing of time between looks.

use std::fs::{self, File, Metadata};
use std::io::{self, ErrorKind, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use ring::digest::{SHA256, digest};

use crate::responder::problem::{AnswersError, Place, Problem};
use crate::responder::rules::Rules;

/// In bytes: a hundred times what a shop writes.
const MAX_BYTES: u64 = 1024 * 1024;
/// Younger than this a file may change once more without its times showing it: they are only as
/// fine as the file system's clock, two seconds at worst.
const TIMES_SETTLE: Duration = Duration::from_secs(2);

/// The file, and what was seen of it last.
#[derive(Clone, Debug)]
pub(in crate::responder) struct AnswersFile {
    path: PathBuf,
    stamp: Option<Stamp>,
    seen: Option<Sight>,
}

/// What changes with the file; a replaced file differs in its inode, a swapped symlink too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    device: u64,
    inode: u64,
    bytes: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

/// What was there. Two broken files are two sights, a missing file is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sight {
    Contents([u8; 32]),
    Unreadable(ErrorKind),
}

impl AnswersFile {
    pub(in crate::responder) fn new(path: &Path) -> AnswersFile {
        AnswersFile {
            path: path.to_owned(),
            stamp: None,
            seen: None,
        }
    }

    pub(in crate::responder) fn path(&self) -> &Path {
        &self.path
    }

    /// What the file holds, or why it cannot be read, if that is not what the last look saw.
    pub(in crate::responder) fn look(&mut self) -> Option<io::Result<Vec<u8>>> {
        let now = SystemTime::now();
        let metadata = regular(&self.path);
        let stamp = metadata.as_ref().ok().map(Stamp::of);
        if stamp.is_some() && stamp == self.stamp {
            return None;
        }
        let contents = metadata.and_then(|_| read(&self.path));
        let sight = match &contents {
            Ok(bytes) => Sight::Contents(sha256(bytes)),
            Err(error) => Sight::Unreadable(error.kind()),
        };
        // What could not be read is tried again, and what is young may yet change unseen.
        self.stamp = stamp.filter(|stamp| contents.is_ok() && stamp.is_settled(now));
        let is_new = self.seen.replace(sight) != Some(sight);
        is_new.then_some(contents)
    }

    /// Whether the last look saw the same as `other`'s.
    pub(super) fn sees_as(&self, other: &AnswersFile) -> bool {
        self.seen == other.seen
    }

    /// The rules in what a look has found.
    pub(in crate::responder) fn rules(
        &self,
        contents: io::Result<Vec<u8>>,
    ) -> Result<Rules, AnswersError> {
        let path = || self.path.clone();
        let bytes = contents.map_err(|source| AnswersError::Read {
            path: path(),
            source,
        })?;
        let parsed = match str::from_utf8(&bytes) {
            Ok(yaml) => Rules::parse(yaml),
            Err(error) => Err(not_utf8(&bytes[..error.valid_up_to()]).into()),
        };
        parsed.map_err(|problems| AnswersError::Broken {
            path: path(),
            problems,
        })
    }
}

impl Stamp {
    fn of(metadata: &Metadata) -> Stamp {
        Stamp {
            device: metadata.dev(),
            inode: metadata.ino(),
            bytes: metadata.size(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }

    /// Whether another change would be seen in the times. A time in the future is not: clocks differ.
    fn is_settled(&self, now: SystemTime) -> bool {
        let newest = self.changed.0.max(self.modified.0);
        let newest = Duration::from_secs(u64::try_from(newest).unwrap_or_default());
        let age = now.duration_since(SystemTime::UNIX_EPOCH + newest);
        age.is_ok_and(|age| age > TIMES_SETTLE)
    }
}

/// A pipe would hold the reader up for ever.
fn regular(path: &Path) -> io::Result<Metadata> {
    let metadata = fs::metadata(path)?;
    if metadata.is_file() {
        return Ok(metadata);
    }
    Err(io::Error::new(
        ErrorKind::InvalidInput,
        "it is not a regular file",
    ))
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?
        .take(MAX_BYTES + 1)
        .read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_BYTES {
        let what = format!("it is larger than {MAX_BYTES} bytes");
        return Err(io::Error::new(ErrorKind::FileTooLarge, what));
    }
    Ok(bytes)
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    let digest = digest(&SHA256, bytes);
    digest.as_ref().try_into().expect("SHA-256 has 32 bytes")
}

fn not_utf8(valid: &[u8]) -> Problem {
    let valid = String::from_utf8_lossy(valid);
    let line = valid.rsplit('\n').next().unwrap_or_default();
    let place = Place {
        line: 1 + valid.matches('\n').count() as u64,
        column: 1 + line.chars().count() as u64,
    };
    let what = "is not UTF-8 from here on: save it as UTF-8".to_owned();
    let path = String::new();
    Problem { place, path, what }
}

#[cfg(test)]
mod tests;
