//! What a playground runs, started in order and gone with it: Postgres, LINE's stand-in, the bot, which can be killed and
//! comes back with the same address and the same state folder, the agent beside it, and an API server if one is asked for.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context, bail};
use serde_json::Value;
use tokio::sync::Mutex;

use super::cluster::Cluster;
use super::log_file::{Following, LogFile};
use super::screen::Screen;
use super::sidecar::Sidecar;
use crate::bot::build::{self, Profile};
use crate::bot::control;
use crate::bot::{Bot, Environment};
use crate::line::{self, Line};
use crate::mishap::Ground;
use crate::postgres::{self, Database, Postgres};
use crate::scratch::Scratch;
use crate::webhook::Webhook;
use crate::world::contract;

const READY_LIMIT: Duration = Duration::from_secs(60);

/// Everything that runs. Dropping it stops it.
pub(super) struct Stage {
    // Dropped from the top: the agent and the bot go before what they need.
    sidecar: Sidecar,
    bot: Mutex<Option<Life>>,
    program: PathBuf,
    environment: Environment,
    address: SocketAddr,
    log: LogFile,
    line: Arc<Line>,
    ground: Ground,
    control: PathBuf,
    postgres: Arc<Postgres>,
    cluster: Option<Cluster>,
    _state: Scratch,
}

/// One life of the bot.
struct Life {
    bot: Bot,
    _log: Following,
}

impl Stage {
    /// Starts everything and says what it is doing. `log` names the file that keeps the bot's log; `kube` asks for an API server.
    ///
    /// # Errors
    /// What could not be started, and why.
    pub(super) async fn start(screen: &Screen, log: &str, kube: bool) -> anyhow::Result<Self> {
        let cluster = match kube {
            true => Some(Cluster::start(screen).await?),
            false => None,
        };
        let stage = Self::furnish(screen, log, cluster).await?;
        screen.show("· starting the bot");
        stage.start_bot().await?;
        screen.show("· starting the agent");
        stage.sidecar.start().await?;
        Ok(stage)
    }

    /// Everything but bot and agent.
    async fn furnish(screen: &Screen, log: &str, cluster: Option<Cluster>) -> anyhow::Result<Self> {
        let progress = |text: &str| screen.show(&format!("· {text}"));
        progress("building the bot and the agent");
        let program = build::bot(profile()).await?;
        let agent = build::agent(profile()).await?;
        let steps = screen.clone();
        let postgres = Postgres::start(postgres::Options {
            faults: cfg!(target_os = "linux"),
            progress: Some(Arc::new(move |text| steps.show(&format!("· {text}")))),
            ..postgres::Options::default()
        })
        .await?;
        let line = Arc::new(Line::start(line::Options::default()).await?);
        let state = Scratch::new("playground").context("make a folder for the bot's state")?;
        let control = state.path().join("control.sock");
        let port = crate::port::free().next().context("no free port")?;
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let folder = state.path().join("state");
        let webhooks = folder.join("webhooks");
        let ground = Ground::new(
            Arc::clone(&postgres),
            postgres.database(),
            state.path(),
            &webhooks,
        )
        .await?;
        let mut environment = postgres.database().env();
        environment.extend([("SABAI_CONTROL_SOCKET".into(), control.display().to_string())]);
        environment.extend(cluster.as_ref().map(Cluster::pod_name));
        environment.extend(std::env::var("SABAI_LOG").map(|level| ("SABAI_LOG".into(), level)));
        let sidecar = Sidecar::new(
            agent,
            &environment,
            cluster
                .as_ref()
                .map_or_else(Environment::new, Cluster::agent_env),
            ground.gate(),
            LogFile::create(&agent_log(log))?,
        );
        environment.extend(ground.env());
        environment.extend(line.env());
        environment.extend([
            ("SABAI_LISTEN".into(), address.to_string()),
            ("SABAI_SPOOL_DIR".into(), folder.display().to_string()),
        ]);
        Ok(Self {
            sidecar,
            bot: Mutex::new(None),
            program,
            environment,
            address,
            log: LogFile::create(log)?,
            line,
            ground,
            control,
            postgres,
            cluster,
            _state: state,
        })
    }

    /// Starts the bot and waits until it is ready; returns the time that took.
    ///
    /// # Errors
    /// When it ends or is not ready in time; with what it said last.
    pub(super) async fn start_bot(&self) -> anyhow::Result<Duration> {
        let started = Instant::now();
        let mut place = self.bot.lock().await;
        let bot = Bot::start(&self.program, self.environment.clone()).await?;
        let following = self.log.follow(bot.log().clone())?;
        let life = place.insert(Life {
            bot,
            _log: following,
        });
        ready(&life.bot).await?;
        Ok(started.elapsed())
    }

    /// SIGKILL. Says when.
    pub(super) async fn kill_bot(&self) -> SystemTime {
        let life = self.bot.lock().await.take();
        let at = SystemTime::now();
        if let Some(Life { bot, _log }) = life {
            bot.kill().await;
        }
        at
    }

    /// LINE's side of the webhook, the same through all lives of the bot.
    #[must_use]
    pub(super) fn webhook(&self) -> Webhook {
        Webhook::new(self.address, Arc::clone(&self.line)).deriving_keys_with(contract::retry_key)
    }

    /// What can go wrong, and is wrong.
    #[must_use]
    pub(super) fn ground(&self) -> &Ground {
        &self.ground
    }

    /// The agent beside the bot.
    #[must_use]
    pub(super) fn sidecar(&self) -> &Sidecar {
        &self.sidecar
    }

    /// With `--kube`.
    #[must_use]
    pub(super) fn cluster(&self) -> Option<&Cluster> {
        self.cluster.as_ref()
    }

    /// What the bot says of itself over its control socket; nothing while it is away.
    pub(super) async fn report(&self) -> Option<Value> {
        control::get(&self.control, "/v1/report").await.ok()
    }

    #[must_use]
    pub(super) fn line(&self) -> &Arc<Line> {
        &self.line
    }

    #[must_use]
    pub(super) fn database(&self) -> Database {
        self.postgres.database()
    }

    #[must_use]
    pub(super) fn log(&self) -> &LogFile {
        &self.log
    }

    /// The bot's own name, as LINE has it.
    #[must_use]
    pub(super) fn destination(&self) -> &str {
        &self.line.options().bot_user_id
    }
}

/// The programs are compiled as this one is.
fn profile() -> Profile {
    match cfg!(debug_assertions) {
        true => Profile::Dev,
        false => Profile::Release,
    }
}

/// `chat.log` is the bot's, `chat-agent.log` the agent's.
fn agent_log(bot: &str) -> String {
    format!("{}-agent.log", bot.trim_end_matches(".log"))
}

async fn ready(bot: &Bot) -> anyhow::Result<()> {
    let end = Instant::now() + READY_LIMIT;
    let mut tick = tokio::time::interval(Duration::from_millis(20));
    loop {
        tick.tick().await;
        if let Some(status) = bot.exit_status() {
            bail!("the bot ended ({status}); its log:\n{}", bot.log().tail());
        }
        let state = match bot.admin_page("/readyz").await {
            Ok((200, _)) => return Ok(()),
            Ok((status, page)) => format!("{status}: {}", page.trim()),
            Err(failure) => failure.to_string(),
        };
        if Instant::now() >= end {
            bail!("the bot is not ready after {READY_LIMIT:?}: {state}");
        }
    }
}
