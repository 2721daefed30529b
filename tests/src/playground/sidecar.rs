//! The agent beside the bot of a playground: it comes to Postgres through the same gate, and is asked what it thinks.

use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::Duration;

use super::log_file::{Following, LogFile};
use crate::agent::{Agent, short_times};
use crate::bot::{Bot, Ended, Environment};
use crate::gate::Gate;

/// The states of a verdict, as the agent names them.
const STATES: [&str; 4] = ["Healthy", "Suspect", "Degraded", "Down"];
/// Every stage may take its own limit.
const PROBE_LIMIT: Duration = Duration::from_secs(30);

/// The agent, started once and never again: that one ends is news.
pub(super) struct Sidecar {
    life: OnceLock<Life>,
    program: PathBuf,
    environment: Environment,
    log: LogFile,
}

struct Life {
    agent: Agent,
    _log: Following,
}

impl Sidecar {
    /// For a bot of this environment; `pod` is what makes it one of a pod in a cluster.
    pub(super) fn new(
        program: PathBuf,
        bot: &Environment,
        pod: Environment,
        gate: &Gate,
        log: LogFile,
    ) -> Self {
        let own = [
            ("PGPORT".to_owned(), gate.addr().port().to_string()),
            ("SABAI_CANARIES".to_owned(), "on".to_owned()),
        ];
        Self {
            life: OnceLock::new(),
            program,
            environment: [bot.clone(), short_times(), own.to_vec(), pod].concat(),
            log,
        }
    }

    /// Starts it.
    ///
    /// # Errors
    /// When it ends or does not listen; with its log.
    pub(super) async fn start(&self) -> anyhow::Result<()> {
        let agent = Agent::start(&self.program, self.environment.clone()).await?;
        let following = self.log.follow(agent.log().clone())?;
        self.life.get_or_init(|| Life {
            agent,
            _log: following,
        });
        Ok(())
    }

    /// What it thinks of the way to Postgres: the state, and Fault and stage if there are any. Or why it does not say.
    pub(super) async fn verdict(&self) -> String {
        let Some(agent) = self.agent() else {
            return "not started".to_owned();
        };
        if let Some(status) = agent.exit_status() {
            return format!("it has ENDED ({status})");
        }
        match agent.page("/readyz").await {
            Ok((_, page)) => verdict(&page).unwrap_or("nothing judged yet").to_owned(),
            Err(_) => "does not say".to_owned(),
        }
    }

    /// For so many seconds the way keeps an idle session, as the canaries have found.
    pub(super) async fn idle_timeout(&self) -> Option<f64> {
        let metrics = self.agent()?.metrics().await.ok()?;
        metrics.sum("sabai_path_idle_timeout_seconds", &[])
    }

    /// Runs `sabai-agent probe`.
    ///
    /// # Errors
    /// When it does not end.
    pub(super) async fn probe(&self) -> anyhow::Result<Ended> {
        let environment = self.environment.clone();
        Bot::run(&self.program, ["probe"], environment, PROBE_LIMIT).await
    }

    #[must_use]
    pub(super) fn log(&self) -> &LogFile {
        &self.log
    }

    fn agent(&self) -> Option<&Agent> {
        self.life.get().map(|life| &life.agent)
    }
}

/// From the words of `/readyz`, in which the verdict stands before how long it has held.
fn verdict(page: &str) -> Option<&str> {
    const BEFORE: &str = "Postgres ";
    page.match_indices(BEFORE).find_map(|(at, _)| {
        let (verdict, _) = page[at + BEFORE.len()..].split_once(" for ")?;
        let is_one = STATES.iter().any(|state| verdict.starts_with(state));
        is_one.then_some(verdict)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_verdict_is_found_on_the_page() {
        for (page, expected) in [
            (
                "ready: Postgres Healthy for 3 s, seen 0.4 s ago; nothing: all is well\n",
                Some("Healthy"),
            ),
            (
                "ready: Postgres Degraded (CertificateExpired at TLS) for 3 s, seen 0.4 s ago; protect: x\n",
                Some("Degraded (CertificateExpired at TLS)"),
            ),
            (
                "not ready: Postgres cannot be written: Refused at TCP; Postgres Down (Refused at TCP) for 0 s, x\n",
                Some("Down (Refused at TCP)"),
            ),
            ("not ready: starting\n", None),
            ("not ready: for Postgres ", None),
        ] {
            assert_eq!(verdict(page), expected, "{page}");
        }
    }
}
