//! Listed, shown, worked again, dropped.

use sabai_tests::line::Endpoint;
use sabai_tests::line::faults::Match;
use sabai_tests::line::hold::Stage;
use sabai_tests::wait::eventually;
use sabai_tests::webhook::Event;

use super::scene::{LIMIT, POISON, Scene, words};

#[tokio::test]
async fn listed_and_shown_without_customers_texts_unless_asked() {
    let scene = Scene::new().await;
    let bot = scene.bot().await;
    let (events, ids) = scene.exhausted(&bot, &["ann"]).await;
    let customer = events[0].json()["source"]["userId"].to_string();
    let customer = customer.trim_matches('"');
    let id = ids[0];
    for words in [
        "dead-letters list".to_owned(),
        "dead-letters list --json".to_owned(),
        format!("dead-letters show {id}"),
        format!("dead-letters show {id} --json"),
    ] {
        let shown = scene.told(&words, 0).await;
        assert!(shown.contains("attempts_exhausted"), "{words}: {shown}");
        assert!(shown.contains(&id.to_string()), "{words}: {shown}");
        let private = shown.contains(POISON) || shown.contains(customer);
        assert!(!private, "{words}: {shown}");
        let shown = scene.told(&format!("{words} --text"), 0).await;
        assert!(
            shown.contains(POISON) && shown.contains(customer),
            "{words}: {shown}"
        );
    }
    let listed = scene.json("dead-letters list", 0).await;
    assert_eq!(listed[0]["kind"], "message/text");
    assert!(listed[0]["requeue_refused"].is_null(), "{listed:?}");
    for (filter, count) in [
        ("--reason refused", 0),
        ("--reason attempts_exhausted", 1),
        ("--older-than 1h", 0),
        ("--older-than 0s", 1),
        ("--limit 1", 1),
    ] {
        let listed = scene.json(&format!("dead-letters list {filter}"), 0).await;
        assert_eq!(listed.len(), count, "{filter}");
    }
}

#[tokio::test]
async fn requeued_it_is_answered_once_however_often_it_is_asked_for() {
    let scene = Scene::new().await;
    let bot = scene.bot().await;
    let customers: Vec<String> = (0..12).map(|n| format!("customer {n}")).collect();
    let customers: Vec<&str> = customers.iter().map(String::as_str).collect();
    let (events, ids) = scene.exhausted(&bot, &customers).await;
    scene.allow("outbox").await;
    let all = format!("dead-letters requeue {}", words(&ids));
    let by_filter = "dead-letters requeue --all --yes --reason attempts_exhausted";
    let runs = tokio::join!(
        scene.run(&all),
        scene.run(&all),
        scene.run(by_filter),
        scene.run(&all),
    );
    let outputs = [runs.0, runs.1, runs.2, runs.3].map(|ended| ended.output);
    for event in &events {
        scene.ends_as(event, "answered").await;
        assert_eq!(scene.accepted(event), 1);
    }
    let requeued: usize = outputs
        .iter()
        .map(|output| output.matches(": requeued").count())
        .sum();
    assert_eq!(requeued, ids.len(), "each once: {outputs:?}");
    assert_eq!(scene.dead_letters().await, [] as [i64; 0]);
    nothing_waits(&scene).await;
    let report = scene.world.settled(LIMIT).await;
    assert!(report.is_sound(), "{report}");
    let shown = scene.told(&all, 1).await;
    assert!(
        shown.contains("no dead letter has this id (any more)"),
        "{shown}"
    );
}

#[tokio::test]
async fn requeued_into_a_lane_that_is_held_it_is_worked_by_its_holder_and_waits_until_then() {
    let scene = Scene::new().await;
    let bot = scene.bot().await;
    let (events, ids) = scene.exhausted(&bot, &["ann"]).await;
    scene.allow("outbox").await;
    let replies = Match::endpoint(Endpoint::Reply);
    let hold = scene.world.line.hold(replies, Stage::BeforeReading);
    let next = Event::text("ann", "hello");
    scene.deliver(&bot, std::slice::from_ref(&next)).await;
    hold.reached().await;
    for outcome in ["requeued", "waiting"] {
        let told = scene
            .json(&format!("dead-letters requeue {}", ids[0]), 0)
            .await;
        assert_eq!(told[0]["outcome"], outcome, "{told:?}");
    }
    hold.release();
    for event in [&events[0], &next] {
        scene.ends_as(event, "answered").await;
        assert_eq!(scene.accepted(event), 1);
    }
    nothing_waits(&scene).await;
}

#[tokio::test]
async fn without_a_bot_it_waits_in_its_old_place() {
    let scene = Scene::new().await;
    let bot = scene.bot().await;
    let (events, ids) = scene.exhausted(&bot, &["ann"]).await;
    bot.terminate().await.expect("it stops");
    scene.allow("outbox").await;
    scene
        .told(&format!("dead-letters requeue {}", ids[0]), 0)
        .await;
    let as_new = "SELECT count(*) FROM event e JOIN lane l USING (lane)
        WHERE e.attempts = 0 AND l.token IS NULL AND l.until <= clock_timestamp()";
    assert_eq!(scene.count(as_new).await, 1);
    assert_eq!(
        scene.count("SELECT count(*) FROM turn").await,
        0,
        "it is not dead any more"
    );
    let _bot = scene.bot().await;
    scene.ends_as(&events[0], "answered").await;
    let report = scene.world.settled(LIMIT).await;
    assert!(report.is_sound(), "{report}");
}

#[tokio::test]
async fn dropped_it_is_gone_and_the_conversation_keeps_its_turn() {
    let scene = Scene::new().await;
    let bot = scene.bot().await;
    let (events, ids) = scene.exhausted(&bot, &["ann", "ben", "cat"]).await;
    let shown = scene
        .told(&format!("dead-letters drop {}", ids[0]), 0)
        .await;
    assert!(shown.contains("1 dead letter dropped"), "{shown}");
    let told = scene
        .json(&format!("dead-letters drop {} {}", ids[0], ids[1]), 1)
        .await;
    assert_eq!(told[0]["dropped"][0], ids[1]);
    assert_eq!(told[0]["unknown"][0], ids[0]);
    let shown = scene.told("dead-letters drop --all", 1).await;
    assert!(
        shown.contains("would drop 1 dead letter") && shown.contains("--yes"),
        "{shown}"
    );
    assert_eq!(scene.dead_letters().await, [ids[2]]);
    scene
        .told("dead-letters drop --all --yes --older-than 1h", 0)
        .await;
    assert_eq!(scene.dead_letters().await, [ids[2]]);
    scene.told("dead-letters drop --all --yes", 0).await;
    assert_eq!(scene.dead_letters().await, [] as [i64; 0]);
    for event in &events {
        scene.ends_as(event, "dead_letter").await;
    }
}

async fn nothing_waits(scene: &Scene) {
    eventually(LIMIT, "no event and no lane to be left", async || {
        let sql = "SELECT (SELECT count(*) FROM event) + (SELECT count(*) FROM lane)";
        match scene.count(sql).await {
            0 => Ok(()),
            left => Err(format!("{left} events and lanes")),
        }
    })
    .await;
}
