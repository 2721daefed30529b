//! The bare handler that the bot's use of the processors is compared with, as a process of its own: the bench's own
//! program, started again with an argument. What it serves is in `benches/bot/hello.rs`.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Command, Stdio};

use anyhow::Context;

use crate::process::{Process, Signal};

/// The argument that makes the bench's program serve instead of measure.
pub const ARGUMENT: &str = "--hello";

/// The running handler. Dropping it ends it.
#[derive(Debug)]
pub struct Hello {
    process: Process,
    pub address: SocketAddr,
}

impl Hello {
    /// Starts it and reads where it listens.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start() -> anyhow::Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command
            .arg(ARGUMENT)
            .stdin(Stdio::null())
            .stdout(Stdio::piped());
        let (process, outputs) =
            Process::spawn(command, Signal::Kill).context("start the bare handler")?;
        let mut line = String::new();
        BufReader::new(outputs.stdout.context("its output")?).read_line(&mut line)?;
        let address = line.trim().parse().context("the bare handler's address")?;
        Ok(Self { process, address })
    }

    #[must_use]
    pub fn pid(&self) -> u32 {
        self.process.pid()
    }
}
