//! What every row of the campaign stands on: a bot with a spool behind the gate, an agent beside it that meets the same, a
//! load of 100 events a second over 64 connections, and the question that all rows ask in the end: nothing lost, nothing doubled, in order, every webhook
//! answered in time, every session back in its place.

mod asking;
pub(crate) mod beside;
mod ending;
mod setup;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::bot::{Bot, Environment};
use crate::gate::{Fault, Gate};
use crate::load::Load;
use crate::mishap::Ground;
use crate::process::{Signal, send};
use crate::webhook::Webhook;
use crate::world::World;
use tokio::sync::{SemaphorePermit, watch};

use beside::Beside;
#[cfg(target_os = "linux")]
pub use setup::faulty_server;
pub use setup::{server, setup};

/// For whatever must come about in the end on a busy machine.
pub const LIMIT: Duration = Duration::from_secs(30);

/// Sessions that the pool keeps for its workers.
pub const WARM: usize = 6;

/// Events a second.
pub const RATE: u32 = 100;

/// Two seconds of the load.
pub const SOME: usize = 200;

/// A world under load.
pub struct Scene {
    // Dropped from the top: the load goes before agent and bot, these before what they need.
    pub load: Load,
    beside: Beside,
    pub bot: Bot,
    pub gate: Gate,
    ground: Option<Ground>,
    pub world: Arc<World>,
    address: watch::Sender<Option<Webhook>>,
    env: Environment,
    _turn: SemaphorePermit<'static>,
}

impl Scene {
    /// The bot dies as it stands, and its node starts it again on the same folder, later.
    pub async fn kill(mut self, before_the_start: impl AsyncFnOnce(&Self)) -> Self {
        self.address.send_replace(None);
        send(self.bot.pid(), Signal::Kill);
        self.bot.ended(LIMIT).await.expect("it is killed");
        before_the_start(&self).await;
        // With Postgres away it is ready later; it acknowledges as soon as it listens.
        let bot = self.world.bot_with(self.env.clone()).await;
        self.bot = bot.expect("a bot");
        self.wakes();
        self
    }

    /// Where what has a name can happen; the bots come through its gate.
    pub fn ground(&self) -> &Ground {
        self.ground.as_ref().expect("set up on ground")
    }

    /// Another bot of the same world, ready; with more in its environment.
    pub async fn another(&self, env: &[(&str, &str)]) -> Bot {
        let env = env.iter();
        let env = env.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        start(&self.world, &env.collect()).await
    }

    /// Where the bot listens for its operators.
    pub fn control_socket(&self) -> PathBuf {
        socket(&self.world)
    }

    /// LINE's webhooks go to `heir` from now on, as by a Service whose other pod is not ready.
    pub fn hand_over(&mut self, heir: Bot) -> Bot {
        self.address.send_replace(Some(self.world.webhook(&heir)));
        std::mem::replace(&mut self.bot, heir)
    }

    /// LINE sends nothing more, and what it has sent is settled.
    pub async fn rests(&self) {
        self.address.send_replace(None);
        self.world.settled(LIMIT).await;
    }

    /// LINE sends again.
    pub fn wakes(&self) {
        self.address
            .send_replace(Some(self.world.webhook(&self.bot)));
    }

    /// So many more calls are answered, with whatever: time passes under load.
    pub async fn answers(&self, more: usize) {
        self.load.answered(more, LIMIT).await;
    }

    /// Calls that are sent from now on are acknowledged.
    pub async fn recovers(&self) {
        self.load.acknowledged(LIMIT).await;
        self.answers(SOME / 2).await;
    }

    /// There is no way to Postgres, and everybody knows at once.
    pub async fn postgres_goes(&self) {
        self.gate.new_connections(Fault::Refuse).await;
        self.gate.existing(Fault::Reset);
    }

    /// Runs `sql` in the test's database, by the unix socket.
    pub async fn execute(&self, sql: &str) {
        self.world.execute(sql).await;
    }

    /// One value from the test's database.
    pub async fn count(&self, sql: &str) -> i64 {
        self.world.count(sql).await
    }
}

pub(crate) fn socket(world: &World) -> PathBuf {
    world.folder().join("run/bot.sock")
}

/// A bot, ready.
async fn start(world: &World, env: &Environment) -> Bot {
    let bot = world.bot_with(env.clone()).await.expect("a bot");
    bot.wait_ready(LIMIT).await;
    bot
}
