//! The log of the bot or the agent as a file, through all lives, for people to follow in another terminal. Reads nothing back.

use std::env;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::Context;
use tokio::task::JoinHandle;

use crate::bot::log::Log;

const PERIOD: Duration = Duration::from_millis(100);

/// One file, overwritten by the next playground.
#[derive(Debug)]
pub(super) struct LogFile {
    path: PathBuf,
    file: File,
}

impl LogFile {
    /// In cargo's target folder, beside the profile that this program was built in.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) fn create(name: &str) -> anyhow::Result<Self> {
        let program = env::current_exe().context("find this program")?;
        let target = program.parent().and_then(Path::parent);
        let folder = target
            .context("this program lies in no folder")?
            .join("playground");
        let path = folder.join(name);
        let create = || -> std::io::Result<File> {
            fs::create_dir_all(&folder)?;
            // Another playground that runs keeps the file it has.
            match fs::remove_file(&path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
            File::create(&path)
        };
        let file = create().with_context(|| format!("write {}", path.display()))?;
        Ok(Self { path, file })
    }

    #[must_use]
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Writes what one life of the process says until it is stopped.
    pub(super) fn follow(&self, log: Log) -> anyhow::Result<Following> {
        let tail = Arc::new(Mutex::new(Tail {
            log,
            seen: 0,
            file: self.file.try_clone()?,
        }));
        let mut tick = tokio::time::interval(PERIOD);
        let task = tokio::spawn({
            let tail = Arc::clone(&tail);
            async move {
                loop {
                    tick.tick().await;
                    tail.lock().expect("nobody panics while writing").catch_up();
                }
            }
        });
        Ok(Following { tail, task })
    }
}

/// Dropped, it writes what is left.
pub(super) struct Following {
    tail: Arc<Mutex<Tail>>,
    task: JoinHandle<()>,
}

impl Drop for Following {
    fn drop(&mut self) {
        self.task.abort();
        self.tail
            .lock()
            .expect("nobody panics while writing")
            .catch_up();
    }
}

struct Tail {
    log: Log,
    seen: u64,
    file: File,
}

impl Tail {
    fn catch_up(&mut self) {
        let lines = self.log.since(self.seen);
        self.seen += lines.len() as u64;
        let text: String = lines.iter().flat_map(|line| [line.text(), "\n"]).collect();
        // A full disk must not end the playground; the log is for people alone.
        let _ = self.file.write_all(text.as_bytes());
    }
}
