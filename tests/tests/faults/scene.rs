//! What every row of the campaign stands on: a bot with a spool behind the gate, a load of 100 events a second over 64
//! connections, and the question that all rows ask in the end: nothing lost, nothing doubled, in order, every webhook
//! answered in time, every session back in its place.

use std::sync::Arc;
use std::time::Duration;

use sabai_tests::bot::Bot;
use sabai_tests::gate::{Gate, Tls};
use sabai_tests::load::{Load, Summary};
use sabai_tests::postgres::{self, Postgres};
use sabai_tests::wait::eventually;
use sabai_tests::world::check::Report;
use sabai_tests::world::{Options, World};
use tokio::sync::{OnceCell, Semaphore, SemaphorePermit};

/// For whatever must come about in the end on a busy machine.
pub(crate) const LIMIT: Duration = Duration::from_secs(30);

/// Events a second.
pub(crate) const RATE: u32 = 100;

/// Two seconds of the load.
pub(crate) const SOME: usize = 200;

const ANSWERS: &str = "
default_language: th
fallback:
  message/text:
    answer: [ { th: สวัสดี, en: hello } ]
";

/// For the rows that leave the server as it is.
static SHARED: OnceCell<Arc<Postgres>> = OnceCell::const_new();

/// Worlds under load at once: a small machine does 100 events a second in two of them and is in time.
static TURNS: Semaphore = Semaphore::const_new(2);

/// A world under load.
pub(crate) struct Scene {
    // Dropped from the top: the load goes before the bot, the bot before what it needs.
    pub(crate) load: Load,
    pub(crate) bot: Bot,
    pub(crate) gate: Gate,
    pub(crate) world: Arc<World>,
    _turn: SemaphorePermit<'static>,
}

/// Short times, so that each fault shows soon; the intake's own are what they are.
pub(crate) fn options() -> Options {
    Options::answering(ANSWERS)
        .env("SABAI_LEASE", "8s")
        .env("SABAI_POOL_MIN_IDLE", "2")
        .env("SABAI_POOL_STATEMENT_TIMEOUT", "2s")
        .env("SABAI_PATH_UNACKNOWLEDGED_TIMEOUT", "1s")
        .env("SABAI_POOL_CHECK_AFTER_IDLE", "500ms")
}

/// A server whose logins cost little: unoptimized bots log in here by the dozen.
pub(crate) async fn server(settings: &[(&str, &str)]) -> Arc<Postgres> {
    let cheap = [("scram_iterations", "16")];
    let settings = cheap.iter().chain(settings);
    let settings = settings.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let options = postgres::Options {
        settings: settings.collect(),
        ..postgres::Options::default()
    };
    Postgres::start(options).await.expect("Postgres starts")
}

impl Scene {
    /// Under load, and answering.
    pub(crate) async fn new(options: Options) -> Self {
        Self::with(options, Tls::Passed).await
    }

    pub(crate) async fn with(options: Options, tls: Tls) -> Self {
        let turn = TURNS.acquire().await.expect("never closed");
        let postgres = match &options.postgres {
            Some(own) => Arc::clone(own),
            None => Arc::clone(SHARED.get_or_init(async || server(&[]).await).await),
        };
        let gate = Gate::before(&postgres, tls).await.expect("a gate");
        let world = World::new(options.on(postgres)).await.expect("a world");
        let world = Arc::new(world);
        let bot = start(&world, &gate).await;
        let load = Load::start(&world, world.webhook(&bot), RATE);
        load.answered(SOME / 2, LIMIT).await;
        Self {
            load,
            bot,
            gate,
            world,
            _turn: turn,
        }
    }

    /// So many more calls are answered, with whatever: time passes under load.
    pub(crate) async fn answers(&self, more: usize) {
        self.load.answered(more, LIMIT).await;
    }

    /// Calls that are sent from now on are acknowledged.
    pub(crate) async fn recovers(&self) {
        self.load.acknowledged(LIMIT).await;
        self.answers(SOME / 2).await;
    }

    /// How often the bot met a fault of this name.
    pub(crate) async fn met(&self, fault: &str) -> u64 {
        let metrics = self.bot.metrics().await.expect("the bot answers");
        let met = metrics.sum("sabai_faults_total", &[("fault", fault)]);
        met.unwrap_or_default() as u64
    }

    /// Waits until the bot has named the fault.
    pub(crate) async fn names(&self, fault: &str) {
        let what = format!("the bot to name {fault}");
        eventually(LIMIT, &what, async || {
            if self.met(fault).await > 0 {
                return Ok(());
            }
            let page = self.bot.admin_page("/metrics").await;
            let (_, page) = page.map_err(|failure| failure.to_string())?;
            let named = page.lines().filter(|line| line.starts_with("sabai_faults"));
            Err(named.collect::<Vec<_>>().join(" "))
        })
        .await;
    }

    /// Ends the load; all its webhooks were answered 200 in time, and everything else holds that must always hold.
    pub(crate) async fn ends_well(self) -> (Summary, Report) {
        self.ends_with(&[200]).await
    }

    /// The same where other answers are right too.
    #[expect(clippy::print_stdout, reason = "the figures of a run")]
    pub(crate) async fn ends_with(self, allowed: &[u16]) -> (Summary, Report) {
        let summary = self.load.stop().await;
        let report = self.world.settled(LIMIT).await;
        let test = std::thread::current().name().unwrap_or_default().to_owned();
        println!("{test}: {summary}; {report}");
        assert!(report.is_sound(), "{report}");
        assert_eq!(report.acknowledged, report.sent, "{report}");
        assert_eq!(report.answered, report.sent, "{report}");
        summary.all_answered(allowed);
        every_session_is_back(&self.bot).await;
        (summary, report)
    }

    /// Runs `sql` in the test's database, by the unix socket.
    pub(crate) async fn execute(&self, sql: &str) {
        let session = self.world.database.superuser().await;
        let done = session.expect("Postgres is there").batch_execute(sql).await;
        done.expect("a sound statement");
    }

    /// One value from the test's database.
    pub(crate) async fn count(&self, sql: &str) -> i64 {
        let session = self.world.database.superuser().await;
        let row = session
            .expect("Postgres is there")
            .query_one(sql, &[])
            .await;
        row.expect("a sound statement").get(0)
    }
}

/// A bot behind the gate, ready.
pub(crate) async fn start(world: &World, gate: &Gate) -> Bot {
    let spool = world.folder().join("spool").display().to_string();
    let env = vec![
        ("PGPORT".to_owned(), gate.addr().port().to_string()),
        ("SABAI_SPOOL_DIR".to_owned(), spool),
    ];
    let bot = world.bot_with(env).await.expect("a bot");
    bot.wait_ready(LIMIT).await;
    bot
}

/// Nobody holds a session, none is on its way out, and those to be kept warm are there.
async fn every_session_is_back(bot: &Bot) {
    eventually(LIMIT, "every session to be back", async || {
        let metrics = bot.metrics().await.map_err(|error| error.to_string())?;
        let state = |state| {
            let labels = [("state", state)];
            metrics
                .sum("sabai_pool_connections", &labels)
                .unwrap_or(-1.0)
        };
        let (idle, others) = (state("idle"), state("busy") + state("closing"));
        let max = metrics
            .sum("sabai_pool_connections_max", &[])
            .unwrap_or(0.0);
        // Intake's two and the two of `options`.
        match idle >= 4.0 && others < 1.0 && idle <= max {
            true => Ok(()),
            false => Err(format!("{idle} idle, {others} busy or closing, of {max}")),
        }
    })
    .await;
}
