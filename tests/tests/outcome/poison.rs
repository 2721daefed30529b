//! An event that cannot be worked ends as a dead letter, or as `unknown` where an answer may have gone out; the next
//! one of its conversation is answered.

use sabai_tests::bot::Bot;
use sabai_tests::line::Endpoint;
use sabai_tests::line::faults::Match;
use sabai_tests::line::hold::Stage;
use sabai_tests::webhook::Event;

use super::gate::Gate;
use super::scene::{Scene, options};

const ATTEMPTS: u32 = 2;

/// A poisoned event and its neighbour, delivered in one call.
async fn deliver(scene: &Scene, bot: &Bot) -> (Event, Event) {
    let poison = Event::text("ann", "poison");
    let next = Event::text("ann", "hello").at(poison.timestamp + 1);
    scene.deliver(bot, &[poison.clone(), next.clone()]).await;
    (poison, next)
}

/// Postgres refuses what does not pass this check.
async fn forbid(scene: &Scene, table: &str, check: &str) {
    let session = scene.world.database.superuser().await;
    let session = session.expect("Postgres is there");
    let forbid = format!("ALTER TABLE {table} ADD CHECK ({check})");
    let done = session.batch_execute(&forbid).await;
    done.expect("the table is there");
}

/// A bot that takes its own lanes back after each of its deaths.
async fn mortal() -> Scene {
    let options = options()
        .env("SABAI_LEASE", "60s")
        .env("SABAI_MAX_ATTEMPTS", ATTEMPTS.to_string());
    Scene::new(options).await
}

async fn start(scene: &Scene) -> Bot {
    let folder = scene.world.folder().join("spool").display().to_string();
    scene.bot_with(&[("SABAI_SPOOL_DIR", &folder)]).await
}

#[tokio::test]
async fn what_postgres_refuses_to_save_is_a_dead_letter_and_the_next_is_answered() {
    let scene = Scene::new(options()).await;
    let bot = scene.bot().await;
    forbid(&scene, "turn", "user_text <> 'poison'").await;
    let (poison, next) = deliver(&scene, &bot).await;
    scene.ends_as(&next, "answered").await;
    let turn = scene.ends_as(&poison, "dead_letter").await;
    assert_eq!(turn.reason.as_deref(), Some("cannot_be_saved"));
    assert_eq!(
        turn.sent_by.as_deref(),
        Some("reply"),
        "the customer was answered"
    );
    assert_eq!(scene.calls(&poison), [(Endpoint::Reply, Some(200))]);
    let kept = "SELECT count(*) FROM dead_letter WHERE body <> ''";
    assert_eq!(scene.count(kept).await, 1);
    scene.is_sound().await;
}

#[tokio::test]
async fn what_postgres_refuses_to_begin_is_buried_when_its_attempts_are_exhausted() {
    let scene = Scene::new(options().env("SABAI_MAX_ATTEMPTS", "2")).await;
    let bot = scene.bot().await;
    forbid(&scene, "outbox", "rule <> 'poison'").await;
    let (poison, next) = deliver(&scene, &bot).await;
    let turn = scene.ends_as(&poison, "dead_letter").await;
    assert_eq!(turn.reason.as_deref(), Some("attempts_exhausted"));
    assert_eq!(scene.calls(&poison), []);
    scene.ends_as(&next, "answered").await;
    scene.is_sound().await;
}

#[tokio::test]
async fn an_event_that_kills_the_process_before_anything_is_sent_is_buried() {
    let scene = mortal().await;
    let mut bot = start(&scene).await;
    let poisoned = "INSERT ON outbox FOR EACH ROW WHEN (NEW.rule = 'poison')";
    let gate = Gate::close(&scene.world.database, poisoned).await;
    let (poison, next) = deliver(&scene, &bot).await;
    for _ in 0..ATTEMPTS {
        gate.reached().await;
        bot.kill().await;
        gate.sever().await;
        bot = start(&scene).await;
    }
    let turn = scene.ends_as(&poison, "dead_letter").await;
    assert_eq!(turn.reason.as_deref(), Some("attempts_exhausted"));
    assert_eq!(scene.calls(&poison), []);
    scene.ends_as(&next, "answered").await;
    let ended = [("outcome", "dead_letter")];
    scene.metric(&bot, "sabai_events_total", &ended, 1.0).await;
    scene.metric(&bot, "sabai_dead_letters", &[], 1.0).await;
    scene.is_sound().await;
}

#[tokio::test]
async fn an_event_that_kills_the_process_while_it_is_sent_is_unknown_in_the_end() {
    let scene = mortal().await;
    let mut bot = start(&scene).await;
    let replies = || Match::endpoint(Endpoint::Reply);
    let mut hold = scene.world.line.hold(replies(), Stage::BeforeReading);
    let (poison, next) = deliver(&scene, &bot).await;
    for _ in 0..ATTEMPTS {
        hold.reached().await;
        bot.kill().await;
        hold.abandon();
        hold = scene.world.line.hold(replies(), Stage::BeforeReading);
        bot = start(&scene).await;
    }
    hold.release();
    scene.ends_as(&poison, "unknown").await;
    assert_eq!(scene.accepted(&poison), 0);
    scene.ends_as(&next, "answered").await;
    let ended = [("outcome", "unknown")];
    scene.metric(&bot, "sabai_events_total", &ended, 1.0).await;
    scene.is_sound().await;
}
