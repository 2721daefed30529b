//! Where a value comes from: the variable itself, or the file that its `_FILE` twin names. A file is read again at
//! each use, so that a rotated secret needs no restart. Never caches.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::secret::Secret;

/// Bundles of public CAs take 250 KB, and no value of ours is longer; a mistaken path must not fill the memory.
const MAX_BYTES: u64 = 4 * 1024 * 1024;

/// A value, or the file that holds it. Both are treated as secret: a setting may be a misplaced key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    Value(Secret),
    File(PathBuf),
}

/// Why a file gave no value. Names the file, never its content.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    #[error("cannot read {}", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("{} is empty", .0.display())]
    Empty(PathBuf),
    #[error("{} is not UTF-8 text", .0.display())]
    NotText(PathBuf),
}

impl SourceError {
    /// The message with its cause, for a problem in one line.
    pub(super) fn in_full(&self) -> String {
        match self {
            Self::Read { source, .. } => format!("{self}: {source}"),
            Self::Empty(_) | Self::NotText(_) => self.to_string(),
        }
    }
}

impl Source {
    /// The value now, without the line ends that editors leave behind it.
    ///
    /// # Errors
    /// When its file cannot be read, is empty or is not text.
    pub fn get(&self) -> Result<Secret, SourceError> {
        self.get_by(&read_file)
    }

    pub(super) fn get_by(
        &self,
        read: &dyn Fn(&Path) -> io::Result<Vec<u8>>,
    ) -> Result<Secret, SourceError> {
        let path = match self {
            Self::Value(value) => return Ok(value.clone()),
            Self::File(path) => path,
        };
        let bytes = read(path).map_err(|source| SourceError::Read {
            path: path.clone(),
            source,
        })?;
        let text = String::from_utf8(bytes).map_err(|_| SourceError::NotText(path.clone()))?;
        match text.trim_end_matches(['\r', '\n']) {
            "" => Err(SourceError::Empty(path.clone())),
            value => Ok(Secret::from(value)),
        }
    }
}

/// Reads a file that holds one value; the [`ReadFile`](super::reader::ReadFile) of every program outside of tests.
///
/// # Errors
/// As `std::fs::read`, and for a file of more than 4 MiB.
pub fn read_file(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = vec![];
    File::open(path)?
        .take(MAX_BYTES + 1)
        .read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_BYTES {
        let most = MAX_BYTES / 1024 / 1024;
        return Err(io::Error::other(format!("it holds more than {most} MiB")));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_at_each_use() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("token");
        let source = Source::File(path.clone());
        assert!(
            source
                .get()
                .expect_err("not there")
                .to_string()
                .starts_with("cannot read ")
        );
        for (content, value) in [
            ("one", "one"),
            ("two\n", "two"),
            (" three \r\n\n", " three "),
        ] {
            std::fs::write(&path, content).expect("written");
            assert_eq!(source.get().expect("there").expose(), value);
        }
        std::fs::write(&path, "\n").expect("written");
        assert!(matches!(source.get(), Err(SourceError::Empty(_))));
        std::fs::write(&path, b"\xff").expect("written");
        assert!(matches!(source.get(), Err(SourceError::NotText(_))));
        std::fs::write(&path, vec![b'x'; 250_000]).expect("written");
        assert_eq!(source.get().expect("a bundle").expose().len(), 250_000);
        std::fs::write(&path, vec![b'x'; 5_000_000]).expect("written");
        assert!(matches!(source.get(), Err(SourceError::Read { .. })));
    }
}
