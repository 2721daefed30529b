//! Slow answers are announced (line.md section 7, item 18).

use std::time::Duration;

use sabai_tests::line::Endpoint;
use sabai_tests::line::faults::{Action, Match, Refusal};
use sabai_tests::line::hold::Stage;
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

/// The animation is refused, or stands still: nobody waits for it.
#[tokio::test]
async fn a_slow_answer_does_not_wait_for_its_announcement() {
    // Calls to LINE have 10 s, more than the answer takes.
    let scene = Scene::new(options().env("SABAI_LEASE", "60s")).await;
    let bot = scene.bot().await;
    let slow = Action::Delay(Duration::from_secs(3));
    let replies = Match::endpoint(Endpoint::Reply);
    scene.world.line.fault(replies, slow, 2);
    let loading = || Match::endpoint(Endpoint::Loading);
    let (ann, ben) = (Chat::with("ann"), Chat::with("ben"));
    let refused = Action::Refuse(Refusal::ServerError);
    scene
        .world
        .line
        .fault(loading().about(ann.id()), refused, 1);
    let held = loading().about(ben.id());
    let hold = scene.world.line.hold(held, Stage::BeforeReading);
    let events = [&ann, &ben].map(|chat| Event::new(chat, Kind::text("hello")));
    scene.deliver(&bot, &events).await;
    hold.reached().await;
    for event in &events {
        scene.ends_as(event, "answered").await;
        assert_eq!(scene.calls(event), [(Endpoint::Reply, Some(200))]);
    }
    let announced = [("endpoint", "loading")];
    let name = "sabai_line_requests_total";
    scene.metric(&bot, name, &announced, 1.0).await;
    hold.release();
    scene.metric(&bot, name, &announced, 2.0).await;
}
