//! The same event more than once: at once, redelivered, to two pods, in whatever order.

use std::sync::Arc;
use std::time::Duration;

use sabai_tests::bot::Bot;
use sabai_tests::webhook::Event;
use sabai_tests::world::World;
use tokio::task::JoinSet;

use super::scene::{SOON, becomes, counter, endings, inside, number, taken, world, world_and_bot};

const ROUNDS: usize = 15;
const CUSTOMERS: usize = 30;

#[tokio::test]
async fn the_same_event_fifty_times_at_once_is_one_turn_and_one_answer() {
    let (world, bot) = world_and_bot().await;
    let world = Arc::new(world);
    let webhook = world.webhook(&bot);
    let event = Event::text("ann", "hello");
    let mut calls = JoinSet::new();
    for copy in 0..50 {
        let (world, webhook) = (Arc::clone(&world), webhook.clone());
        let event = if copy % 2 == 0 {
            event.clone()
        } else {
            event.redelivered()
        };
        calls.spawn(async move { taken(&world, &webhook, &[event]).await });
    }
    calls.join_all().await;
    let report = world.settled(SOON).await;
    assert!(report.is_sound(), "{report}");
    taken(&world, &webhook, &[event.redelivered(), event.clone()]).await;
    assert_eq!(endings(&world, &event).await, ["answered"]);
    assert_eq!(world.line.accepted_for(&event.id).len(), 1);
    assert_eq!(number(&world, "SELECT count(*) FROM turn").await, 1);
    let duplicates = counter(&bot, "sabai_events_total", &[("outcome", "duplicate")]).await;
    assert!(duplicates >= 51.0, "{duplicates}");
}

#[tokio::test]
async fn two_pods_fed_the_same_batches_in_opposite_order_neither_deadlock_nor_double() {
    let world = world().await;
    // Looked for at once: by default after a second, when the statement has been given up already.
    let quickly = format!(
        "ALTER DATABASE {} SET deadlock_timeout = '5ms'",
        world.database.name
    );
    let superuser = inside(&world).await;
    superuser.batch_execute(&quickly).await.expect("allowed");
    let pods = [
        world.bot().await.expect("the bot starts"),
        world.bot().await.expect("the bot starts"),
    ];
    let [one, other] = pods.each_ref().map(|bot| world.webhook(bot));
    for round in 0..ROUNDS {
        let batches = [batch(round), batch(round + 3)];
        let [first, second] = batches.each_ref().map(Vec::as_slice);
        let [first_again, second_again] = [first, second].map(backwards);
        // Each pod has both calls under way while the other has them, too.
        tokio::join!(
            taken(&world, &one, first),
            taken(&world, &other, &second_again),
            taken(&world, &one, second),
            taken(&world, &other, &first_again),
        );
    }
    let report = world.settled(Duration::from_secs(60)).await;
    assert!(report.is_sound(), "{report}");
    let sent = ROUNDS * 2 * CUSTOMERS;
    assert_eq!((report.sent, report.answered), (sent, sent), "{report}");
    for bot in &pods {
        for family in ["sabai_retries_total", "sabai_faults_total"] {
            assert_eq!(counter(bot, family, &[("fault", "Deadlock")]).await, 0.0);
        }
    }
    assert_eq!(deadlocks(&world, pods).await, 0);
}

/// One text of each customer, beginning with another one each time.
fn batch(round: usize) -> Vec<Event> {
    let customer = |place| format!("customer {}", (round + place) % CUSTOMERS);
    (0..CUSTOMERS)
        .map(|place| Event::text(&customer(place), "hello"))
        .collect()
}

fn backwards(batch: &[Event]) -> Vec<Event> {
    batch.iter().rev().map(Event::redelivered).collect()
}

/// As Postgres counts them; it does so at the latest when a session ends.
async fn deadlocks(world: &World, pods: [Bot; 2]) -> i64 {
    for bot in pods {
        bot.kill().await;
    }
    let sessions = "SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND usename = 'sabai'";
    becomes("the sessions to end", 0, async || {
        number(world, sessions).await
    })
    .await;
    let sql = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()";
    number(world, sql).await
}
