//! Everything that one test needs, put together: a database of its own on a shared server, a stand-in, the bot with
//! its answers, webhooks, and the check of what became of every event.

pub mod check;
pub mod contract;
pub mod history;
pub mod order;

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use anyhow::Context;
use tokio::sync::OnceCell;
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use crate::bot::build::{self, Profile};
use crate::bot::{Bot, Environment};
use crate::line::{self, Line};
use crate::postgres::{self, Database, Postgres};
use crate::scratch::Scratch;
use crate::wait::eventually;
use crate::webhook::Webhook;
use check::Report;
use history::History;

/// One server for all tests of a process; gone with the process.
static SHARED: OnceCell<Arc<Postgres>> = OnceCell::const_new();

/// What a world is made of.
pub struct Options {
    /// The text of the answers file.
    pub answers: String,
    pub line: line::Options,
    /// Added to every bot's environment; wins over the world's own.
    pub env: Environment,
    /// A server of its own, for tests that stop it; none shares one.
    pub postgres: Option<Arc<Postgres>>,
    /// How the bot is compiled.
    pub profile: Profile,
}

impl Options {
    /// The usual world with these answers.
    #[must_use]
    pub fn answering(answers: impl Into<String>) -> Self {
        Self {
            answers: answers.into(),
            line: line::Options::default(),
            env: Environment::new(),
            postgres: None,
            profile: Profile::Dev,
        }
    }

    #[must_use]
    pub fn env(mut self, name: &str, value: impl Into<String>) -> Self {
        self.env.push((name.to_owned(), value.into()));
        self
    }

    #[must_use]
    pub fn on(mut self, postgres: Arc<Postgres>) -> Self {
        self.postgres = Some(postgres);
        self
    }
}

/// A test's world. Bots are held by the test and should be dropped first.
pub struct World {
    pub database: Database,
    /// Where it is since it has failed over.
    elsewhere: OnceLock<Database>,
    pub postgres: Arc<Postgres>,
    pub line: Arc<Line>,
    /// What was sent and acknowledged; filled by the test.
    pub history: History,
    program: PathBuf,
    env: Environment,
    scratch: Scratch,
}

impl World {
    /// Builds the bot if need be and sets everything up; starts no bot.
    ///
    /// # Errors
    /// When any part does not come up.
    pub async fn new(options: Options) -> anyhow::Result<Self> {
        let program = build::bot(options.profile).await?;
        let postgres = match options.postgres {
            Some(postgres) => postgres,
            None => shared_postgres().await?,
        };
        let database = postgres
            .create_database(&format!("world_{}", Uuid::new_v4().simple()))
            .await?;
        let line = Arc::new(Line::start(options.line).await?);
        let scratch = Scratch::new("world").context("make a temporary folder")?;
        let world = Self {
            database,
            elsewhere: OnceLock::new(),
            postgres,
            line,
            history: History::default(),
            program,
            env: options.env,
            scratch,
        };
        world.write_answers(&options.answers)?;
        Ok(world)
    }

    /// The environment of a bot of this world, in the order in which later ones win.
    #[must_use]
    pub fn environment(&self) -> Environment {
        let own = [
            (
                "SABAI_ANSWERS".to_owned(),
                self.answers().display().to_string(),
            ),
            (
                "LINE_DESTINATION".to_owned(),
                self.line.options().bot_user_id.clone(),
            ),
        ];
        [
            self.database.env(),
            self.line.env(),
            own.to_vec(),
            self.env.clone(),
        ]
        .concat()
    }

    /// The same with more, which wins. A variable given as `X_FILE` takes the place of `X`.
    #[must_use]
    pub fn environment_with(&self, env: Environment) -> Environment {
        let mut whole = self.environment();
        whole.retain(|(name, _)| !env.iter().any(|(more, _)| *more == format!("{name}_FILE")));
        [whole, env].concat()
    }

    /// Starts a bot and waits until it is ready.
    ///
    /// # Errors
    /// When it ends or does not listen.
    pub async fn bot(&self) -> anyhow::Result<Bot> {
        let bot = self.bot_with(Environment::new()).await?;
        bot.wait_ready(Duration::from_secs(30)).await;
        Ok(bot)
    }

    /// Starts a bot with more in its environment, as [`World::environment_with`]; it may not become ready.
    ///
    /// # Errors
    /// When it ends or does not listen.
    pub async fn bot_with(&self, env: Environment) -> anyhow::Result<Bot> {
        Bot::start(&self.program, self.environment_with(env)).await
    }

    /// LINE's webhook for this bot.
    #[must_use]
    pub fn webhook(&self, bot: &Bot) -> Webhook {
        self.webhook_at(bot.webhook())
    }

    /// LINE's webhook for whoever listens at this address.
    #[must_use]
    pub fn webhook_at(&self, address: impl std::fmt::Display) -> Webhook {
        Webhook::new(address, Arc::clone(&self.line)).deriving_keys_with(contract::retry_key)
    }

    /// The bot's program, for [`Bot::run`].
    #[must_use]
    pub fn program(&self) -> &Path {
        &self.program
    }

    /// A folder that ends with the world.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.scratch.path()
    }

    #[must_use]
    pub fn answers(&self) -> PathBuf {
        self.folder().join("answers.yaml")
    }

    /// Replaces the answers file at once, as an editor or Kubernetes does.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write_answers(&self, text: &str) -> anyhow::Result<()> {
        let aside = self.folder().join("answers.new");
        std::fs::write(&aside, text)
            .and_then(|()| std::fs::rename(&aside, self.answers()))
            .context("write the answers")
    }

    /// The same database is on another server from now on.
    pub fn fails_over_to(&self, postgres: &Postgres) {
        let mut database = postgres.database();
        database.name.clone_from(&self.database.name);
        assert!(self.elsewhere.set(database).is_ok(), "only once");
    }

    /// The database on the server that takes writes.
    #[must_use]
    pub fn primary(&self) -> &Database {
        self.elsewhere.get().unwrap_or(&self.database)
    }

    /// Runs `sql` in the database, by the unix socket: no gate is in the way.
    ///
    /// # Panics
    /// When the server is away or refuses it.
    pub async fn execute(&self, sql: &str) {
        let session = self.primary().superuser().await;
        let done = session.expect("Postgres is there").batch_execute(sql).await;
        done.expect("a sound statement");
    }

    /// One value from the database.
    ///
    /// # Panics
    /// As [`World::execute`].
    pub async fn count(&self, sql: &str) -> i64 {
        let session = self.primary().superuser().await;
        let row = session
            .expect("Postgres is there")
            .query_one(sql, &[])
            .await;
        row.expect("a sound statement").get(0)
    }

    /// What became of every event in the history, as it stands now.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn check(&self) -> anyhow::Result<Report> {
        let destination = &self.line.options().bot_user_id;
        let endings = contract::endings(self.primary()).await?;
        Ok(self.line.journal(|journal| {
            check::report(&self.history.events(), destination, &endings, journal)
        }))
    }

    /// Waits until every acknowledged event has come to an end.
    ///
    /// # Panics
    /// After `limit`, with what is still open.
    pub async fn settled(&self, limit: Duration) -> Report {
        eventually(
            limit,
            "every acknowledged event to be settled",
            async || {
                let looked = Instant::now();
                let unsettled = match self.check().await {
                    Ok(report) if report.unsettled.is_empty() => return Ok(report),
                    Ok(report) => report.to_string(),
                    Err(error) => format!("{error:#}"),
                };
                // It reads all that was ever said to LINE, which answers nobody meanwhile: after a long soak others
                // would get no turn.
                sleep(looked.elapsed() * 9).await;
                Err(unsettled)
            },
        )
        .await
    }
}

/// The server that tests of this process share; for one that is stopped or broken, start another.
///
/// # Errors
/// When it does not come up.
pub async fn shared_postgres() -> anyhow::Result<Arc<Postgres>> {
    SHARED
        .get_or_try_init(|| Postgres::start(postgres::Options::default()))
        .await
        .cloned()
}
