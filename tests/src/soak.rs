//! A soak: a steady load, and mishaps at random from a seed, one after another and two at a time; in the end nothing
//! may be lost, doubled or out of order, memory flat, and every session back in its place.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use tokio::sync::watch;
use tokio::time::sleep;

use crate::bot::build::Profile;
use crate::bot::{Bot, Environment};
use crate::load::{Load, Summary};
use crate::mishap::{Ground, Mishap};
use crate::postgres::{self, Postgres};
use crate::random::Random;
use crate::wait::eventually;
use crate::webhook::Webhook;
use crate::world::check::Report;
use crate::world::{Options, World};

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

/// What a soak came to.
#[derive(Debug)]
pub struct Outcome {
    pub plan: Plan,
    pub summary: Summary,
    pub report: Report,
    /// In the order in which they were inflicted.
    pub mishaps: Vec<&'static str>,
    pub kills: usize,
    /// Resident memory in KiB whenever all was well, of each life of the bot.
    pub memory: Vec<Vec<u64>>,
    /// Events that the outage left on the spool, and how long it took until it was empty.
    pub drained: Option<(u64, Duration)>,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = self.memory.iter().flatten();
        let (least, most) = (all.clone().min().unwrap_or(&0), all.max().unwrap_or(&0));
        write!(
            f,
            "seed {}, {:?} at {}/s, {} mishaps, {} kills; {}; {}; memory {:.1} to {:.1} MiB",
            self.plan.seed,
            self.plan.lasts,
            self.plan.rate,
            self.mishaps.len(),
            self.kills,
            self.summary,
            self.report,
            *least as f64 / 1024.0,
            *most as f64 / 1024.0
        )?;
        match self.drained {
            Some((events, took)) => write!(
                f,
                "; an outage of {:?}, {events} events drained in {took:?}",
                self.plan.gone
            ),
            None => Ok(()),
        }
    }
}

impl Outcome {
    /// Nothing lost, doubled or out of order; every call that reached a running bot answered in time.
    ///
    /// # Panics
    /// With the seed, when that is not so.
    pub fn is_sound(&self) {
        assert!(self.report.is_sound(), "{self}; {:?}", self.mishaps);
        assert_eq!(self.report.acknowledged, self.report.sent, "{self}");
        let disk = self.mishaps.iter().any(|name| name.starts_with("spool-"));
        let allowed: &[u16] = if disk { &[200, 503] } else { &[200] };
        let bad = self.summary.badly_answered(allowed);
        let shown: Vec<String> = bad.iter().take(5).map(ToString::to_string).collect();
        assert!(
            bad.is_empty(),
            "{} badly answered: {shown:?}; {self}",
            bad.len()
        );
    }
}

/// What soaks.
struct Soak {
    world: Arc<World>,
    ground: Ground,
    environment: Environment,
    bot: Bot,
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
    let (mut mishaps, mut kills, mut memory) = (Vec::new(), 0, vec![Vec::new()]);
    load.acknowledged(LIMIT).await;
    let end = Instant::now() + plan.lasts;
    while Instant::now() < end {
        let killed = random.chance(KILLS);
        let happening = soak.inflict(&mut random).await?;
        tell(&format!(
            "{happening:?}{}",
            if killed { " and a kill" } else { "" }
        ));
        mishaps.extend(happening.iter().map(|mishap| mishap.name()));
        sleep(Duration::from_millis(random.within(500..=3000) as u64)).await;
        if killed {
            soak = soak.kill().await?;
            (kills, memory) = (kills + 1, [memory, vec![Vec::new()]].concat());
        }
        soak.ground.heal().await?;
        load.acknowledged(LIMIT).await;
        sleep(WELL).await;
        if let (Ok(kib), Some(life)) = (soak.bot.rss_kib(), memory.last_mut()) {
            life.push(kib);
        }
    }
    let drained = match plan.gone.is_zero() {
        true => None,
        false => Some(soak.outage(plan.gone, &tell).await?),
    };
    let summary = load.stop().await;
    let report = soak.world.settled(SETTLED).await;
    soak.every_session_is_back().await?;
    Ok(Outcome {
        plan,
        summary,
        report,
        mishaps,
        kills,
        memory,
        drained,
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
        let bot = world.bot_with(environment.clone()).await?;
        bot.wait_ready(LIMIT).await;
        let address = watch::Sender::new(Some(world.webhook(&bot)));
        Ok(Self {
            world,
            ground,
            environment,
            bot,
            address,
        })
    }

    /// Postgres is gone for so long; what was on the spool then, and how long it took to drain.
    async fn outage(&self, gone: Duration, tell: impl Fn(&str)) -> anyhow::Result<(u64, Duration)> {
        tell(&format!("Postgres is gone for {gone:?}"));
        self.ground.inflict(Mishap::Gone).await?;
        let end = Instant::now() + gone;
        while let Some(left) = end.checked_duration_since(Instant::now()) {
            sleep(left.min(TELL)).await;
            tell(&format!("{:?} events on the spool", self.spooled().await));
        }
        let spooled = self.spooled().await.map_err(anyhow::Error::msg)?;
        self.ground.heal().await?;
        let back = Instant::now();
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

    /// One mishap, or two at a time; what happens to the spool's disk is only seen beside an outage.
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
