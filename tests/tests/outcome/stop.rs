//! A stop under load loses nothing: not ready first, webhooks taken for a while, then 503; lanes given back; exit 0.

use std::time::{Duration, Instant};

use sabai_tests::bot::Bot;
use sabai_tests::line::Endpoint;
use sabai_tests::line::faults::Match;
use sabai_tests::line::hold::Stage;
use sabai_tests::wait::eventually;
use sabai_tests::webhook::{Chat, Event};

use super::scene::{LIMIT, Scene, options};

async fn is_not_ready(bot: &Bot) {
    eventually(LIMIT, "the bot to be not ready", async || {
        match bot.admin_page("/readyz").await {
            Ok((503, body)) if body.contains("stopping") => Ok(()),
            other => Err(format!("{other:?}")),
        }
    })
    .await;
}

/// Delivers until the bot no longer takes it; returns the last status, if there was one.
async fn until_refused(scene: &Scene, bot: &Bot, customer: &str) -> (Vec<Event>, Option<u16>) {
    let mut taken = Vec::new();
    let end = Instant::now() + LIMIT;
    loop {
        let event = Event::text(customer, "hello");
        let delivery = scene.try_deliver(bot, std::slice::from_ref(&event)).await;
        match delivery.outcome {
            Ok(200) => taken.push(event),
            refused => return (taken, refused.ok()),
        }
        assert!(Instant::now() < end, "webhooks are taken for ever");
    }
}

#[tokio::test]
async fn a_stop_under_load_loses_nothing_and_another_bot_goes_on() {
    let scene = Scene::new(options()).await;
    let (first, second) = tokio::join!(scene.bot(), scene.bot());
    for number in 0..20 {
        scene.text(&first, &format!("customer {number}")).await;
    }
    let asked = Instant::now();
    first.ask_to_stop();
    is_not_ready(&first).await;
    let (taken, refused) = until_refused(&scene, &first, "ann").await;
    let accepting = asked.elapsed();
    assert!(
        !taken.is_empty(),
        "webhooks are taken while the endpoints catch up"
    );
    assert!(accepting > Duration::from_millis(2_500), "{accepting:?}");
    assert!(matches!(refused, None | Some(503)), "{refused:?}");
    let status = first.ended(LIMIT).await.expect("it ends");
    assert_eq!(status.code(), Some(0));
    scene.is_sound().await;
    for event in &taken {
        scene.ends_as(event, "answered").await;
    }
    drop(second);
}

#[tokio::test]
async fn a_stop_finishes_what_it_has_begun_and_gives_the_rest_back_uncounted() {
    let scene = Scene::new(options().env("SABAI_LEASE", "60s")).await;
    let bot = scene.bot().await;
    let ann = Match::endpoint(Endpoint::Reply).about(Chat::with("ann").id());
    let hold = scene.world.line.hold(ann, Stage::BeforeReading);
    let events = [0, 1, 2].map(|_| Event::text("ann", "hello"));
    scene.deliver(&bot, &events).await;
    hold.reached().await;
    bot.ask_to_stop();
    is_not_ready(&bot).await;
    let late = scene.text(&bot, "ben").await;
    hold.release();
    let status = bot.ended(LIMIT).await.expect("it ends");
    assert_eq!(status.code(), Some(0));
    scene.ends_as(&events[0], "answered").await;
    assert_eq!(scene.accepted(&late), 0, "stored unclaimed");
    let free = "SELECT count(*) FROM lane WHERE token IS NULL AND until <= now()";
    assert_eq!(scene.count(free).await, 2);
    assert_eq!(scene.count("SELECT count(*) FROM lane").await, 2);
    let waiting = "SELECT count(*) FROM event WHERE lane LIKE '%$'";
    let waiting = waiting.replace('$', Chat::with("ann").id());
    assert_eq!(scene.count(&waiting).await, 2);
    let counted = "SELECT count(*) FROM event WHERE attempts > 0";
    assert_eq!(scene.count(counted).await, 0);
    let next = scene.bot().await;
    scene.is_sound().await;
    scene.ends_as(&late, "answered").await;
    drop(next);
}

#[tokio::test]
async fn a_second_signal_ends_it_at_once() {
    let scene = Scene::new(options().env("SABAI_LEASE", "60s")).await;
    let bot = scene.bot().await;
    let hold = scene
        .world
        .line
        .hold(Match::endpoint(Endpoint::Reply), Stage::BeforeReading);
    let event = scene.text(&bot, "ann").await;
    hold.reached().await;
    bot.ask_to_stop();
    is_not_ready(&bot).await;
    let asked = Instant::now();
    bot.ask_to_stop();
    let status = bot.ended(LIMIT).await.expect("it ends");
    assert!(
        asked.elapsed() < Duration::from_secs(2),
        "{:?}",
        asked.elapsed()
    );
    assert!(!status.success(), "{status}");
    assert_eq!(scene.turn(&event).await, None);
}
