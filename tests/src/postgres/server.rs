//! The server process: start until it answers, stop, kill, start again. Writes no files.

use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use anyhow::Context;
use tokio::time::Instant;

use super::Stop;
use super::cluster::Cluster;
use super::session;
use crate::process::{self, Process, Signal};

const STOP_LIMIT: Duration = Duration::from_secs(30);

pub(super) struct Server {
    port: u16,
    running: Mutex<Option<Process>>,
}

impl Server {
    pub(super) async fn start(
        cluster: &Cluster,
        port: u16,
        limit: Duration,
    ) -> anyhow::Result<Self> {
        let process = launch(cluster, port, limit).await?;
        Ok(Self {
            port,
            running: Mutex::new(Some(process)),
        })
    }

    /// A killed server's sessions may hold its shared memory for a moment; until they are gone a start fails.
    pub(super) async fn start_again(
        &self,
        cluster: &Cluster,
        limit: Duration,
    ) -> anyhow::Result<()> {
        anyhow::ensure!(!self.is_running(), "Postgres is running already");
        let end = Instant::now() + limit;
        loop {
            match launch(cluster, self.port, limit).await {
                Ok(process) => {
                    *self.lock() = Some(process);
                    return Ok(());
                }
                Err(error) if Instant::now() >= end => {
                    return Err(error.context("start Postgres again"));
                }
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
    }

    pub(super) async fn stop(&self, how: Stop) -> anyhow::Result<()> {
        let Some(process) = self.lock().take() else {
            return Ok(());
        };
        process.signal(match how {
            Stop::Fast => Signal::Interrupt,
            Stop::Immediate => Signal::Quit,
        });
        tokio::time::timeout(STOP_LIMIT, process.exited())
            .await
            .context("Postgres did not stop in time")?;
        Ok(())
    }

    pub(super) async fn kill(&self) {
        let Some(process) = self.lock().take() else {
            return;
        };
        let sessions = process::usage::children(process.pid()).unwrap_or_default();
        process.signal(Signal::Kill);
        sessions
            .into_iter()
            .for_each(|pid| process::send(pid, Signal::Kill));
        process.exited().await;
    }

    pub(super) fn hang_up(&self) {
        if let Some(process) = &*self.lock() {
            process.signal(Signal::Hangup);
        }
    }

    pub(super) fn is_running(&self) -> bool {
        self.lock()
            .as_ref()
            .is_some_and(|process| process.exit_status().is_none())
    }

    pub(super) fn pid(&self) -> std::io::Result<u32> {
        self.lock()
            .as_ref()
            .map(Process::pid)
            .ok_or_else(|| std::io::Error::other("Postgres is not running"))
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    fn lock(&self) -> MutexGuard<'_, Option<Process>> {
        self.running
            .lock()
            .expect("nobody panics while holding this")
    }
}

impl Drop for Server {
    /// SIGQUIT lets the server end its sessions; what is still there then, `Process` kills.
    fn drop(&mut self) {
        if let Some(process) = self.lock().take() {
            process.signal(Signal::Quit);
            process.gone_within(Duration::from_secs(5));
        }
    }
}

async fn launch(cluster: &Cluster, port: u16, limit: Duration) -> anyhow::Result<Process> {
    let (process, _) =
        Process::spawn(cluster.server(port)?, Signal::Quit).context("run postgres")?;
    let end = Instant::now() + limit;
    let mut tick = tokio::time::interval(Duration::from_millis(20));
    loop {
        tick.tick().await;
        if let Some(status) = process.exit_status() {
            anyhow::bail!(
                "Postgres ended ({status}); its log ends with:\n{}",
                cluster.log_tail()
            );
        }
        match session::over_socket(cluster.folder(), port, "postgres").await {
            Ok(_) => return Ok(process),
            Err(error) if Instant::now() >= end => {
                return Err(error.context(format!(
                    "Postgres is not up after {limit:?}:\n{}",
                    cluster.log_tail()
                )));
            }
            Err(_) => {}
        }
    }
}
