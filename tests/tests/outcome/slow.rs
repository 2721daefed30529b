//! Slow answers are announced (line.md section 7, item 18).

use std::time::Duration;

use sabai_tests::line::Endpoint;
use sabai_tests::line::faults::{Action, Match};
use sabai_tests::webhook::{Chat, Event, Kind};
use serde_json::Value;

use super::scene::{Scene, options};

#[tokio::test]
async fn a_slow_answer_is_announced_to_a_user_and_never_to_a_group() {
    let scene = Scene::new(options().env("SABAI_LEASE", "60s")).await;
    let bot = scene.bot().await;
    let replies = Match::endpoint(Endpoint::Reply);
    let slow = Action::Delay(Duration::from_secs(3));
    scene.world.line.fault(replies, slow, 2);
    let ann = Chat::with("ann");
    let family = Chat::group("family", Some("ben"));
    let events = [&ann, &family].map(|chat| Event::new(chat, Kind::text("hello")));
    scene.deliver(&bot, &events).await;
    for event in &events {
        scene.ends_as(event, "answered").await;
        assert_eq!(scene.calls(event), [(Endpoint::Reply, Some(200))]);
    }
    let bodies: Vec<Value> = scene.world.line.journal(|journal| {
        let calls = journal.to(Endpoint::Loading);
        calls
            .filter_map(|call| serde_json::from_slice(&call.body).ok())
            .collect()
    });
    assert_eq!(bodies.len(), 1, "{bodies:?}");
    assert_eq!(bodies[0]["chatId"], ann.id());
    assert!(
        bodies[0]["loadingSeconds"].as_u64() >= Some(5),
        "{bodies:?}"
    );
}
