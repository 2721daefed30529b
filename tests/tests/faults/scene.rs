//! What every row of the campaign stands on: a bot with a spool behind the gate, a load of 100 events a second over 64
//! connections, and the question that all rows ask in the end: nothing lost, nothing doubled, in order, every webhook
//! answered in time, every session back in its place.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use http::Method;
use sabai_tests::bot::{Bot, Environment, control, sessions};
use sabai_tests::gate::{Fault, Gate, Tls};
use sabai_tests::load::{Load, Summary};
use sabai_tests::mishap::Ground;
use sabai_tests::postgres::{self, Postgres};
use sabai_tests::process::{Signal, send};
use sabai_tests::wait::eventually;
use sabai_tests::webhook::Webhook;
use sabai_tests::world::check::Report;
use sabai_tests::world::{Options, World};
use serde_json::{Value, json};
use tokio::sync::{OnceCell, Semaphore, SemaphorePermit, watch};

/// For whatever must come about in the end on a busy machine.
pub(crate) const LIMIT: Duration = Duration::from_secs(30);

/// Sessions that the pool keeps for its workers.
pub(crate) const WARM: usize = 6;

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
    ground: Option<Ground>,
    pub(crate) world: Arc<World>,
    address: watch::Sender<Option<Webhook>>,
    env: Environment,
    _turn: SemaphorePermit<'static>,
}

/// What a scene is made of.
pub(crate) struct Setup {
    options: Options,
    postgres: Option<Arc<Postgres>>,
    tls: Tls,
    on_ground: bool,
    /// For the bots; wins over everything.
    env: Environment,
}

/// The usual: a server that others use too, TLS to the server itself. Short times, so that each fault shows soon; the
/// intake's own are what they are.
pub(crate) fn setup() -> Setup {
    let options = Options::answering(ANSWERS)
        .env("SABAI_LEASE", "8s")
        // So many that none is to spare: each that is lost is replaced.
        .env("SABAI_POOL_MIN_IDLE", WARM.to_string())
        .env("SABAI_POOL_STATEMENT_TIMEOUT", "2s")
        .env("SABAI_PATH_UNACKNOWLEDGED_TIMEOUT", "1s")
        .env("SABAI_POOL_CHECK_AFTER_IDLE", "500ms");
    Setup {
        options,
        postgres: None,
        tls: Tls::Passed,
        on_ground: false,
        env: Environment::new(),
    }
}

impl Setup {
    /// On a server of its own.
    pub(crate) fn on(mut self, postgres: &Arc<Postgres>) -> Self {
        self.postgres = Some(Arc::clone(postgres));
        self
    }

    pub(crate) fn tls(mut self, tls: Tls) -> Self {
        self.tls = tls;
        self
    }

    /// On a server of its own, and where everything can happen that has a name.
    #[cfg(target_os = "linux")]
    pub(crate) async fn on_ground(mut self) -> Self {
        self.on_ground = true;
        self.on(&faulty_server().await)
    }

    pub(crate) fn env(mut self, name: &str, value: impl Into<String>) -> Self {
        self.env.push((name.to_owned(), value.into()));
        self
    }

    pub(crate) fn envs(mut self, env: Environment) -> Self {
        self.env.extend(env);
        self
    }

    /// Under load, and answering.
    pub(crate) async fn start(self) -> Scene {
        let turn = TURNS.acquire().await.expect("never closed");
        let postgres = match self.postgres {
            Some(own) => own,
            None => Arc::clone(SHARED.get_or_init(async || server(&[]).await).await),
        };
        let gate = Gate::before(&postgres, self.tls).await.expect("a gate");
        let options = self.options.on(Arc::clone(&postgres));
        let world = Arc::new(World::new(options).await.expect("a world"));
        let spool = world.folder().join("spool");
        let mut env = vec![
            ("PGPORT".to_owned(), gate.addr().port().to_string()),
            ("SABAI_SPOOL_DIR".to_owned(), spool.display().to_string()),
            (
                "SABAI_CONTROL_SOCKET".to_owned(),
                socket(&world).display().to_string(),
            ),
        ];
        let ground = if self.on_ground {
            let (database, webhooks) = (world.database.clone(), spool.join("webhooks"));
            let ground = Ground::new(postgres, database, world.folder(), &webhooks);
            Some(ground.await.expect("a ground"))
        } else {
            None
        };
        env.extend(ground.iter().flat_map(Ground::env));
        env.extend(self.env);
        let bot = start(&world, &env).await;
        let address = watch::Sender::new(Some(world.webhook(&bot)));
        let load = Load::follow(&world, address.subscribe(), RATE);
        load.answered(SOME / 2, LIMIT).await;
        Scene {
            load,
            bot,
            gate,
            ground,
            world,
            address,
            env,
            _turn: turn,
        }
    }
}

/// A server whose logins cost little: unoptimized bots log in here by the dozen.
pub(crate) async fn server(settings: &[(&str, &str)]) -> Arc<Postgres> {
    started(settings, false).await
}

/// One with faults for the disk under its tables.
#[cfg(target_os = "linux")]
pub(crate) async fn faulty_server() -> Arc<Postgres> {
    started(&[], true).await
}

async fn started(settings: &[(&str, &str)], faults: bool) -> Arc<Postgres> {
    let cheap = [("scram_iterations", "16")];
    let settings = cheap.iter().chain(settings);
    let settings = settings.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let options = postgres::Options {
        settings: settings.collect(),
        faults,
        ..postgres::Options::default()
    };
    Postgres::start(options).await.expect("Postgres starts")
}

impl Scene {
    /// The bot dies as it stands, and its node starts it again on the same folder, later.
    pub(crate) async fn kill(mut self, before_the_start: impl AsyncFnOnce(&Self)) -> Self {
        self.address.send_replace(None);
        send(self.bot.pid(), Signal::Kill);
        self.bot.ended(LIMIT).await.expect("it is killed");
        before_the_start(&self).await;
        // With Postgres away it is ready later; it acknowledges as soon as it listens.
        let bot = self.world.bot_with(self.env.clone()).await;
        self.bot = bot.expect("a bot");
        self.address
            .send_replace(Some(self.world.webhook(&self.bot)));
        self
    }

    /// Where what has a name can happen; the bots come through its gate.
    pub(crate) fn ground(&self) -> &Ground {
        self.ground.as_ref().expect("set up on ground")
    }

    /// Another bot of the same world, ready; with more in its environment.
    pub(crate) async fn another(&self, env: &[(&str, &str)]) -> Bot {
        let env = env.iter();
        let env = env.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        start(&self.world, &env.collect()).await
    }

    /// LINE's webhooks go to `heir` from now on, as by a Service whose other pod is not ready.
    pub(crate) fn hand_over(&mut self, heir: Bot) -> Bot {
        self.address.send_replace(Some(self.world.webhook(&heir)));
        std::mem::replace(&mut self.bot, heir)
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

    /// Ends the load where two pods had a part: none promises order to the other during an outage.
    #[expect(clippy::print_stdout, reason = "the figures of a run")]
    pub(crate) async fn ends_in_any_order(self, allowed: &[u16]) {
        let summary = self.load.stop().await;
        let report = settled(&self.world).await;
        println!("{summary}; {report}");
        assert_eq!((report.lost, report.duplicates), (0, 0), "{report}");
        assert_eq!(report.answered, report.sent, "{report}");
        summary.all_answered(allowed);
    }

    /// Ends the load; all its webhooks were answered 200 in time, and everything else holds that must always hold.
    pub(crate) async fn ends_well(self) -> (Summary, Report) {
        self.ends_with(&[200]).await
    }

    /// The same where other answers are right too.
    #[expect(clippy::print_stdout, reason = "the figures of a run")]
    pub(crate) async fn ends_with(self, allowed: &[u16]) -> (Summary, Report) {
        let summary = self.load.stop().await;
        let report = settled(&self.world).await;
        let test = std::thread::current().name().unwrap_or_default().to_owned();
        println!("{test}: {summary}; {report}");
        assert!(report.is_sound(), "{report}");
        assert_eq!(report.acknowledged, report.sent, "{report}");
        assert_eq!(
            report.answered,
            report.sent,
            "{report}; dead letters: {:?}",
            dead_letters(&self.world).await
        );
        summary.all_answered(allowed);
        sessions::are_back(&self.bot, WARM, LIMIT).await;
        let (peak, most) = (self.gate.peak(), sessions::ceiling(&self.bot).await);
        assert!(peak <= most, "{peak} sessions at a time, {most} allowed");
        (summary, report)
    }

    /// There is no way to Postgres, and everybody knows at once.
    pub(crate) async fn postgres_goes(&self) {
        self.gate.new_connections(Fault::Refuse).await;
        self.gate.existing(Fault::Reset);
    }

    /// Waits until the bot's metric is as it should be.
    pub(crate) async fn metric(&self, name: &str, is: impl Fn(f64) -> bool) {
        eventually(LIMIT, name, async || {
            let metrics = self.bot.metrics().await;
            let metrics = metrics.map_err(|failure| failure.to_string())?;
            match metrics.sum(name, &[]) {
                Some(value) if is(value) => Ok(()),
                other => Err(format!("{other:?}")),
            }
        })
        .await;
    }

    /// Whether Postgres was silent for a while though nobody made it so: the machine itself stood still, and what
    /// follows says nothing.
    async fn machine_stood_still(&self) -> bool {
        self.met("Silent").await + self.met("StatementTimeout").await > 0
    }

    /// Nobody noticed: no webhook had to wait on disk.
    pub(crate) async fn never_spooled(&self) {
        if self.machine_stood_still().await {
            return;
        }
        let lines = self.bot.log().lines();
        let spooled = lines
            .iter()
            .find(|line| line.text().contains("go to the spool"));
        assert!(spooled.is_none(), "{}", self.bot.log().tail());
    }

    /// One session is lost and cannot be replaced, for this reason; the others carry the load, and none of them is
    /// given up.
    pub(crate) async fn loses_one(&self, fault: &str) {
        let sessions = self.gate.connections();
        sessions[0].inflict(Fault::Reset);
        self.names(fault).await;
        self.answers(SOME).await;
        if self.machine_stood_still().await {
            return;
        }
        let kept = sessions[1..].iter().filter(|one| one.is_open()).count();
        assert_eq!(kept, sessions.len() - 1, "no session is given up for it");
        self.never_spooled().await;
    }

    /// Asks for a refresh, and waits for its end, whatever that is.
    pub(crate) async fn refresh(&self, reason: &str) -> Value {
        let socket = socket(&self.world);
        let id = format!("{reason}-{}", self.load.elapsed().as_millis());
        let order = json!({"requestId": id, "kind": "Refresh", "reason": reason});
        eventually(LIMIT, "the refresh to end", async || {
            let body = order.to_string().into();
            let asked = control::exchange(&socket, Method::POST, "/v1/recycle", body).await;
            match asked.map_err(|error| format!("{error:#}"))? {
                (200, report) => {
                    serde_json::from_slice::<Value>(&report).map_err(|e| e.to_string())
                }
                (status, report) => Err(format!("{status} {}", String::from_utf8_lossy(&report))),
            }
        })
        .await
    }

    /// What the bot reports of its pool.
    pub(crate) async fn report(&self) -> Value {
        let report = control::get(&socket(&self.world), "/v1/report").await;
        report.expect("the bot answers")
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

/// Waits until every acknowledged event has come to an end; tells how the bot stands when one does not.
async fn settled(world: &World) -> Report {
    eventually(
        LIMIT,
        "every acknowledged event to be settled",
        async || {
            let report = world.check().await.map_err(|error| format!("{error:#}"))?;
            if report.unsettled.is_empty() {
                return Ok(report);
            }
            let bot = control::get(&socket(world), "/v1/report").await;
            Err(format!("{report}; the bot: {bot:?}"))
        },
    )
    .await
}

/// Why events were buried, after how many attempts.
async fn dead_letters(world: &World) -> Vec<(String, Option<String>, i16)> {
    let session = world.database.superuser().await.expect("there");
    let sql = "SELECT reason, detail, attempts FROM dead_letter";
    let rows = session.query(sql, &[]).await.expect("sound");
    rows.iter()
        .map(|row| (row.get(0), row.get(1), row.get(2)))
        .collect()
}

fn socket(world: &World) -> PathBuf {
    world.folder().join("run/bot.sock")
}

/// A bot, ready.
async fn start(world: &World, env: &Environment) -> Bot {
    let bot = world.bot_with(env.clone()).await.expect("a bot");
    bot.wait_ready(LIMIT).await;
    bot
}
