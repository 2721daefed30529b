//! The user's cache of what is fetched or built once: where it is, who may work on it, and how long work is told of.

use std::env;
use std::fs::{self, File, Permissions};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;

use crate::scratch::reachable_by_others;

/// Told in words what is being done.
pub type Progress = Arc<dyn Fn(&str) + Send + Sync>;

/// Tells it on standard error, past the capture of the test runner: minutes without a word look like a hang.
#[must_use]
pub fn aloud() -> Progress {
    Arc::new(|text| {
        // A terminal that has gone is no error.
        let _ = writeln!(std::io::stderr(), "sabai-tests: {text}");
    })
}

/// The folder for `what` in the user's cache; for root one that servers with another user can reach too. It may not
/// exist yet.
///
/// # Errors
/// When the environment names no place.
pub(crate) fn folder(what: &str) -> anyhow::Result<PathBuf> {
    let given = env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .filter(|path| path.is_absolute());
    let cache = if crate::process::is_root() {
        given
            .filter(|cache| reachable_by_others(cache))
            .unwrap_or_else(|| PathBuf::from("/var/cache"))
    } else {
        let home = env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache"));
        given
            .or(home)
            .with_context(|| format!("neither HOME nor XDG_CACHE_HOME says where to keep {what}"))?
    };
    Ok(cache.join("sabai").join(what))
}

/// One worker at a time, among all processes of the user; until the file is dropped. `work` completes the sentence
/// "waiting for another that ...".
///
/// # Errors
/// When the file cannot be made or locked.
pub(crate) async fn lock(path: PathBuf, work: &str, progress: &Progress) -> anyhow::Result<File> {
    let file = File::create(&path).with_context(|| format!("create {}", path.display()))?;
    if file.try_lock().is_ok() {
        return Ok(file);
    }
    progress(&format!("waiting for another process that {work}"));
    let waited = tokio::task::spawn_blocking(move || file.lock().map(|()| file)).await?;
    waited.with_context(|| format!("lock {}", path.display()))
}

/// Creates what is missing, readable by all even under a strict umask.
///
/// # Errors
/// When a folder cannot be made.
pub(crate) fn make_readable_folders(folder: &Path) -> anyhow::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    if let Some(parent) = folder.parent() {
        make_readable_folders(parent)?;
    }
    match fs::create_dir(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => return Ok(()),
        result => result.with_context(|| format!("create {}", folder.display()))?,
    }
    fs::set_permissions(folder, Permissions::from_mode(0o755))
        .with_context(|| format!("open {} for reading", folder.display()))
}
