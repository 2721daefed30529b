//! Calls of which nobody can tell what became of them (line.md section 7, items 14 and 17): the same call again and
//! only that, and `unknown` when that does not tell either.

use sabai_tests::line::Endpoint;
use sabai_tests::line::faults::{Action, Refusal};
use sabai_tests::webhook::Event;

use super::scene::{Scene, options, pushing};

const REPLY: Endpoint = Endpoint::Reply;
const PUSH: Endpoint = Endpoint::Push;

/// One event whose first call to `endpoint` meets `action`.
async fn met(endpoint: Endpoint, action: Action) -> (Scene, Event) {
    let options = if endpoint == PUSH {
        pushing()
    } else {
        options()
    };
    let scene = Scene::new(options).await;
    let bot = scene.bot().await;
    scene.once(endpoint, action);
    let event = scene.text(&bot, "ann").await;
    scene.end(&event).await;
    bot.kill().await;
    (scene, event)
}

/// Not accepted the first time: the same bytes again are the answer.
async fn answered_by_the_same_reply(action: Action, status: Option<u16>) {
    let (scene, event) = met(REPLY, action).await;
    scene.ends_as(&event, "answered").await;
    assert_eq!(scene.calls(&event), [(REPLY, status), (REPLY, Some(200))]);
    let calls = scene.calls_in_full(&event);
    assert_eq!(calls[0].body, calls[1].body);
    assert_eq!(scene.accepted(&event), 1);
}

/// Accepted the first time: LINE refuses the same token, and that does not tell why.
async fn unknown_without_a_push(action: Action, status: Option<u16>) {
    let (scene, event) = met(REPLY, action).await;
    let turn = scene.ends_as(&event, "unknown").await;
    assert_eq!(turn.reason.as_deref(), Some("unknown"));
    assert_eq!(scene.calls(&event), [(REPLY, status), (REPLY, Some(400))]);
    assert_eq!(scene.accepted(&event), 1);
    scene.is_sound().await;
}

/// Whatever became of the first push: the retry key makes it one message.
async fn pushed_once(action: Action, second: u16) {
    let (scene, event) = met(PUSH, action).await;
    let turn = scene.ends_as(&event, "answered").await;
    assert_eq!(turn.sent_by.as_deref(), Some("push"));
    let calls = scene.calls_in_full(&event);
    let accepted = scene.world.line.accepted_for(&event.id);
    assert_eq!((accepted.len(), calls.len()), (1, 3));
    assert_eq!(calls[2].status, Some(second));
    assert_eq!(
        (calls[1].retry_key, &calls[1].body),
        (calls[2].retry_key, &calls[2].body)
    );
    assert_eq!(turn.request_id.as_deref(), Some(&*accepted[0].request_id));
}

#[tokio::test]
async fn after_500_the_same_reply_is_sent_again() {
    answered_by_the_same_reply(Action::Refuse(Refusal::ServerError), Some(500)).await;
}

#[tokio::test]
async fn after_503_the_same_reply_is_sent_again() {
    answered_by_the_same_reply(Action::Refuse(Refusal::Unavailable), Some(503)).await;
}

#[tokio::test]
async fn after_a_reset_before_line_read_it_the_same_reply_is_sent_again() {
    answered_by_the_same_reply(Action::ResetBefore, None).await;
}

#[tokio::test]
async fn after_the_deadline_the_same_reply_is_sent_again() {
    answered_by_the_same_reply(Action::HangBefore, None).await;
}

#[tokio::test]
async fn accepted_and_told_500_it_is_unknown_and_not_pushed() {
    unknown_without_a_push(Action::FailAfter, Some(500)).await;
}

#[tokio::test]
async fn accepted_and_reset_it_is_unknown_and_not_pushed() {
    unknown_without_a_push(Action::ResetAfter, None).await;
}

#[tokio::test]
async fn accepted_and_never_answered_it_is_unknown_and_not_pushed() {
    unknown_without_a_push(Action::HangAfter, None).await;
}

#[tokio::test]
async fn an_invalid_token_after_an_unclear_call_is_unknown_even_if_line_took_nothing() {
    let scene = Scene::new(options()).await;
    let bot = scene.bot().await;
    scene.once(REPLY, Action::Refuse(Refusal::ServerError));
    scene.once(REPLY, Action::Refuse(Refusal::InvalidReplyToken));
    let event = scene.text(&bot, "ann").await;
    scene.ends_as(&event, "unknown").await;
    assert_eq!(
        scene.calls(&event),
        [(REPLY, Some(500)), (REPLY, Some(400))]
    );
    let ended = [("outcome", "unknown")];
    scene.metric(&bot, "sabai_events_total", &ended, 1.0).await;
}

#[tokio::test]
async fn a_push_told_500_before_it_was_accepted_is_sent_again() {
    pushed_once(Action::Refuse(Refusal::ServerError), 200).await;
}

#[tokio::test]
async fn a_push_told_500_after_it_was_accepted_ends_with_409_as_answered() {
    pushed_once(Action::FailAfter, 409).await;
}

#[tokio::test]
async fn a_push_reset_after_it_was_accepted_ends_with_409_as_answered() {
    pushed_once(Action::ResetAfter, 409).await;
}

#[tokio::test]
async fn a_push_that_was_never_answered_ends_with_409_as_answered() {
    pushed_once(Action::HangAfter, 409).await;
}
