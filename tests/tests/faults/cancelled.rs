//! Row 16: callers go away by the hundred while the peer is silent.

use std::time::Duration;

use sabai_tests::gate::Fault;
use sabai_tests::webhook::Event;
use tokio::task::JoinSet;

use sabai_tests::scene::{SOME, setup};

/// LINE's connections break off at once, in every order: a few milliseconds apart, over the time that a call may take.
const CALLERS: u64 = 300;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn callers_cancelled_by_the_hundred_while_the_peer_is_silent() {
    let scene = setup().start().await;
    scene.gate.existing(Fault::Stall);
    scene.gate.new_connections(Fault::Stall).await;
    let mut callers = JoinSet::new();
    for number in 0..CALLERS {
        let patience = Duration::from_millis(1 + number * 7 % 900);
        let webhook = scene.world.webhook(&scene.bot).giving_up_after(patience);
        let world = std::sync::Arc::clone(&scene.world);
        callers.spawn(async move {
            let event = [Event::text(&format!("caller {number}"), "hello")];
            let delivery = webhook.deliver(&event).await;
            world.history.record(&event, &delivery);
            event
        });
    }
    let events = callers.join_all().await;
    scene.answers(SOME / 2).await;
    scene.gate.heal().await;
    scene.recovers().await;
    // What was not acknowledged LINE delivers again.
    for event in events {
        let webhook = scene.world.webhook(&scene.bot);
        let again = event.map(|event| event.redelivered());
        let delivery = webhook.deliver(&again).await;
        scene.world.history.record(&again, &delivery);
    }
    scene.ends_well().await;
}
