//! The bot that is measured: the real program with a database and a LINE of its own. Knows when all it was sent is
//! answered and saved, and refuses to call a run good in which something was lost, doubled or out of order.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow, ensure};

use super::line::QuickLine;
use super::load::Load;
use super::traffic::{CUSTOMERS, DESTINATION, SECRET, Traffic};
use crate::bot::{Bot, Environment};
use crate::postgres::{Database, Postgres, Session};
use crate::wait::eventually;

const START: Duration = Duration::from_secs(30);
const DRAIN: Duration = Duration::from_secs(60);

/// What it does with events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Duty {
    /// All there is: answer and save.
    Answer,
    /// Take them in alone: it cannot learn who it is, and until then everything is stored, due, and nothing answered.
    StoreOnly,
}

/// A running bot with what it needs.
pub struct Subject {
    pub bot: Bot,
    environment: Environment,
    pub traffic: Arc<Traffic>,
    database: Database,
    line: QuickLine,
    duty: Duty,
}

impl Subject {
    /// Starts `program` with a new database called `name`.
    ///
    /// # Errors
    /// When the database cannot be made or the bot does not start.
    pub async fn start(
        postgres: &Postgres,
        program: &Path,
        name: &str,
        duty: Duty,
    ) -> anyhow::Result<Self> {
        Self::start_with(postgres, program, name, duty, Environment::new()).await
    }

    /// The same with more in its environment.
    ///
    /// # Errors
    /// As [`Subject::start`].
    pub async fn start_with(
        postgres: &Postgres,
        program: &Path,
        name: &str,
        duty: Duty,
        more: Environment,
    ) -> anyhow::Result<Self> {
        let database = postgres.create_database(name).await?;
        let line = QuickLine::start(duty == Duty::Answer).context("stand in for LINE")?;
        let mut environment = database.env();
        let own = [
            ("LINE_API_URL", line.url()),
            ("LINE_CHANNEL_SECRET", SECRET.to_owned()),
            ("LINE_CHANNEL_ACCESS_TOKEN", "token".to_owned()),
        ];
        environment.extend(own.map(|(name, value)| (name.to_owned(), value)));
        if duty == Duty::Answer {
            environment.push(("LINE_DESTINATION".to_owned(), DESTINATION.to_owned()));
        }
        environment.extend(more);
        let bot = Bot::start(program, environment.clone()).await?;
        bot.wait_ready(START).await;
        Ok(Self {
            bot,
            environment,
            traffic: Arc::default(),
            database,
            line,
            duty,
        })
    }

    /// Load for so long.
    #[must_use]
    pub fn load(&self, lasts: Duration) -> Load {
        Load {
            to: self.bot.webhook(),
            traffic: Arc::clone(&self.traffic),
            lasts,
        }
    }

    /// Every customer has written, and is known by name: what a bot that runs for a day has behind it.
    ///
    /// # Errors
    /// When a call is not answered 200 or an event is not answered and saved.
    pub async fn warm_up(&self, lasts: Duration) -> anyhow::Result<()> {
        self.load(Duration::ZERO).everybody().await?;
        self.load(lasts).closed(32, true).await?;
        self.settled().await?;
        if self.duty == Duty::Answer {
            let inside = self.database.superuser().await?;
            eventually(DRAIN, "all profiles", async || {
                match count(&inside, "SELECT count(*) FROM person").await {
                    Ok(known) if known >= CUSTOMERS as u64 => Ok(()),
                    state => Err(format!("{state:?} of {CUSTOMERS}")),
                }
            })
            .await;
        }
        Ok(())
    }

    /// Killed, and started again with the same environment; it may not become ready.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn again(self, program: &Path) -> anyhow::Result<Self> {
        let Self {
            bot,
            environment,
            traffic,
            database,
            line,
            duty,
        } = self;
        bot.kill().await;
        let bot = Bot::start(program, environment.clone()).await?;
        Ok(Self {
            bot,
            environment,
            traffic,
            database,
            line,
            duty,
        })
    }

    #[must_use]
    pub fn database(&self) -> &Database {
        &self.database
    }

    /// A superuser's session on its database.
    ///
    /// # Errors
    /// When the server is away.
    pub async fn inside(&self) -> anyhow::Result<Session> {
        self.database.superuser().await
    }

    /// Answers so far.
    #[must_use]
    pub fn replies(&self) -> u64 {
        self.line.replies()
    }

    /// Events on its spool.
    ///
    /// # Errors
    /// When it does not say.
    pub async fn spooled(&self) -> anyhow::Result<u64> {
        let metrics = self
            .bot
            .metrics()
            .await
            .map_err(|failure| anyhow!("{failure}"))?;
        let events = metrics.sum("sabai_spool_events", &[]);
        Ok(events.context("a gauge of the spool")? as u64)
    }

    /// Waits until every event that was sent is answered and saved, then checks it.
    ///
    /// # Errors
    /// When one is lost, doubled or out of order.
    pub async fn settled(&self) -> anyhow::Result<()> {
        let sent = self.traffic.events();
        let inside = self.database.superuser().await?;
        if self.duty == Duty::StoreOnly {
            let stored = count(&inside, "SELECT count(*) FROM event").await?;
            ensure!(
                stored == sent,
                "{sent} events were acknowledged and {stored} are stored"
            );
            return Ok(());
        }
        eventually(DRAIN, "every event to be answered", async || {
            match self.line.replies() {
                replies if replies >= sent => Ok(()),
                replies => Err(format!("{replies} of {sent}")),
            }
        })
        .await;
        eventually(DRAIN, "every answer to be saved", async || {
            match count(&inside, "SELECT count(*) FROM event").await {
                Ok(0) => Ok(()),
                state => Err(format!("{state:?} events left")),
            }
        })
        .await;
        ensure!(
            self.line.replies() == sent,
            "{sent} events, {} replies",
            self.line.replies()
        );
        let misplaced = self.line.misplaced();
        ensure!(
            misplaced == 0,
            "{misplaced} replies came twice or out of order"
        );
        Ok(())
    }

    /// Checks that a turn was saved for each event; not while a run is timed, since it reads them all.
    ///
    /// # Errors
    /// When some are missing.
    pub async fn check_saved(&self) -> anyhow::Result<()> {
        let inside = self.database.superuser().await?;
        let saved = count(
            &inside,
            "SELECT count(DISTINCT key) FROM turn WHERE outcome = 'answered'",
        )
        .await?;
        let sent = self.traffic.events();
        ensure!(
            self.duty == Duty::StoreOnly || saved == sent,
            "{sent} events, {saved} saved answers"
        );
        Ok(())
    }
}

async fn count(inside: &Session, query: &str) -> anyhow::Result<u64> {
    let count: i64 = inside.query_one(query, &[]).await?.get(0);
    Ok(u64::try_from(count)?)
}
