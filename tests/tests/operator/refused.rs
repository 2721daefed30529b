//! What must not be worked again stays where it is, and why is told.

use sabai_tests::line::Endpoint;
use sabai_tests::line::faults::{Action, Match, Refusal};
use sabai_tests::webhook::Event;
use sabai_tests::world::contract;

use super::scene::{POISON, Scene};

/// It stays a dead letter, and the reason says this.
async fn is_refused(scene: &Scene, id: i64, why: &str) {
    let told = scene.json(&format!("dead-letters requeue {id}"), 1).await;
    assert_eq!(told[0]["outcome"], "refused", "{told:?}");
    let reason = told[0]["reason"].as_str().unwrap_or_default();
    assert!(reason.contains(why), "{told:?}");
    assert_eq!(scene.dead_letters().await, [id]);
    assert_eq!(scene.count("SELECT count(*) FROM event").await, 0);
    let listed = scene.json("dead-letters list", 0).await;
    let told = listed[0]["requeue_refused"].as_str().unwrap_or_default();
    assert!(told.contains(why), "{listed:?}");
}

#[tokio::test]
async fn answered_and_not_saved_it_is_not_answered_again() {
    let scene = Scene::new().await;
    let bot = scene.bot().await;
    scene.forbid("turn", "user_text <> 'poison'").await;
    let event = Event::text("ann", POISON);
    scene.deliver(&bot, std::slice::from_ref(&event)).await;
    scene.ends_as(&event, "dead_letter").await;
    scene.allow("turn").await;
    let id = scene.dead_letters().await[0];
    is_refused(&scene, id, "it was answered").await;
    assert_eq!(scene.accepted(&event), 1);
}

#[tokio::test]
async fn taken_back_it_stays_taken_back() {
    let scene = Scene::new().await;
    let bot = scene.bot().await;
    let (events, ids) = scene.exhausted(&bot, &["ann"]).await;
    scene.allow("outbox").await;
    let unsend = events[0].unsent().expect("a message");
    scene.deliver(&bot, &[unsend]).await;
    is_refused(&scene, ids[0], "took the message back").await;
    let kept = contract::rows_with(&scene.world.database, POISON).await;
    assert_eq!(kept.expect("Postgres is there"), Vec::<String>::new());
    assert_eq!(scene.accepted(&events[0]), 0);
}

#[tokio::test]
async fn edited_it_is_answered_as_edited() {
    let scene = Scene::new().await;
    let bot = scene.bot().await;
    let (events, ids) = scene.exhausted(&bot, &["ann"]).await;
    // As intake leaves it when an edit comes for what is settled: the letter keeps its bytes.
    let message = events[0].message_id().expect("a message");
    let edit = "INSERT INTO amendment (message_id, unsent, text, occurred_at, applied)
        VALUES ('{message}', false, 'hello', now(), true)";
    scene.execute(&edit.replace("{message}", message)).await;
    scene
        .told(&format!("dead-letters requeue {}", ids[0]), 0)
        .await;
    // The rule that Postgres refuses is not the one any more.
    scene.ends_as(&events[0], "answered").await;
    let texts = scene
        .count("SELECT count(*) FROM turn WHERE user_text = 'hello'")
        .await;
    assert_eq!(texts, 1);
}

#[tokio::test]
async fn what_was_never_read_can_only_be_dropped() {
    let scene = Scene::new().await;
    let bot = scene.bot().await;
    let delivery = scene
        .world
        .webhook(&bot)
        .post_signed("not JSON".into())
        .await;
    assert!(delivery.acknowledged(), "{delivery:?}");
    let id = scene.dead_letters().await[0];
    is_refused(&scene, id, "could not be read").await;
    scene.told(&format!("dead-letters drop {id}"), 0).await;
    assert_eq!(scene.dead_letters().await, [] as [i64; 0]);
}

#[tokio::test]
async fn what_line_refused_for_good_may_be_tried_again() {
    let scene = Scene::new().await;
    let bot = scene.bot().await;
    let replies = Match::endpoint(Endpoint::Reply);
    scene
        .world
        .line
        .fault(replies, Action::Refuse(Refusal::Forbidden), 1);
    let event = Event::text("ann", POISON);
    scene.deliver(&bot, std::slice::from_ref(&event)).await;
    scene.ends_as(&event, "dead_letter").await;
    let id = scene.dead_letters().await[0];
    let shown = scene.told(&format!("dead-letters show {id}"), 0).await;
    assert!(
        shown.contains("status 403") && shown.contains("not known to be accepted"),
        "{shown}"
    );
    scene.told(&format!("dead-letters requeue {id}"), 0).await;
    scene.ends_as(&event, "answered").await;
    assert_eq!(scene.accepted(&event), 1);
}
