//! A child process that cannot outlive the harness, on no particular runtime. Owns spawning, signals and the wait
//! for the end; knows nothing about what runs in it.

mod keeper;
pub mod usage;

use std::fmt;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, ChildStderr, ChildStdout, Command, ExitStatus};
use std::sync::Mutex;
use std::sync::mpsc;
use std::time::Duration;

use tokio::sync::watch;

use crate::wait::eventually;

/// How long a process may take to stand still.
const STANDS_STILL: Duration = Duration::from_secs(5);

/// The signals that tests send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    Terminate,
    Interrupt,
    Quit,
    Hangup,
    Kill,
    Stop,
    Continue,
}

impl Signal {
    fn number(self) -> libc::c_int {
        match self {
            Self::Terminate => libc::SIGTERM,
            Self::Interrupt => libc::SIGINT,
            Self::Quit => libc::SIGQUIT,
            Self::Hangup => libc::SIGHUP,
            Self::Kill => libc::SIGKILL,
            Self::Stop => libc::SIGSTOP,
            Self::Continue => libc::SIGCONT,
        }
    }
}

/// A running child. Dropping it kills it and waits until it is gone.
pub struct Process {
    pid: u32,
    exit: watch::Receiver<Option<ExitStatus>>,
    gone: Mutex<mpsc::Receiver<()>>,
}

impl Process {
    /// Spawns `command` so that `at_our_death` reaches it when this process dies, however it dies (Linux only;
    /// elsewhere only `Drop` ends it).
    ///
    /// # Errors
    /// What the operating system says when the program cannot be started.
    pub fn spawn(command: Command, at_our_death: Signal) -> io::Result<(Self, Outputs)> {
        let mut child = keeper::spawn(command, at_our_death.number())?;
        let outputs = Outputs {
            stdout: child.stdout.take(),
            stderr: child.stderr.take(),
        };
        let pid = child.id();
        let (exit_sender, exit) = watch::channel(None);
        let (gone_sender, gone) = mpsc::channel();
        std::thread::Builder::new()
            .name(format!("wait for {pid}"))
            .spawn(move || reap(child, &exit_sender, &gone_sender))?;
        Ok((
            Self {
                pid,
                exit,
                gone: Mutex::new(gone),
            },
            outputs,
        ))
    }

    #[must_use]
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// How it ended, or nothing while it runs.
    #[must_use]
    pub fn exit_status(&self) -> Option<ExitStatus> {
        *self.exit.borrow()
    }

    /// Sends `signal`; nothing happens when the process has ended.
    pub fn signal(&self, signal: Signal) {
        if self.exit_status().is_none() {
            send(self.pid, signal);
        }
    }

    /// SIGSTOP; on Linux, returns when every thread stands still.
    pub async fn pause(&self) {
        self.signal(Signal::Stop);
        if cfg!(target_os = "linux") {
            let what = format!("process {} to stand still", self.pid);
            eventually(STANDS_STILL, &what, async || {
                match usage::is_stopped(self.pid) {
                    Ok(true) => Ok(()),
                    state => Err(format!("{state:?}")),
                }
            })
            .await;
        }
    }

    /// Waits for the end, for ever if need be.
    pub async fn exited(&self) -> ExitStatus {
        let mut exit = self.exit.clone();
        match exit.wait_for(Option::is_some).await {
            Ok(status) => status.expect("waited for Some"),
            // The waiter publishes before it ends, so a closed channel holds the status.
            Err(_) => self.exit_status().unwrap_or(ExitStatus::from_raw(0)),
        }
    }

    /// Waits up to `limit` for the end, blocking the thread; for `Drop`, where nothing can be awaited.
    pub fn gone_within(&self, limit: Duration) -> bool {
        let gone = self.gone.lock().expect("nobody panics while waiting");
        matches!(
            gone.recv_timeout(limit),
            Ok(()) | Err(mpsc::RecvTimeoutError::Disconnected)
        )
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.signal(Signal::Kill);
        self.gone_within(Duration::from_secs(5));
    }
}

impl fmt::Debug for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Process")
            .field("pid", &self.pid)
            .field("exit", &self.exit_status())
            .finish()
    }
}

/// The ends of the pipes that the command asked for.
#[derive(Debug)]
pub struct Outputs {
    pub stdout: Option<ChildStdout>,
    pub stderr: Option<ChildStderr>,
}

fn reap(mut child: Child, exit: &watch::Sender<Option<ExitStatus>>, gone: &mpsc::Sender<()>) {
    let status = child.wait().unwrap_or(ExitStatus::from_raw(0));
    exit.send_replace(Some(status));
    let _ = gone.send(());
}

/// Sends `signal` to any process, such as a child's child; a process that is gone is no error.
#[expect(
    unsafe_code,
    reason = "std can only kill its own children, and only with SIGKILL"
)]
pub fn send(pid: u32, signal: Signal) {
    let pid = libc::pid_t::try_from(pid).expect("a pid fits pid_t");
    // SAFETY: kill takes no pointers and touches no memory of ours.
    unsafe { libc::kill(pid, signal.number()) };
}

/// True when this process is root, which `initdb` refuses.
#[must_use]
#[expect(unsafe_code, reason = "std does not tell the user id")]
pub fn is_root() -> bool {
    // SAFETY: geteuid has no arguments and cannot fail.
    unsafe { libc::geteuid() == 0 }
}
