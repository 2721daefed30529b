//! A world whose bot has a control socket.

use std::sync::Arc;
use std::time::Duration;

use sabai_tests::bot::Bot;
use sabai_tests::postgres::{self, Postgres};
use sabai_tests::world::{Options, World};

use super::control::Client;

pub(crate) const LIMIT: Duration = Duration::from_secs(30);

const ANSWERS: &str = "
default_language: th
rules:
  - name: never
    when: { text: [never] }
    answer: [ { th: ไม่, en: never } ]
fallback:
  message/text:
    answer: [ { th: สวัสดี, en: hello } ]
";

pub(crate) struct Scene {
    pub(crate) world: Arc<World>,
    spool: bool,
    pub(crate) bot: Bot,
    pub(crate) client: Client,
    pub(crate) postgres: Arc<Postgres>,
}

impl Scene {
    pub(crate) async fn new(env: &[(&str, &str)]) -> Self {
        Self::made(env, false).await
    }

    /// With a spool, for what may take longer than LINE waits on a busy machine.
    pub(crate) async fn with_spool() -> Self {
        Self::made(&[], true).await
    }

    async fn made(env: &[(&str, &str)], spool: bool) -> Self {
        let settings = vec![("scram_iterations".to_owned(), "16".to_owned())];
        let options = postgres::Options {
            settings,
            ..postgres::Options::default()
        };
        let postgres = Postgres::start(options).await.expect("Postgres starts");
        let mut options = Options::answering(ANSWERS)
            .on(Arc::clone(&postgres))
            .env("SABAI_LOG", "sabai_bot=debug,info");
        for (name, value) in env {
            options = options.env(name, *value);
        }
        let world = Arc::new(World::new(options).await.expect("a world"));
        let client = Client {
            socket: world.folder().join("run/bot.sock"),
        };
        let bot = bot(&world, &client, spool).await;
        Self {
            world,
            spool,
            bot,
            client,
            postgres,
        }
    }

    /// The same bot again, after its end.
    pub(crate) async fn start_again(&mut self) {
        self.bot = bot(&self.world, &self.client, self.spool).await;
    }
}

async fn bot(world: &World, client: &Client, spool: bool) -> Bot {
    let socket = client.socket.display().to_string();
    let mut env = vec![("SABAI_CONTROL_SOCKET".to_owned(), socket)];
    if spool {
        let folder = world.folder().join("spool").display().to_string();
        env.push(("SABAI_SPOOL_DIR".to_owned(), folder));
    }
    let bot = world.bot_with(env).await.expect("a bot");
    bot.wait_ready(LIMIT).await;
    bot
}
