//! Pushes that are not made because they come too late or cost too much: unanswered, and seen.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sabai_tests::bot::Bot;
use sabai_tests::line::Endpoint;
use sabai_tests::webhook::Event;

use super::scene::{Scene, pushing};

const REPLY: Endpoint = Endpoint::Reply;

async fn unanswered(scene: &Scene, bot: &Bot, event: &Event, reason: &str) {
    let turn = scene.ends_as(event, "unanswered").await;
    assert_eq!(turn.reason.as_deref(), Some(reason));
    assert_eq!(scene.calls(event), [(REPLY, Some(400))]);
    let ended = [("outcome", "unanswered")];
    scene.metric(bot, "sabai_events_total", &ended, 1.0).await;
}

#[tokio::test]
async fn an_event_that_is_too_old_is_not_pushed() {
    let scene = Scene::new(pushing().env("SABAI_PUSH_MAX_AGE", "60s")).await;
    let bot = scene.bot().await;
    let fresh = scene.text(&bot, "ann").await;
    scene.ends_as(&fresh, "answered").await;
    let before = SystemTime::now() - Duration::from_secs(61);
    let millis = before.duration_since(UNIX_EPOCH).expect("after 1970");
    let millis = u64::try_from(millis.as_millis()).expect("a date of ours");
    let old = Event::text("ben", "hello").at(millis);
    scene.deliver(&bot, std::slice::from_ref(&old)).await;
    unanswered(&scene, &bot, &old, "too_old").await;
}

#[tokio::test]
async fn pushes_end_with_the_month_s_budget() {
    let scene = Scene::new(pushing().env("SABAI_PUSH_MONTHLY_BUDGET", "1")).await;
    let bot = scene.bot().await;
    let paid = scene.text(&bot, "ann").await;
    let turn = scene.ends_as(&paid, "answered").await;
    assert_eq!(turn.sent_by.as_deref(), Some("push"));
    let unpaid = scene.text(&bot, "ben").await;
    unanswered(&scene, &bot, &unpaid, "budget").await;
    assert_eq!(scene.world.line.quota_used(), 1);
}

#[tokio::test]
async fn with_a_budget_of_none_nothing_is_pushed() {
    let scene = Scene::new(pushing().env("SABAI_PUSH_MONTHLY_BUDGET", "0")).await;
    let bot = scene.bot().await;
    let unpaid = scene.text(&bot, "ann").await;
    unanswered(&scene, &bot, &unpaid, "budget").await;
}

#[tokio::test]
async fn a_month_does_not_pay_for_the_pushes_of_another() {
    let scene = Scene::new(pushing().env("SABAI_PUSH_MONTHLY_BUDGET", "1")).await;
    let bot = scene.bot().await;
    scene
        .execute("INSERT INTO push_month (month, pushes) VALUES ('2020-02-01', 1)")
        .await;
    let event = scene.text(&bot, "ann").await;
    scene.ends_as(&event, "answered").await;
    assert_eq!(scene.world.line.quota_used(), 1);
}
