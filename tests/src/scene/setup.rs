//! What a scene is made of: a server, a gate, a world, a bot, an agent beside it, the load.

use std::sync::Arc;

use crate::bot::Environment;
use crate::bot::build::Profile;
use crate::gate::{Gate, Tls};
use crate::load::Load;
use crate::mishap::Ground;
use crate::postgres::{self, Postgres};
use crate::world::{Options, World};
use tokio::sync::{OnceCell, Semaphore, watch};

use super::beside::{self, Beside};
use super::{LIMIT, RATE, SOME, Scene, WARM, socket, start};

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

/// What a scene is made of.
pub struct Setup {
    options: Options,
    postgres: Option<Arc<Postgres>>,
    tls: Tls,
    on_ground: bool,
    agent: bool,
    /// Why it may have sessions renewed.
    reasons: Vec<&'static str>,
    /// For the bots; wins over everything.
    env: Environment,
}

/// The usual: a server that others use too, TLS to the server itself. Short times, so that each fault shows soon; the
/// intake's own are what they are.
pub fn setup() -> Setup {
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
        agent: true,
        reasons: vec!["SessionsLost"],
        env: Environment::new(),
    }
}

impl Setup {
    /// On a server of its own.
    pub fn on(mut self, postgres: &Arc<Postgres>) -> Self {
        self.postgres = Some(Arc::clone(postgres));
        self
    }

    pub fn tls(mut self, tls: Tls) -> Self {
        self.tls = tls;
        self
    }

    /// On a server of its own, and where everything can happen that has a name.
    #[cfg(target_os = "linux")]
    pub async fn on_ground(mut self) -> Self {
        self.on_ground = true;
        self.on(&faulty_server().await)
    }

    /// A row that says nothing about an agent, with the reason in a comment.
    pub fn without_agent(mut self) -> Self {
        self.agent = false;
        self
    }

    /// The agent may have sessions renewed for these reasons alone: the row loses one session at most.
    pub fn renewed_only_for(mut self, reasons: &[&'static str]) -> Self {
        self.reasons = reasons.to_vec();
        self
    }

    /// For these reasons too, not only for those that were lost.
    pub fn renewed_for(mut self, reasons: &[&'static str]) -> Self {
        self.reasons.extend(reasons);
        self
    }

    pub fn env(mut self, name: &str, value: impl Into<String>) -> Self {
        self.env.push((name.to_owned(), value.into()));
        self
    }

    pub fn envs(mut self, env: Environment) -> Self {
        self.env.extend(env);
        self
    }

    /// Under load, and answering.
    pub async fn start(self) -> Scene {
        let turn = TURNS.acquire().await.expect("never closed");
        let postgres = match self.postgres {
            Some(own) => own,
            None => Arc::clone(SHARED.get_or_init(async || server(&[]).await).await),
        };
        let gate = Gate::before(&postgres, self.tls).await.expect("a gate");
        let gate = gate.with_companion().await.expect("a gate");
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
        let way = ground.as_ref().map_or(&gate, |ground| ground.gate());
        let agent = match self.agent {
            true => {
                let env = beside::environment(&world, way, &env, Environment::new());
                Some(beside::start(Profile::Dev, env).await)
            }
            false => None,
        };
        let address = watch::Sender::new(Some(world.webhook(&bot)));
        let load = Load::follow(&world, address.subscribe(), RATE);
        load.answered(SOME / 2, LIMIT).await;
        Scene {
            load,
            beside: Beside::new(agent, self.reasons),
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
pub async fn server(settings: &[(&str, &str)]) -> Arc<Postgres> {
    started(settings, false).await
}

/// One with faults for the disk under its tables.
#[cfg(target_os = "linux")]
pub async fn faulty_server() -> Arc<Postgres> {
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
