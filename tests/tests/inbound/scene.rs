//! What the tests of this program have in common: short answers, calls repeated as LINE repeats them, and looks into
//! the bot's tables.

use std::time::{Duration, Instant};

use sabai_tests::bot::Bot;
use sabai_tests::postgres::Session;
use sabai_tests::wait::eventually;
use sabai_tests::webhook::{Delivery, Event, Webhook};
use sabai_tests::world::{Options, World};
use tokio_postgres::types::ToSql;

/// For whatever takes no time on an idle machine.
pub(crate) const SOON: Duration = Duration::from_secs(30);

/// Every text is answered, in groups too; nothing else is.
pub(crate) const ANSWERS: &str = "
default_language: th
rules:
  - name: greeting
    when: { text: [hello, สวัสดี] }
    answer: [{ th: สวัสดีค่ะ, en: Hello! }]
fallback:
  message/text:
    in_groups: true
    answer: [{ th: ไม่เข้าใจค่ะ, en: I did not understand. }]
";

/// Everything that holds a text or says that there was an event.
pub(crate) const STORED: &str = "SELECT (SELECT count(*) FROM seen) + (SELECT count(*) FROM event)
    + (SELECT count(*) FROM turn) + (SELECT count(*) FROM dead_letter)";

pub(crate) async fn world() -> World {
    World::new(Options::answering(ANSWERS))
        .await
        .expect("everything starts")
}

/// A world with one bot, ready.
pub(crate) async fn world_and_bot() -> (World, Bot) {
    let world = world().await;
    let bot = world.bot().await.expect("the bot starts");
    (world, bot)
}

/// Delivers until it is acknowledged, as LINE does: a busy machine may answer 503.
pub(crate) async fn taken(world: &World, webhook: &Webhook, events: &[Event]) -> Delivery {
    let end = Instant::now() + SOON;
    loop {
        let delivery = webhook.deliver(events).await;
        world.history.record(events, &delivery);
        if delivery.acknowledged() {
            return delivery;
        }
        assert!(Instant::now() < end, "not taken: {:?}", delivery.outcome);
        // A closed port answers at once.
        tokio::task::yield_now().await;
    }
}

/// Waits until no event waits for anything.
pub(crate) async fn quiet(world: &World) {
    eventually(SOON, "every event to be settled", async || {
        let waiting = number(
            world,
            "SELECT (SELECT count(*) FROM event) + (SELECT count(*) FROM lane)",
        )
        .await;
        if waiting == 0 {
            Ok(())
        } else {
            Err(format!("{waiting} events and lanes"))
        }
    })
    .await;
}

pub(crate) async fn inside(world: &World) -> Session {
    world.database.superuser().await.expect("Postgres is up")
}

/// What a query of one number says.
pub(crate) async fn number(world: &World, sql: &str) -> i64 {
    let row = inside(world).await.query_one(sql, &[]).await;
    row.expect("the query is right").get(0)
}

/// The texts that a query of one column finds.
pub(crate) async fn texts(
    world: &World,
    sql: &str,
    parameters: &[&(dyn ToSql + Sync)],
) -> Vec<Option<String>> {
    let rows = inside(world).await.query(sql, parameters).await;
    rows.expect("the query is right")
        .iter()
        .map(|row| row.get(0))
        .collect()
}

/// How an event with this id ended: outcome and reason of each of its turns.
pub(crate) async fn endings(world: &World, event: &Event) -> Vec<String> {
    let sql = "SELECT outcome || coalesce(' ' || reason, '') FROM turn WHERE webhook_event_id = $1";
    texts(world, sql, &[&event.id])
        .await
        .into_iter()
        .flatten()
        .collect()
}

/// Waits until a text can be found as often as expected.
pub(crate) async fn becomes<T: PartialEq + std::fmt::Debug>(
    what: &str,
    expected: T,
    mut look: impl AsyncFnMut() -> T,
) {
    eventually(SOON, what, async || {
        let found = look().await;
        if found == expected {
            Ok(())
        } else {
            Err(format!("{found:?}, not {expected:?}"))
        }
    })
    .await;
}

/// A counter of a bot, 0 when it is not shown.
pub(crate) async fn counter(bot: &Bot, name: &str, labels: &[(&str, &str)]) -> f64 {
    let metrics = bot.metrics().await.expect("the admin port answers");
    metrics.sum(name, labels).unwrap_or_default()
}
