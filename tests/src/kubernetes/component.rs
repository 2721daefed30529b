//! One program of the control plane as a process: start until it is ready, stop, stand still. Its words go to a file.

use std::fs::OpenOptions;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use anyhow::{Context, bail};
use tokio::time::Instant;

use super::files::Files;
use crate::process::{Process, Signal};

const STOP_LIMIT: Duration = Duration::from_secs(60);

pub(super) struct Component {
    name: &'static str,
    running: Mutex<Option<Arc<Process>>>,
}

impl Component {
    pub(super) fn new(name: &'static str) -> Self {
        Self {
            name,
            running: Mutex::new(None),
        }
    }

    /// Starts it and waits until `ready` says so, which is asked again and again.
    pub(super) async fn start(
        &self,
        command: Command,
        files: &Files,
        limit: Duration,
        ready: impl AsyncFn() -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let name = self.name;
        anyhow::ensure!(self.pid().is_none(), "{name} is running already");
        let process = spawn(command, files, name)?;
        let end = Instant::now() + limit;
        let mut tick = tokio::time::interval(Duration::from_millis(50));
        loop {
            tick.tick().await;
            if let Some(status) = process.exit_status() {
                bail!(
                    "{name} ended ({status}); its log ends with:\n{}",
                    files.log_tail(name)
                );
            }
            let answer = tokio::time::timeout_at(end, ready()).await;
            match answer.unwrap_or_else(|_| bail!("no answer")) {
                Ok(()) => break,
                Err(error) if Instant::now() >= end => {
                    return Err(error.context(format!(
                        "{name} is not ready after {limit:?}; its log ends with:\n{}",
                        files.log_tail(name)
                    )));
                }
                Err(_) => {}
            }
        }
        *self.lock() = Some(Arc::new(process));
        Ok(())
    }

    /// Ends it by `signal`; nothing happens when it does not run.
    pub(super) async fn end(&self, signal: Signal) -> anyhow::Result<()> {
        let Some(process) = self.lock().take() else {
            return Ok(());
        };
        process.signal(signal);
        // One that stands still would not hear it.
        process.signal(Signal::Continue);
        tokio::time::timeout(STOP_LIMIT, process.exited())
            .await
            .with_context(|| format!("{} did not end in time", self.name))?;
        Ok(())
    }

    /// At once, for a `Drop`: waits until it is gone.
    pub(super) fn kill(&self) {
        drop(self.lock().take());
    }

    pub(super) fn name(&self) -> &'static str {
        self.name
    }

    /// SIGSTOP; returns when it stands still.
    pub(super) async fn pause(&self) {
        // Nothing is held while waiting: another test may look at the process meanwhile.
        let process = self.lock().clone();
        if let Some(process) = process {
            process.pause().await;
        }
    }

    pub(super) fn resume(&self) {
        if let Some(process) = &*self.lock() {
            process.signal(Signal::Continue);
        }
    }

    pub(super) fn pid(&self) -> Option<u32> {
        let running = self.lock();
        let alive = running
            .as_ref()
            .filter(|process| process.exit_status().is_none());
        alive.map(|process| process.pid())
    }

    fn lock(&self) -> MutexGuard<'_, Option<Arc<Process>>> {
        self.running
            .lock()
            .expect("nobody panics while holding this")
    }
}

fn spawn(mut command: Command, files: &Files, name: &str) -> anyhow::Result<Process> {
    let log = OpenOptions::new()
        .create(true)
        .append(true)
        .open(files.log(name))
        .with_context(|| format!("the log of {name}"))?;
    command
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log);
    let (process, _) =
        Process::spawn(command, Signal::Kill).with_context(|| format!("run {name}"))?;
    Ok(process)
}

/// Nothing of the harness's environment reaches a component: no proxy, no user's kubeconfig.
pub(super) fn command(program: &Path, files: &Files) -> Command {
    let mut command = Command::new(program);
    command
        .env_clear()
        .env("HOME", files.path("home"))
        .current_dir(files.folder());
    command
}
