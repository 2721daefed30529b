//! Order, where LINE delivers what happened first last: while Postgres is away both wait on the spool.

use std::time::Duration;

use sabai_tests::webhook::Event;

use super::scene::{SOME, setup};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_spooled_late_is_answered_before_what_happened_after_it() {
    let scene = setup().start().await;
    scene.postgres_goes().await;
    let early = Event::text("ann", "first");
    let later = early.timestamp + Duration::from_secs(1).as_millis() as u64;
    let late = Event::text("ann", "second").at(later);
    let deliver = async |event: Event| {
        let webhook = scene.world.webhook(&scene.bot);
        let delivery = webhook.deliver(std::slice::from_ref(&event)).await;
        assert!(delivery.acknowledged(), "{delivery:?}");
        scene.world.history.record(&[event], &delivery);
    };
    deliver(late).await;
    // More than the drainer stores at once.
    scene.answers(2 * SOME).await;
    deliver(early).await;
    scene.gate.heal().await;
    scene.recovers().await;
    scene.ends_well().await;
}
