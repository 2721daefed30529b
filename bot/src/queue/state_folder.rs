//! The process's own folder: who it was in its former lives, and a lock that makes it one process's alone.
//!
//! Whoever holds the lock may take the lanes of its former lives at once, without waiting for their leases.
//! Each life has an identity of its own, so that it never takes its own lanes from itself. A disk that cannot be written
//! (full, read-only) keeps nobody from starting: what waits on it must be drained. Such a life is not written down, and
//! its lanes are taken over when their leases run out.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};

use uuid::Uuid;

/// Who this process is, and was.
#[derive(Debug)]
pub struct StateFolder {
    /// Stands in the lanes that this life holds.
    pub owner: Uuid,
    /// Stood in the lanes of former lives, until their lanes were taken.
    pub former: Vec<Uuid>,
    /// Holds the lock; without a folder there is none.
    file: Option<File>,
}

/// Lives that ended before they could take the lanes of the ones before them. Beyond that leases run out.
const MOST_FORMER: usize = 64;

/// Why the folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StateFolderError {
    /// Another process has it.
    #[error("SABAI_SPOOL_DIR: {0} is in use by another process; each needs a folder of its own")]
    InUse(PathBuf),
    /// It cannot be read or written.
    #[error("SABAI_SPOOL_DIR: cannot use {path}")]
    Io {
        /// What was tried.
        path: PathBuf,
        /// The cause.
        #[source]
        source: io::Error,
    },
}

impl StateFolder {
    /// Without a folder: an identity for one life.
    pub fn none() -> Self {
        Self {
            owner: Uuid::new_v4(),
            former: Vec::new(),
            file: None,
        }
    }

    /// Takes the folder, making it when it is not there.
    ///
    /// # Errors
    /// When another process has it, or it cannot be written.
    pub fn take(folder: &Path) -> Result<Self, StateFolderError> {
        let path = folder.join("identity");
        let wrap = |source| StateFolderError::Io {
            path: path.clone(),
            source,
        };
        let mut file = open(folder, &path).map_err(wrap)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(StateFolderError::InUse(folder.to_owned()));
            }
            Err(TryLockError::Error(error)) => return Err(wrap(error)),
        }
        let mut text = String::new();
        file.read_to_string(&mut text).map_err(wrap)?;
        // A line torn by a crash names nobody: its life had not begun.
        let former: Vec<Uuid> = text.lines().filter_map(|line| line.parse().ok()).collect();
        let former = former[former.len().saturating_sub(MOST_FORMER)..].to_vec();
        let mut taken = Self {
            owner: Uuid::new_v4(),
            former,
            file: Some(file),
        };
        if let Err(error) = taken.write() {
            if !is_of_the_disk(&error) {
                return Err(wrap(error));
            }
            tracing::error!(%error, "{} cannot be written; after a kill the lanes of this life wait for their leases", path.display());
        }
        Ok(taken)
    }

    /// The lanes of all former lives have been taken.
    ///
    /// # Errors
    /// When it cannot be written down; then they are looked for again in the next life, which harms nobody.
    pub fn forget_former(&mut self) -> io::Result<()> {
        self.former.clear();
        self.write()
    }

    /// The new identity is durable before anything is done under it.
    fn write(&mut self) -> io::Result<()> {
        let text: String = self
            .former
            .iter()
            .chain([&self.owner])
            .map(|id| format!("{id}\n"))
            .collect();
        let Some(file) = &mut self.file else {
            return Ok(());
        };
        file.rewind()?;
        file.write_all(text.as_bytes())?;
        file.set_len(text.len() as u64)?;
        file.sync_all()
    }
}

/// For writing; where the disk is read-only, what is there already can still be read and locked.
fn open(folder: &Path, path: &Path) -> io::Result<File> {
    let made = std::fs::create_dir_all(folder).and_then(|()| {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        options.open(path)
    });
    made.or_else(|error| match is_of_the_disk(&error) {
        true => File::open(path),
        false => Err(error),
    })
}

/// Whether space or a repaired disk would heal it.
fn is_of_the_disk(error: &io::Error) -> bool {
    use io::ErrorKind as Kind;
    // A file that was opened for reading alone says EBADF to a write.
    let read_only = error.raw_os_error() == Some(EBADF);
    let kind = error.kind();
    read_only
        || matches!(
            kind,
            Kind::StorageFull | Kind::QuotaExceeded | Kind::ReadOnlyFilesystem
        )
        || error.raw_os_error() == Some(EIO)
}

/// Numbers of errors that std has no kind for, the same on every Unix (POSIX, errno.h).
const EIO: i32 = 5;
const EBADF: i32 = 9;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_life_has_its_own_identity_and_knows_the_former_ones_until_their_lanes_are_taken() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let take = || StateFolder::take(folder.path());
        let first = take().expect("a new folder");
        assert!(first.former.is_empty());
        let rival = take();
        assert!(
            matches!(rival, Err(StateFolderError::InUse(_))),
            "{rival:?}"
        );
        let owner = first.owner;
        drop(first);
        let second = take().expect("the folder is free");
        assert_eq!(second.former, [owner]);
        let next = second.owner;
        drop(second);
        let mut third = take().expect("the folder is free");
        assert_eq!(third.former, [owner, next]);
        third.forget_former().expect("writable");
        let last = third.owner;
        drop(third);
        assert_eq!(take().expect("the folder is free").former, [last]);
    }

    #[test]
    fn a_torn_line_names_nobody() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let owner = Uuid::new_v4();
        std::fs::write(folder.path().join("identity"), format!("{owner}\n3f")).expect("writable");
        let taken = StateFolder::take(folder.path()).expect("usable");
        assert_eq!(taken.former, [owner]);
    }
}
