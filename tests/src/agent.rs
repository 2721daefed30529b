//! The real agent as a process, beside a bot: started with an environment of its own, asked what an operator can ask it.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::Duration;

use anyhow::{Context, bail};

use crate::bot::log::Log;
use crate::bot::metrics::Metrics;
use crate::bot::{Bot, Ended, Environment, command, spawn};
use crate::http::{Client, Failure};
use crate::process::{Process, Signal, usage};
use crate::wait::eventually;

const LISTEN_LIMIT: Duration = Duration::from_secs(20);
const ADMIN_LIMIT: Duration = Duration::from_secs(5);
const STOP_LIMIT: Duration = Duration::from_secs(30);
const PROBE_LIMIT: Duration = Duration::from_secs(30);

/// An agent's times that let each fault show soon.
#[must_use]
pub fn short_times() -> Environment {
    let times = [
        ("SABAI_PROBE_INTERVAL", "2s"),
        ("SABAI_PROBE_TIMEOUT", "1500ms"),
        ("SABAI_PROBE_WRITE_INTERVAL", "2s"),
        ("SABAI_RECYCLE_SPREAD", "500ms"),
        ("SABAI_RECYCLE_MIN_INTERVAL", "2s"),
        ("SABAI_RECYCLE_MAX_PER_HOUR", "60"),
    ];
    let times = times.iter();
    times
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

/// An agent that listens. Dropping it kills it; a test that fails prints the end of its log.
pub struct Agent {
    process: Process,
    log: Log,
    admin: SocketAddr,
    client: Client,
    program: PathBuf,
    environment: Environment,
}

impl Agent {
    /// Starts `program run` with this environment alone and waits until it listens.
    ///
    /// # Errors
    /// When it ends first, or does not listen in time; with its log.
    pub async fn start(program: &Path, environment: Environment) -> anyhow::Result<Self> {
        let mut command = command(program, ["run"]);
        command
            .env("SABAI_ADMIN_LISTEN", "127.0.0.1:0")
            .envs(environment.clone());
        let (process, log) = spawn(command)?;
        let admin = tokio::select! {
            admin = tokio::time::timeout(LISTEN_LIMIT, admin(&log)) => {
                admin.with_context(|| format!("the agent does not listen; its log:\n{}", log.tail()))??
            }
            status = process.exited() => bail!("the agent ended ({status}); its log:\n{}", log.complete().await),
        };
        Ok(Self {
            process,
            log,
            admin,
            client: Client::default(),
            program: program.to_owned(),
            environment,
        })
    }

    /// Runs `sabai-agent probe` with the same environment to its end, as a person does who looks for what is wrong.
    ///
    /// # Errors
    /// When it does not end.
    pub async fn probe(&self, more: &[&str]) -> anyhow::Result<Ended> {
        let arguments = ["probe"].iter().chain(more);
        Bot::run(
            &self.program,
            arguments,
            self.environment.clone(),
            PROBE_LIMIT,
        )
        .await
    }

    /// A page of the admin port: status and text.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn page(&self, path: &str) -> Result<(u16, String), Failure> {
        let url = format!("http://{}{path}", self.admin);
        let response = self.client.get(&url, ADMIN_LIMIT).await?;
        Ok((response.status().as_u16(), response.into_body()))
    }

    /// What `/metrics` says now.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn metrics(&self) -> Result<Metrics, Failure> {
        let (_, text) = self.page("/metrics").await?;
        Ok(Metrics::parse(&text))
    }

    /// Waits until `/readyz` answers with this status, and words that contain these.
    ///
    /// # Panics
    /// After `limit`, with what it said last.
    pub async fn says(&self, status: u16, words: &str, limit: Duration) {
        let what = format!("the agent to say {status} {words:?}");
        eventually(limit, &what, async || match self.page("/readyz").await {
            Ok((said, body)) if said == status && body.contains(words) => Ok(()),
            Ok((said, body)) => Err(format!("{said}: {}", body.trim())),
            Err(failure) => Err(failure.to_string()),
        })
        .await;
    }

    #[must_use]
    pub fn log(&self) -> &Log {
        &self.log
    }

    #[must_use]
    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// How it ended, or nothing while it runs.
    #[must_use]
    pub fn exit_status(&self) -> Option<ExitStatus> {
        self.process.exit_status()
    }

    /// SIGKILL, and waits for the end.
    pub async fn kill(self) {
        self.process.signal(Signal::Kill);
        self.process.exited().await;
    }

    /// SIGTERM, and waits for the end.
    ///
    /// # Errors
    /// When it goes on.
    pub async fn terminate(&self) -> anyhow::Result<ExitStatus> {
        self.process.signal(Signal::Terminate);
        let ended = tokio::time::timeout(STOP_LIMIT, self.process.exited()).await;
        ended.with_context(|| format!("the agent goes on; its log:\n{}", self.log.tail()))
    }

    /// SIGSTOP; on Linux, returns when every thread stands still.
    pub async fn pause(&self) {
        self.process.pause().await;
    }

    /// SIGCONT.
    pub fn resume(&self) {
        self.process.signal(Signal::Continue);
    }

    /// Resident memory in KiB (Linux).
    ///
    /// # Errors
    /// When it has ended or there is no /proc.
    pub fn rss_kib(&self) -> std::io::Result<u64> {
        usage::rss_kib(self.pid())
    }

    /// CPU time so far (Linux).
    ///
    /// # Errors
    /// When it has ended or there is no /proc.
    pub fn cpu_time(&self) -> std::io::Result<Duration> {
        usage::cpu_time(self.pid())
    }
}

impl Drop for Agent {
    #[expect(
        clippy::print_stderr,
        reason = "a failing test shows what the agent said"
    )]
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- the end of the agent's log:\n{}\n---", self.log.tail());
        }
    }
}

/// From the agent's own line, since a port of 0 is chosen by the system.
async fn admin(log: &Log) -> anyhow::Result<SocketAddr> {
    let line = log
        .wait_for(|line| line.message() == Some("listening"))
        .await;
    let admin = line
        .field("admin")
        .with_context(|| format!("no admin in {}", line.text()))?;
    admin.parse().with_context(|| format!("admin {admin}"))
}
