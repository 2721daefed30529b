//! The real bot as a process: started with an environment of its own, followed by its logs, stopped in every way a
//! process can be. Knows the contracts that operators know (design section 9) and nothing of its inside.

pub mod build;
pub mod control;
pub mod log;
pub mod metrics;
pub mod sessions;

use std::ffi::OsStr;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context, bail};

use crate::http::{Client, Failure};
use crate::process::{Process, Signal, usage};
use crate::wait::eventually;
use log::Log;
use metrics::Metrics;

const LISTEN_LIMIT: Duration = Duration::from_secs(20);
const STOP_LIMIT: Duration = Duration::from_secs(60);
const ADMIN_LIMIT: Duration = Duration::from_secs(5);

/// Variables and their values.
pub type Environment = Vec<(String, String)>;

/// A bot that listens. Dropping it kills it; a test that fails prints the end of its log.
pub struct Bot {
    process: Process,
    log: Log,
    webhook: SocketAddr,
    admin: SocketAddr,
    client: Client,
}

/// A run that ended by itself.
#[derive(Debug)]
pub struct Ended {
    pub status: ExitStatus,
    /// Everything it wrote, both streams.
    pub output: String,
}

impl Bot {
    /// Starts `program serve` with this environment alone and waits until it listens.
    ///
    /// # Errors
    /// When it ends first, or does not listen in time; with its log.
    pub async fn start(program: &Path, environment: Environment) -> anyhow::Result<Self> {
        let defaults = [
            ("SABAI_LISTEN", "127.0.0.1:0"),
            ("SABAI_ADMIN_LISTEN", "127.0.0.1:0"),
        ];
        let mut command = command(program, ["serve"]);
        command.envs(defaults).envs(environment);
        let (process, log) = spawn(command)?;
        let (webhook, admin) = tokio::select! {
            addresses = tokio::time::timeout(LISTEN_LIMIT, addresses(&log)) => {
                addresses.with_context(|| format!("the bot does not listen; its log:\n{}", log.tail()))??
            }
            status = process.exited() => bail!("the bot ended ({status}); its log:\n{}", log.complete().await),
        };
        Ok(Self {
            process,
            log,
            webhook,
            admin,
            client: Client::default(),
        })
    }

    /// Runs `program` with these arguments to its end.
    ///
    /// # Errors
    /// When it does not end within `limit`.
    pub async fn run<I, S>(
        program: &Path,
        arguments: I,
        environment: Environment,
        limit: Duration,
    ) -> anyhow::Result<Ended>
    where
        I: IntoIterator<Item = S>,
        S: AsRef<OsStr>,
    {
        let mut command = command(program, arguments);
        command.envs(environment);
        let (process, log) = spawn(command)?;
        let status = tokio::time::timeout(limit, process.exited())
            .await
            .with_context(|| format!("it goes on after {limit:?}; its log:\n{}", log.tail()))?;
        Ok(Ended {
            status,
            output: log.complete().await,
        })
    }

    /// Where LINE posts to.
    #[must_use]
    pub fn webhook(&self) -> SocketAddr {
        self.webhook
    }

    #[must_use]
    pub fn admin(&self) -> SocketAddr {
        self.admin
    }

    /// Waits until `/readyz` says 200.
    ///
    /// # Panics
    /// After `limit`, with what it said last.
    pub async fn wait_ready(&self, limit: Duration) {
        eventually(limit, "the bot to be ready", async || {
            match self.admin_page("/readyz").await {
                Ok((200, _)) => Ok(()),
                Ok((status, body)) => Err(format!("{status}: {}", body.trim())),
                Err(failure) => Err(failure.to_string()),
            }
        })
        .await;
    }

    /// A page of the admin port: status and text.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn admin_page(&self, path: &str) -> Result<(u16, String), Failure> {
        let response = self
            .client
            .get(&format!("http://{}{path}", self.admin), ADMIN_LIMIT)
            .await?;
        Ok((response.status().as_u16(), response.into_body()))
    }

    /// What `/metrics` says now.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn metrics(&self) -> Result<Metrics, Failure> {
        let (_, text) = self.admin_page("/metrics").await?;
        Ok(Metrics::parse(&text))
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

    /// SIGTERM, without waiting.
    pub fn ask_to_stop(&self) {
        self.process.signal(Signal::Terminate);
    }

    /// SIGTERM, and waits for the end.
    ///
    /// # Errors
    /// When it goes on for a minute.
    pub async fn terminate(&self) -> anyhow::Result<ExitStatus> {
        self.ask_to_stop();
        self.ended(STOP_LIMIT).await
    }

    /// Waits for an end that was brought about otherwise.
    ///
    /// # Errors
    /// When it goes on for longer than `limit`.
    pub async fn ended(&self, limit: Duration) -> anyhow::Result<ExitStatus> {
        let ended = tokio::time::timeout(limit, self.process.exited()).await;
        ended.with_context(|| {
            format!(
                "the bot goes on after {limit:?}; its log:\n{}",
                self.log.tail()
            )
        })
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

    /// The highest resident memory so far, in KiB (Linux).
    ///
    /// # Errors
    /// When it has ended or there is no /proc.
    pub fn peak_rss_kib(&self) -> std::io::Result<u64> {
        usage::peak_rss_kib(self.pid())
    }

    /// CPU time so far (Linux).
    ///
    /// # Errors
    /// When it has ended or there is no /proc.
    pub fn cpu_time(&self) -> std::io::Result<Duration> {
        usage::cpu_time(self.pid())
    }
}

impl Drop for Bot {
    #[expect(
        clippy::print_stderr,
        reason = "a failing test shows what the bot said"
    )]
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!(
                "--- the end of bot {}'s log:\n{}\n---",
                self.pid(),
                self.log.tail()
            );
        }
    }
}

/// Nothing of the harness's environment that could change what is tested.
pub(crate) fn command<I, S>(program: &Path, arguments: I) -> Command
where
    I: IntoIterator<Item = S>,
    S: AsRef<OsStr>,
{
    let kept = ["PATH", "HOME", "LLVM_PROFILE_FILE"];
    let mut command = Command::new(program);
    command
        .args(arguments)
        .env_clear()
        .envs(
            kept.into_iter()
                .filter_map(|name| Some((name, std::env::var_os(name)?))),
        )
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

pub(crate) fn spawn(command: Command) -> anyhow::Result<(Process, Log)> {
    let what = format!("start {}", command.get_program().display());
    let (process, outputs) = Process::spawn(command, Signal::Kill).context(what)?;
    Ok((process, Log::follow(outputs)?))
}

/// From the bot's own line, since a port of 0 is chosen by the system.
async fn addresses(log: &Log) -> anyhow::Result<(SocketAddr, SocketAddr)> {
    let line = log
        .wait_for(|line| line.message() == Some("listening"))
        .await;
    let address = |name: &str| -> anyhow::Result<SocketAddr> {
        let text = line
            .field(name)
            .with_context(|| format!("no {name} in {}", line.text()))?;
        text.parse().with_context(|| format!("{name} {text}"))
    };
    Ok((address("webhook")?, address("admin")?))
}
