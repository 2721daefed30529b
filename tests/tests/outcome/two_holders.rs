//! A lane that was lost and has another holder, while what was begun under the old token goes on. Both may stand in one
//! batch, when the lane comes back to the same process; each is told its own, and the holder alone decides.

use sabai_tests::line::Endpoint;
use sabai_tests::line::faults::{Action, Match};
use sabai_tests::line::hold::Stage;
use sabai_tests::webhook::Chat;

use super::jam::Jam;
use super::scene::{Scene, pushing};

const REPLY: Endpoint = Endpoint::Reply;

/// As when another pod had taken the lane over: its holder gives it back.
async fn is_given_back(scene: &Scene) {
    let ann = Chat::with("ann");
    let free = format!(
        "UPDATE lane SET token = NULL, owner = NULL, until = now() WHERE lane LIKE '%{}'",
        ann.id()
    );
    scene.execute(&free).await;
}

/// The same bot has claimed it again, under a new token.
async fn comes_back(scene: &Scene) {
    let attempts = "SELECT sum(attempts) FROM event";
    let before = scene.count(attempts).await;
    is_given_back(scene).await;
    scene.counts(attempts, before + 1).await;
}

#[tokio::test]
async fn of_two_that_begin_an_event_in_one_batch_the_holder_alone_sends() {
    let jam = Jam::at("outbox").await;
    let event = jam.scene.text(&jam.bot, "ann").await;
    let asked = ("sabai_answers_total", [("outcome", "answered")]);
    jam.scene.metric(&jam.bot, asked.0, &asked.1, 2.0).await;
    comes_back(&jam.scene).await;
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
    comes_back(&jam.scene).await;
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

#[tokio::test]
async fn who_has_lost_the_lane_does_not_push_before_the_next_holder_has_done_anything() {
    let scene = Scene::new(pushing().env("SABAI_LEASE", "60s")).await;
    let bot = scene.bot().await;
    let replies = Match::endpoint(REPLY);
    let hold = scene.world.line.hold(replies, Stage::AfterAccepting);
    let event = scene.text(&bot, "ann").await;
    hold.reached().await;
    scene
        .execute("UPDATE lane SET token = gen_random_uuid()")
        .await;
    hold.release();
    scene.works(&bot).await;
    assert_eq!(scene.calls(&event), [(REPLY, Some(400))]);
    // For all that whoever comes next can know, this reply was accepted.
    is_given_back(&scene).await;
    scene.ends_as(&event, "unknown").await;
    let expected = [(REPLY, Some(400)), (REPLY, Some(400))];
    assert_eq!(scene.calls(&event), expected, "no push");
}

#[tokio::test]
async fn an_acceptance_that_is_written_after_the_last_look_is_believed() {
    let jam = Jam::at("turn").await;
    jam.scene.once(REPLY, Action::FailAfter);
    let event = jam.scene.text(&jam.bot, "ann").await;
    let calls = ("sabai_line_requests_total", [("endpoint", "reply")]);
    jam.scene.metric(&jam.bot, calls.0, &calls.1, 3.0).await;
    // Time for the holder to look once more and come to the jam: a whole answer takes longer.
    let other = jam.scene.text(&jam.bot, "ben").await;
    jam.scene.metric(&jam.bot, calls.0, &calls.1, 4.0).await;
    let fact =
        "UPDATE outbox SET accepted_at = now(), request_id = 'another' WHERE reply_attempts = 2";
    jam.scene.execute(fact).await;
    let (scene, _bot) = jam.clear().await;
    let turn = scene.ends_as(&event, "answered").await;
    assert_eq!(
        (turn.reason, turn.sent_by.as_deref()),
        (None, Some("reply"))
    );
    assert_eq!(turn.request_id.as_deref(), Some("another"));
    scene.ends_as(&other, "answered").await;
    scene.is_sound().await;
}
