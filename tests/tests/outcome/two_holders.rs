//! Two holders of one lane in one batch: a lane that was lost and comes back to the same process, while what it had begun
//! under the old token still waits. Each holder is told its own: one accepted message.

use sabai_tests::line::Endpoint;
use sabai_tests::webhook::{Chat, Event};

use super::jam::Jam;
use super::scene::Scene;

const REPLY: Endpoint = Endpoint::Reply;

/// As when another pod took the lane over and gave it back: the bot claims it again, under a new token.
async fn comes_back(scene: &Scene, event: &Event) {
    let before = attempts(scene).await;
    let ann = Chat::with("ann");
    let free = format!(
        "UPDATE lane SET token = NULL, owner = NULL, until = now() WHERE lane LIKE '%{}'",
        ann.id()
    );
    scene.execute(&free).await;
    let claimed = "SELECT sum(attempts) FROM event";
    scene.counts(claimed, before + 1).await;
    assert_eq!(scene.turn(event).await, None, "nobody has settled it yet");
}

async fn attempts(scene: &Scene) -> i64 {
    scene.count("SELECT sum(attempts) FROM event").await
}

#[tokio::test]
async fn of_two_that_begin_an_event_in_one_batch_the_holder_alone_sends() {
    let jam = Jam::at("outbox").await;
    let event = jam.scene.text(&jam.bot, "ann").await;
    let asked = ("sabai_answers_total", [("outcome", "answered")]);
    jam.scene.metric(&jam.bot, asked.0, &asked.1, 2.0).await;
    comes_back(&jam.scene, &event).await;
    jam.scene.metric(&jam.bot, asked.0, &asked.1, 3.0).await;
    let (scene, bot) = jam.clear().await;
    scene.ends_as(&event, "answered").await;
    scene.works(&bot).await;
    assert_eq!(scene.calls(&event), [(REPLY, Some(200))]);
    scene.is_sound().await;
}

#[tokio::test]
async fn of_two_that_settle_an_event_in_one_batch_the_one_that_knows_is_heard() {
    let jam = Jam::at("turn").await;
    let event = jam.scene.text(&jam.bot, "ann").await;
    let calls = ("sabai_line_requests_total", [("endpoint", "reply")]);
    jam.scene.metric(&jam.bot, calls.0, &calls.1, 2.0).await;
    assert_eq!(jam.scene.calls(&event), [(REPLY, Some(200))]);
    comes_back(&jam.scene, &event).await;
    jam.scene.metric(&jam.bot, calls.0, &calls.1, 3.0).await;
    // Time for the second holder to look once more and come to the jam: a whole answer takes longer.
    let other = jam.scene.text(&jam.bot, "ben").await;
    jam.scene.metric(&jam.bot, calls.0, &calls.1, 4.0).await;
    let (scene, _bot) = jam.clear().await;
    let turn = scene.ends_as(&event, "answered").await;
    assert_eq!(turn.reason, None);
    let expected = [(REPLY, Some(200)), (REPLY, Some(400))];
    assert_eq!(scene.calls(&event), expected, "no push");
    scene.ends_as(&other, "answered").await;
    scene.is_sound().await;
}
