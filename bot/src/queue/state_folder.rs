//! The process's own folder: who it was in its former lives, and a lock that makes it one process's alone.
//!
//! Whoever holds the lock may take the lanes of its former lives at once, without waiting for their leases.
//! Each life has an identity of its own, so that it never takes its own lanes from itself.

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
        std::fs::create_dir_all(folder).map_err(wrap)?;
        let mut options = OpenOptions::new();
        let mut file = options
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(wrap)?;
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
        taken.write().map_err(wrap)?;
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
