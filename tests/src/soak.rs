//! A soak: a steady load, and mishaps at random from a seed, one after another and two at a time; in the end nothing
//! may be lost, doubled or out of order, memory flat, every session back in its place, and the agent right all the time.

mod beside;
mod notes;
mod outcome;
pub mod verdicts;

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use tokio::sync::watch;
use tokio::time::sleep;

use crate::bot::build::Profile;
use crate::bot::{Bot, Environment};
use crate::load::Load;
use crate::mishap::{Ground, Mishap};
use crate::postgres::{self, Postgres};
use crate::random::Random;
use crate::scene;
use crate::wait::eventually;
use crate::webhook::Webhook;
use crate::world::{Options, World};
use beside::Beside;
pub use notes::Notes;
pub use outcome::Outcome;
use verdicts::Span;

const LIMIT: Duration = Duration::from_secs(60);
/// The backlog of a long outage is answered by then.
const SETTLED: Duration = Duration::from_secs(600);
/// How often it is told how long an outage lasts.
const TELL: Duration = Duration::from_secs(30);
/// After a mishap is taken back: a while in which all is well, and memory is read.
const WELL: Duration = Duration::from_millis(1500);
/// In so many of 100 mishaps the bot is killed too.
const KILLS: usize = 15;
/// In so many of 100 there are two at a time.
const PAIRS: usize = 25;
/// So many of 100 last until the agent must have noticed, and after so many it may come to rest.
const LONG: usize = 10;
const LASTS_LONG: Duration = Duration::from_secs(8);
const ANSWERS: &str = "
default_language: th
fallback:
  message/text:
    answer: [ { th: สวัสดี, en: hello } ]
";

/// How long, how hard, with which numbers.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    pub seed: u64,
    /// Mishaps at random.
    pub lasts: Duration,
    /// After them, one outage of this length.
    pub gone: Duration,
    /// Events a second.
    pub rate: u32,
    /// How the bot is compiled.
    pub profile: Profile,
}

/// What soaks.
struct Soak {
    world: Arc<World>,
    ground: Ground,
    environment: Environment,
    bot: Bot,
    beside: Beside,
    address: watch::Sender<Option<Webhook>>,
}

/// Runs it; `tell` is told what happens, as it does.
///
/// # Errors
/// When a part does not come up, or a session does not come back.
pub async fn run(plan: Plan, tell: impl Fn(&str)) -> anyhow::Result<Outcome> {
    let mut random = Random::new(plan.seed);
    let mut soak = Soak::start(plan.profile).await?;
    let load = Load::follow(&soak.world, soak.address.subscribe(), plan.rate);
    load.acknowledged(LIMIT).await;
    let (mut notes, end) = (Notes::new(), Instant::now() + plan.lasts);
    while Instant::now() < end {
        soak = soak.suffer(&mut random, &load, &mut notes, &tell).await?;
    }
    let drained = match plan.gone.is_zero() {
        true => None,
        false => Some(soak.outage(plan.gone, &tell).await?),
    };
    let summary = load.stop().await;
    let report = soak.world.settled(SETTLED).await;
    soak.every_session_is_back().await?;
    soak.beside.rests().await;
    Ok(Outcome {
        plan,
        summary,
        report,
        notes,
        drained,
        agent: soak.beside.judged().await?,
    })
}

impl Soak {
    async fn start(profile: Profile) -> anyhow::Result<Self> {
        let postgres = Postgres::start(postgres::Options {
            settings: vec![("scram_iterations".to_owned(), "16".to_owned())],
            faults: cfg!(target_os = "linux"),
            ..postgres::Options::default()
        });
        let postgres = postgres.await?;
        let mut options = Options::answering(ANSWERS)
            .env("SABAI_LEASE", "8s")
            .env("SABAI_MAX_ATTEMPTS", "100")
            .env("SABAI_POOL_STATEMENT_TIMEOUT", "2s")
            .env("SABAI_PATH_UNACKNOWLEDGED_TIMEOUT", "1s")
            .env("SABAI_POOL_CHECK_AFTER_IDLE", "500ms")
            .on(Arc::clone(&postgres));
        options.profile = profile;
        let world = Arc::new(World::new(options).await?);
        let folder = world.folder().join("spool");
        let database = world.database.clone();
        let ground =
            Ground::new(postgres, database, world.folder(), &folder.join("webhooks")).await?;
        let mut environment = ground.env();
        environment.push(("SABAI_SPOOL_DIR".to_owned(), folder.display().to_string()));
        let socket = scene::socket(&world).display().to_string();
        environment.push(("SABAI_CONTROL_SOCKET".to_owned(), socket));
        let bot = world.bot_with(environment.clone()).await?;
        bot.wait_ready(LIMIT).await;
        let agent = scene::beside::environment(&world, ground.gate(), &environment, vec![]);
        let agent = scene::beside::start(profile, agent).await;
        agent.says(200, "Postgres Healthy", LIMIT).await;
        let address = watch::Sender::new(Some(world.webhook(&bot)));
        Ok(Self {
            world,
            ground,
            environment,
            bot,
            beside: Beside::new(agent),
            address,
        })
    }

    /// One mishap, or two at a time, from its begin until all is well again.
    async fn suffer(
        mut self,
        random: &mut Random,
        load: &Load,
        notes: &mut Notes,
        tell: impl Fn(&str),
    ) -> anyhow::Result<Self> {
        let (killed, from) = (random.chance(KILLS), Instant::now());
        let happening = self.inflict(random).await?;
        let kill = if killed { " and a kill" } else { "" };
        tell(&format!("{happening:?}{kill}"));
        notes.happens(&happening);
        sleep(match random.chance(LONG) {
            true => LASTS_LONG,
            false => Duration::from_millis(random.within(500..=3000) as u64),
        })
        .await;
        if killed {
            self = self.kill().await?;
            notes.another_life();
        }
        self.ground.heal().await?;
        self.beside.was(Span {
            mishaps: happening,
            killed,
            from,
            to: Instant::now(),
        });
        load.acknowledged(LIMIT).await;
        sleep(WELL).await;
        if random.chance(LONG) {
            self.beside.rests().await;
        }
        notes.memory(self.bot.rss_kib().ok(), self.beside.agent.rss_kib().ok());
        Ok(self)
    }

    /// Postgres is gone for so long; what was on the spool then, and how long it took to drain.
    async fn outage(
        &mut self,
        gone: Duration,
        tell: impl Fn(&str),
    ) -> anyhow::Result<(u64, Duration)> {
        tell(&format!("Postgres is gone for {gone:?}"));
        let from = Instant::now();
        self.ground.inflict(Mishap::Gone).await?;
        let end = Instant::now() + gone;
        while let Some(left) = end.checked_duration_since(Instant::now()) {
            sleep(left.min(TELL)).await;
            tell(&format!("{:?} events on the spool", self.spooled().await));
        }
        let spooled = self.spooled().await.map_err(anyhow::Error::msg)?;
        self.ground.heal().await?;
        let back = Instant::now();
        self.beside.was(Span {
            mishaps: vec![Mishap::Gone],
            killed: false,
            from,
            to: back,
        });
        eventually(SETTLED, "the spool to be empty", async || {
            match self.spooled().await? {
                0 => Ok(()),
                left => Err(format!("{left} events")),
            }
        })
        .await;
        Ok((spooled, back.elapsed()))
    }

    async fn spooled(&self) -> Result<u64, String> {
        let metrics = self
            .bot
            .metrics()
            .await
            .map_err(|failure| failure.to_string())?;
        Ok(metrics.sum("sabai_spool_events", &[]).unwrap_or(0.0) as u64)
    }

    /// Inflicts one, or two at a time; what happens to the spool's disk is only seen beside an outage.
    async fn inflict(&self, random: &mut Random) -> anyhow::Result<Vec<Mishap>> {
        let first = *random.pick(Mishap::ALL);
        let second = if first.name().starts_with("spool-") {
            Some(Mishap::StalledAll)
        } else {
            random.chance(PAIRS).then(|| *random.pick(Mishap::ALL))
        };
        let second = second.filter(|two| !(first.is_of_the_server() && two.is_of_the_server()));
        // A server that is gone or stands still cannot be told anything.
        let chosen = match second {
            Some(second) if first.makes_the_server_deaf() => vec![second, first],
            _ => [first].into_iter().chain(second).collect(),
        };
        let mut happening = vec![];
        for mishap in chosen {
            let inflicted = self.ground.inflict(mishap).await;
            // Some cannot come second.
            match inflicted {
                Ok(()) => happening.push(mishap),
                Err(error) if happening.is_empty() => return Err(error),
                Err(_) => {}
            }
        }
        Ok(happening)
    }

    /// SIGKILL, and a new life on the same folder, whatever is wrong at that time.
    async fn kill(self) -> anyhow::Result<Self> {
        let Self {
            world,
            ground,
            environment,
            bot,
            beside,
            address,
        } = self;
        address.send_replace(None);
        bot.kill().await;
        let bot = world.bot_with(environment.clone()).await?;
        address.send_replace(Some(world.webhook(&bot)));
        Ok(Self {
            world,
            ground,
            environment,
            bot,
            beside,
            address,
        })
    }

    /// Nobody holds a session and none is on its way out.
    async fn every_session_is_back(&self) -> anyhow::Result<()> {
        let metrics = async || {
            let metrics = self
                .bot
                .metrics()
                .await
                .map_err(|failure| failure.to_string())?;
            let state = |state| {
                metrics
                    .sum("sabai_pool_connections", &[("state", state)])
                    .unwrap_or(0.0)
            };
            Ok::<_, String>((
                state("idle"),
                state("busy") + state("closing") + state("dialing"),
            ))
        };
        eventually(LIMIT, "every session to be back", async || {
            match metrics().await? {
                (idle, others) if idle >= 1.0 && others < 1.0 => Ok(()),
                (idle, others) => Err(format!("{idle} idle, {others} not")),
            }
        })
        .await;
        let max = self
            .bot
            .metrics()
            .await
            .ok()
            .and_then(|metrics| metrics.sum("sabai_pool_connections_max", &[]));
        let (idle, _) = metrics().await.map_err(anyhow::Error::msg)?;
        ensure!(
            idle <= max.context("a ceiling")?,
            "{idle} sessions above {max:?}"
        );
        Ok(())
    }
}
