//! A load of webhooks that goes on until it is ended: so many connections, each sends as soon as it is answered, up to a
//! rate for all. Every answer must be 200.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use sabai_tests::bot::Bot;
use sabai_tests::wait::eventually;
use sabai_tests::webhook::{Event, Webhook};
use sabai_tests::world::World;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

use super::scene::LIMIT;

const CONNECTIONS: usize = 16;
/// Of one connection: together 160 a second.
const PAUSE: Duration = Duration::from_millis(100);

pub(crate) struct Load {
    world: Arc<World>,
    ended: Arc<AtomicBool>,
    answered: Arc<AtomicUsize>,
    clients: JoinSet<()>,
}

impl Load {
    /// Begins, and returns when it runs.
    pub(crate) async fn begin(world: &Arc<World>, bot: &Bot) -> Self {
        let load = Self {
            world: Arc::clone(world),
            ended: Arc::default(),
            answered: Arc::default(),
            clients: JoinSet::new(),
        };
        let mut load = load;
        for number in 0..CONNECTIONS {
            let webhook = world.webhook(bot).giving_up_after(LIMIT);
            let world = Arc::clone(world);
            let (ended, answered) = (Arc::clone(&load.ended), Arc::clone(&load.answered));
            load.clients
                .spawn(async move { talk(number, &world, webhook, &ended, &answered).await });
        }
        load.goes_on().await;
        load
    }

    /// Waits for twice as many answers as there are connections.
    pub(crate) async fn goes_on(&self) {
        let from = self.answered.load(Ordering::Relaxed);
        eventually(LIMIT, "the load to go on", async || {
            match self.answered.load(Ordering::Relaxed) - from {
                some if some >= 2 * CONNECTIONS => Ok(()),
                few => Err(format!("{few} answers")),
            }
        })
        .await;
    }

    /// Ends; everything was acknowledged, and is answered once and in order.
    pub(crate) async fn ends_soundly(mut self) {
        self.ended.store(true, Ordering::Relaxed);
        while let Some(client) = self.clients.join_next().await {
            client.expect("every webhook was answered 200");
        }
        let report = self.world.settled(LIMIT).await;
        assert!(report.is_sound(), "{report}");
    }
}

async fn talk(
    number: usize,
    world: &World,
    webhook: Webhook,
    ended: &AtomicBool,
    answered: &AtomicUsize,
) {
    let mut pace = interval(PAUSE);
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while !ended.load(Ordering::Relaxed) {
        pace.tick().await;
        let events = [Event::text(&format!("customer {number}"), "hello")];
        let delivery = webhook.deliver(&events).await;
        world.history.record(&events, &delivery);
        assert!(delivery.acknowledged(), "{delivery:?}");
        answered.fetch_add(1, Ordering::Relaxed);
    }
}
