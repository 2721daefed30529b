//! The rows about the agent, with their goals: what it costs at rest and at its probe, how soon it notices and has
//! sessions renewed, whether a bot recovers as soon beside it, how well its canaries measure.

mod canaries;
mod cost;
mod notice;
mod recovery;
mod renewal;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow};

use super::options::Options;
use super::report;
use super::subject::{Duty, Subject};
use crate::agent::Agent;
use crate::bot::{Environment, build};
use crate::gate::{Gate, Tls};
use crate::postgres::{self, Postgres};
use crate::scratch::Scratch;
use crate::wait::eventually;

/// For whatever comes about without being measured.
const LIMIT: Duration = Duration::from_secs(60);

/// Measures what `options` ask for, prints the table and writes `folder/agent.json`. What takes six minutes, the canaries
/// on a path of a minute, is measured only when a filter names it: `canary_60`.
///
/// # Errors
/// When a part does not start or something that is waited for does not come about.
pub async fn run(options: &Options, folder: &Path) -> anyhow::Result<()> {
    let names = [
        cost::ROWS,
        notice::ROWS,
        renewal::ROWS,
        recovery::ROWS,
        canaries::ROWS,
    ]
    .concat();
    if !options.wants_any(&names) {
        return Ok(());
    }
    let stage = Stage::set(options).await?;
    let mut rows = Vec::new();
    rows.extend(cost::rows(&stage).await?);
    rows.extend(notice::rows(&stage).await?);
    rows.extend(renewal::rows(&stage).await?);
    rows.extend(recovery::rows(&stage).await?);
    rows.extend(canaries::rows(&stage).await?);
    report::publish("agent", &rows, options.quick, folder)
}

/// What all rows stand on.
struct Stage {
    options: Options,
    agent: PathBuf,
    postgres: Arc<Postgres>,
    /// The bot, with nothing to do.
    subject: Subject,
    gate: Gate,
    scratch: Scratch,
}

impl Stage {
    async fn set(options: &Options) -> anyhow::Result<Self> {
        let bot = build::bot(options.profile).await?;
        let agent = build::agent(options.profile).await?;
        let postgres = Postgres::start(postgres::Options::default()).await?;
        let gate = Gate::before(&postgres, Tls::Passed).await?;
        let scratch = Scratch::new("agent").context("make a folder for sockets")?;
        let spool = scratch.path().join("spool").display().to_string();
        let mut environment = socket(&scratch);
        environment.push(("SABAI_SPOOL_DIR".to_owned(), spool));
        let duty = Duty::Answer;
        let subject = Subject::start_with(&postgres, &bot, "agent", duty, environment).await?;
        Ok(Self {
            options: options.clone(),
            agent,
            postgres,
            subject,
            gate,
            scratch,
        })
    }

    /// An agent beside the bot, by the gate, that finds all well; with more in its environment.
    async fn agent(&self, more: &[(&str, &str)]) -> anyhow::Result<Agent> {
        self.agent_by(&self.gate, more).await
    }

    async fn agent_by(&self, gate: &Gate, more: &[(&str, &str)]) -> anyhow::Result<Agent> {
        let mut environment = gate.database(self.subject.database()).env();
        environment.extend(socket(&self.scratch));
        let more = more.iter();
        environment.extend(more.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let agent = Agent::start(&self.agent, environment).await?;
        agent.says(200, "Postgres Healthy", LIMIT).await;
        Ok(agent)
    }
}

fn socket(scratch: &Scratch) -> Environment {
    let path = scratch.path().join("bot.sock").display().to_string();
    vec![("SABAI_CONTROL_SOCKET".to_owned(), path)]
}

/// Samples with these labels; none is 0.
async fn sum(agent: &Agent, name: &str, labels: &[(&str, &str)]) -> anyhow::Result<f64> {
    let metrics = agent.metrics().await;
    let metrics = metrics.map_err(|failure| anyhow!("{failure}"))?;
    Ok(metrics.sum(name, labels).unwrap_or_default())
}

/// Waits until the agent thinks so of the path, or no longer.
async fn thinks(agent: &Agent, state: &str, so: bool) {
    let wanted = f64::from(u8::from(so));
    eventually(LIMIT, &format!("{state} to be {so}"), async || {
        match sum(agent, "sabai_agent_verdict", &[("state", state)]).await {
            Ok(value) if (value - wanted).abs() < 0.5 => Ok(()),
            other => Err(format!("{other:?}")),
        }
    })
    .await;
}
