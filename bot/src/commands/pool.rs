//! `sabai-bot pool report|recycle`: how a running bot's sessions stand, and having them renewed, over its control socket.

mod print;

use std::env;
use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::anyhow;
use clap::{Args, Subcommand};
use sabai_daemon::config::read_file;
use sabai_daemon::control::{AskError, Client};
use sabai_daemon::exit::Failure;
use sabai_daemon::runtime;
use sabai_wire::control::{RecycleKind, RecycleOutcome, RecycleReport, RecycleRequest};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use super::table;
use crate::config;

/// For each question.
const LIMIT: Duration = Duration::from_secs(10);
/// Between two looks at a recycle that is waited for, and what it may take beyond its own deadline.
const LOOK: Duration = Duration::from_millis(100);
const GRACE: Duration = Duration::from_secs(10);

/// The commands.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum Command {
    /// How the pool stands: sessions by state, each session, faults, the last recycle.
    Report {
        #[command(flatten)]
        how: How,
    },
    /// Renew every session of the bot.
    ///
    /// Refresh opens a fresh session before it closes an old one; nobody notices. Replace is for a wedged pool: what is
    /// in use is cut, and its users try again. Both stop when no fresh session can be made. Without --wait it ends as
    /// soon as the bot has begun; ask again with the same --request-id to learn how it went.
    Recycle {
        /// Refresh or Replace.
        #[arg(long, value_name = "KIND")]
        kind: String,
        /// Why, for logs and metrics: Requested, CertificateChanged, CAChanged, ClientCertificateChanged,
        /// PasswordChanged, ServerRestarted, FailedOver, AddressChanged, SessionsLost or PoolWedged.
        #[arg(long, value_name = "WORD", default_value = "Requested")]
        reason: String,
        /// The same id again gives the answer to the first.
        #[arg(long, value_name = "ID", default_value_t = Uuid::new_v4().to_string(), hide_default_value = true)]
        request_id: String,
        /// The recycle ends at the latest after this, 1s to 10m.
        #[arg(long, value_name = "DURATION", default_value = "30s")]
        deadline: String,
        /// Wait for its end. Exit code 1 unless it is Completed.
        #[arg(long)]
        wait: bool,
        #[command(flatten)]
        how: How,
    },
}

/// Which bot, and how to tell of it.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub struct How {
    /// The control socket, as SABAI_CONTROL_SOCKET.
    #[arg(long, value_name = "PATH")]
    socket: Option<PathBuf>,
    /// JSON for scripts, as docs/control.md describes it.
    #[arg(long)]
    json: bool,
}

impl How {
    fn client(&self) -> Result<Client, Failure> {
        let socket = match &self.socket {
            Some(socket) => Some(socket.clone()),
            None => config::control_socket(|name| env::var_os(name), read_file)?,
        };
        let socket = socket.ok_or_else(|| {
            Failure::Configuration(
                "SABAI_CONTROL_SOCKET is not set: set it, or name the bot's socket with --socket PATH"
                    .to_owned(),
            )
        })?;
        Ok(Client::new(socket, LIMIT))
    }
}

/// Runs a command.
///
/// # Errors
/// When the bot cannot be asked or refuses, or a recycle that was waited for is not completed.
pub fn run(command: &Command, out: &mut dyn Write) -> Result<(), Failure> {
    match command {
        Command::Report { how } => {
            let client = how.client()?;
            let report = async { client.report().await.map_err(unanswered) };
            let report = runtime::run_command(report)?;
            if how.json {
                table::json(out, &report)?;
            } else {
                print::report(out, &report)?;
            }
            Ok(())
        }
        Command::Recycle {
            kind,
            reason,
            request_id,
            deadline,
            wait,
            how,
        } => {
            let request = json!({
                "requestId": request_id, "kind": capitalized(kind), "reason": reason, "deadline": deadline,
            });
            let request = requested(&request)?;
            let client = how.client()?;
            let report = runtime::run_command(recycle(&client, &request, *wait))?;
            if how.json {
                table::json(out, &report)?;
            } else {
                print::recycle(out, &report)?;
            }
            match report.outcome {
                RecycleOutcome::Completed | RecycleOutcome::InProgress => Ok(()),
                RecycleOutcome::Stopped | RecycleOutcome::TimedOut => Err(Failure::Told),
            }
        }
    }
}

/// `refresh` is as good as `Refresh` on a command line.
fn capitalized(word: &str) -> String {
    let kinds = RecycleKind::ALL.iter().map(|kind| kind.as_str());
    let mut same = kinds.filter(|kind| kind.eq_ignore_ascii_case(word));
    same.next().unwrap_or(word).to_owned()
}

/// The request, judged before anybody is asked.
fn requested(json: &Value) -> Result<RecycleRequest, Failure> {
    RecycleRequest::from_json(json).map_err(|problems| {
        let told: Vec<String> = problems
            .iter()
            .map(|one| format!("--{} {}", option(&one.path), one.problem))
            .collect();
        Failure::Configuration(told.join("\n"))
    })
}

fn option(field: &str) -> &str {
    match field {
        "requestId" => "request-id",
        other => other,
    }
}

async fn recycle(
    client: &Client,
    request: &RecycleRequest,
    wait: bool,
) -> Result<RecycleReport, Failure> {
    let end = Instant::now() + request.deadline + GRACE;
    loop {
        let report = client.recycle(request).await.map_err(unanswered)?;
        if !wait || report.outcome != RecycleOutcome::InProgress {
            return Ok(report);
        }
        if Instant::now() >= end {
            return Err(Failure::Command(anyhow!(
                "the recycle {} goes on beyond its deadline; ask again with --request-id {0}",
                request.request_id
            )));
        }
        sleep(LOOK).await;
    }
}

fn unanswered(error: AskError) -> Failure {
    Failure::Command(error.into())
}

#[cfg(test)]
mod tests {
    use sabai_wire::control::RecycleReason;

    use super::*;

    #[test]
    fn what_a_person_writes_is_judged_before_anybody_is_asked() {
        let request = |kind: &str, reason: &str| {
            requested(&json!({
                "requestId": "a", "kind": capitalized(kind), "reason": reason, "deadline": "30s",
            }))
        };
        let good = request("refresh", "Requested").expect("valid");
        assert_eq!(
            (good.kind, good.reason),
            (RecycleKind::Refresh, RecycleReason::Requested)
        );
        let Err(Failure::Configuration(told)) = request("restart", "Bored") else {
            panic!("wrong");
        };
        assert!(
            told.starts_with("--kind is to be Refresh or Replace\n--reason is to be one of"),
            "{told}"
        );
    }
}
