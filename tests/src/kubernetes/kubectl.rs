//! kubectl as an operator runs it: to its end, with a limit. Its words are kept as they are.

use std::fs::File;
use std::io::{Read, Seek, Write};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::time::Duration;

use anyhow::Context;

use super::component;
use super::files::Files;
use crate::process::{Process, Signal};

/// For any command; one that waits for an API server that stands still should say `--request-timeout`.
const LIMIT: Duration = Duration::from_secs(60);

/// How a run ended and what it wrote.
#[derive(Clone, Debug)]
pub struct Output {
    pub status: ExitStatus,
    pub stdout: String,
    pub stderr: String,
}

impl Output {
    /// What it wrote.
    ///
    /// # Errors
    /// When it failed, with its complaint.
    pub fn ok(self) -> anyhow::Result<String> {
        anyhow::ensure!(self.status.success(), "{}", self.stderr.trim());
        Ok(self.stdout)
    }
}

/// kubectl with one server and user.
pub(super) struct Kubectl<'a> {
    pub(super) program: &'a Path,
    pub(super) kubeconfig: &'a Path,
    pub(super) files: &'a Files,
}

impl Kubectl<'_> {
    /// Runs it with this text on its standard input.
    pub(super) async fn run(&self, arguments: &[&str], input: &str) -> anyhow::Result<Output> {
        let what = || format!("kubectl {}", arguments.join(" "));
        let mut running = self.start(arguments, input).with_context(what)?;
        let status = tokio::time::timeout(LIMIT, running.process.exited())
            .await
            .with_context(|| format!("{} does not end", what()))?;
        Ok(Output {
            status,
            stdout: text(&mut running.stdout)?,
            stderr: text(&mut running.stderr)?,
        })
    }

    /// The same while the thread waits, for a `Drop`; everything that it wrote.
    pub(super) fn run_blocking(&self, arguments: &[&str], limit: Duration) -> String {
        let run = || -> anyhow::Result<String> {
            let mut running = self.start(arguments, "")?;
            running.process.gone_within(limit);
            Ok(text(&mut running.stdout)? + &text(&mut running.stderr)?)
        };
        run().unwrap_or_else(|error| format!("{error:#}"))
    }

    /// Files in place of pipes: nothing has to be read while it runs.
    fn start(&self, arguments: &[&str], input: &str) -> anyhow::Result<Running> {
        let mut stdin = tempfile::tempfile()?;
        stdin.write_all(input.as_bytes())?;
        stdin.rewind()?;
        let (stdout, stderr) = (tempfile::tempfile()?, tempfile::tempfile()?);
        let mut command = self.command();
        command
            .args(arguments)
            .stdin(Stdio::from(stdin))
            .stdout(stdout.try_clone()?)
            .stderr(stderr.try_clone()?);
        let (process, _) = Process::spawn(command, Signal::Kill).context("run kubectl")?;
        Ok(Running {
            process,
            stdout,
            stderr,
        })
    }

    fn command(&self) -> Command {
        let mut command = component::command(self.program, self.files);
        command.env("KUBECONFIG", self.kubeconfig);
        command
    }
}

struct Running {
    process: Process,
    stdout: File,
    stderr: File,
}

fn text(file: &mut File) -> anyhow::Result<String> {
    let mut bytes = Vec::new();
    file.rewind()?;
    file.read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
