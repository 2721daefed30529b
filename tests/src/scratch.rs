//! A temporary folder that is removed whatever ends the harness: by `Drop`, and when the process exits without
//! running it (a static, a kill) by a small shell that waits for our end of a pipe to close.

use std::io;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

/// `read` returns when the harness is gone; servers may still write for a moment, so removal is tried again.
const SWEEP: &str = r#"read -r _; n=0
until rm -rf -- "$1" 2>/dev/null; do n=$((n + 1)); [ "$n" -gt 100 ] && exit 1; sleep 0.1; done"#;

/// A folder of mode 0700 below the system's temporary one.
#[derive(Debug)]
pub struct Scratch {
    dir: Option<TempDir>,
    path: PathBuf,
    sweeper: Child,
}

impl Scratch {
    /// Makes the folder; `name` shows in its path.
    ///
    /// # Errors
    /// When the folder cannot be made or there is no `sh`.
    pub fn new(name: &str) -> io::Result<Self> {
        let dir = tempfile::Builder::new()
            .prefix(&format!("sabai-{name}-"))
            .tempdir_in(place())?;
        let path = dir.path().to_owned();
        let sweeper = Command::new("sh")
            .args(["-c", SWEEP, "sweeper"])
            .arg(&path)
            // A group of its own: the Ctrl-C that ends the harness must not end the sweeper first.
            .process_group(0)
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        Ok(Self {
            dir: Some(dir),
            path,
            sweeper,
        })
    }

    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        drop(self.dir.take());
        drop(self.sweeper.stdin.take());
        let _ = self.sweeper.wait();
    }
}

/// The system's temporary folder, unless another user (the one that runs Postgres when we are root) could not get
/// there.
fn place() -> PathBuf {
    let usual = std::env::temp_dir();
    if !crate::process::is_root() || reachable_by_others(&usual) {
        usual
    } else {
        PathBuf::from("/tmp")
    }
}

/// True when every folder on the way lets others pass.
pub(crate) fn reachable_by_others(path: &Path) -> bool {
    path.ancestors()
        .filter_map(|folder| folder.metadata().ok())
        .all(|metadata| metadata.permissions().mode() & 0o001 != 0)
}
