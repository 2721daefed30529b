//! Calls that are refused on demand, get no honest answer, or are held.

use std::time::{Duration, SystemTime};

use sabai_tests::http::Failure;
use sabai_tests::line::faults::{Action, Match, Refusal};
use sabai_tests::line::hold::Stage;
use sabai_tests::line::{Endpoint, Options};
use sabai_tests::wait::eventually;
use sabai_tests::webhook::id;

use super::caller::{Caller, channel};

async fn caller_with_token() -> (Caller, String) {
    let (caller, token) = (channel(Options::default()).await, id::token());
    caller
        .line
        .issue_reply_token(&token, "event", &id::user("ann"), SystemTime::now());
    (caller, token)
}

fn replies() -> Match {
    Match::endpoint(Endpoint::Reply)
}

#[tokio::test]
async fn a_failure_after_accepting_spends_the_token() {
    let (caller, token) = caller_with_token().await;
    caller.line.fault(replies(), Action::FailAfter, 1);
    assert_eq!(caller.reply(&token, "hello").await.status, 500);
    assert_eq!(caller.line.accepted_for("event")[0].status, Some(500));
    assert_eq!(caller.reply(&token, "hello").await.status, 400);
    assert_eq!(caller.line.accepted_for("event").len(), 1);
}

#[tokio::test]
async fn a_reset_is_seen_as_one_before_and_after_accepting() {
    let (caller, token) = caller_with_token().await;
    for (action, accepted) in [(Action::ResetBefore, 0), (Action::ResetAfter, 1)] {
        caller.line.fault(replies(), action, 1);
        let failure = caller
            .try_reply(&token, "hello")
            .await
            .expect_err("no answer");
        assert!(
            matches!(&failure, Failure::Broken(why) if why.contains("reset")),
            "{failure}"
        );
        assert_eq!(caller.line.accepted_for("event").len(), accepted);
    }
    assert_eq!(caller.line.accepted_for("event")[0].status, None);
}

#[tokio::test]
async fn a_hang_gives_no_answer() {
    for (action, accepted) in [(Action::HangBefore, 0), (Action::HangAfter, 1)] {
        let (caller, token) = caller_with_token().await;
        caller.line.fault(replies(), action, 1);
        let reply = tokio::time::timeout(
            Duration::from_millis(200),
            caller.try_reply(&token, "hello"),
        )
        .await;
        assert!(reply.is_err(), "{reply:?}");
        assert_eq!(caller.line.accepted_for("event").len(), accepted);
    }
}

#[tokio::test]
async fn a_delay_is_only_late() {
    let (caller, token) = caller_with_token().await;
    caller
        .line
        .fault(replies(), Action::Delay(Duration::from_millis(100)), 1);
    let start = std::time::Instant::now();
    assert_eq!(caller.reply(&token, "hello").await.status, 200);
    assert!(start.elapsed() >= Duration::from_millis(100));
}

#[tokio::test]
async fn a_held_call_is_not_accepted_before_and_is_after() {
    for (stage, accepted) in [(Stage::BeforeReading, 0), (Stage::AfterAccepting, 1)] {
        let (caller, token) = caller_with_token().await;
        let hold = caller.line.hold(replies(), stage);
        let held = tokio::spawn({
            let (caller, token) = (caller.clone(), token.clone());
            async move { caller.reply(&token, "hello").await.status }
        });
        hold.reached().await;
        assert_eq!(
            caller.line.accepted_for("event").len(),
            accepted,
            "{stage:?}"
        );
        assert_eq!(caller.get("/v2/bot/info").await.status, 200, "others pass");
        hold.release();
        assert_eq!(held.await.expect("no panic"), 200);
        assert_eq!(caller.line.accepted_for("event").len(), 1);
        assert_eq!(
            caller.reply(&token, "hello").await.status,
            400,
            "nothing is held any more"
        );
    }
}

#[tokio::test]
async fn an_abandoned_call_was_never_taken() {
    let (caller, token) = caller_with_token().await;
    let hold = caller.line.hold(replies(), Stage::BeforeReading);
    let held = tokio::spawn({
        let (caller, token) = (caller.clone(), token.clone());
        async move { caller.try_reply(&token, "hello").await }
    });
    hold.reached().await;
    hold.abandon();
    assert!(matches!(
        held.await.expect("no panic"),
        Err(Failure::Broken(_))
    ));
    assert_eq!(caller.reply(&token, "hello").await.status, 200);
}

#[tokio::test]
async fn a_held_call_outlives_its_sender() {
    let (caller, token) = caller_with_token().await;
    let hold = caller.line.hold(replies(), Stage::BeforeReading);
    let held = tokio::spawn({
        let (caller, token) = (caller.clone(), token.clone());
        async move { caller.try_reply(&token, "hello").await }
    });
    hold.reached().await;
    held.abort();
    assert!(held.await.expect_err("aborted").is_cancelled());
    hold.release();
    eventually(
        Duration::from_secs(5),
        "the dead sender's call to be accepted",
        async || match caller.line.accepted_for("event").len() {
            1 => Ok(()),
            count => Err(format!("{count} accepted")),
        },
    )
    .await;
}

#[tokio::test]
async fn refusals_on_demand_accept_nothing() {
    let (caller, token) = caller_with_token().await;
    for (refusal, status) in [
        (Refusal::BadRequest, 400),
        (Refusal::InvalidReplyToken, 400),
        (Refusal::Unauthorized, 401),
        (Refusal::Forbidden, 403),
        (Refusal::Conflict, 409),
        (Refusal::TooLarge, 413),
        (Refusal::RateLimited, 429),
        (Refusal::QuotaReached, 429),
        (Refusal::ServerError, 500),
        (Refusal::Unavailable, 503),
    ] {
        caller
            .line
            .fault(Match::endpoint(Endpoint::Reply), Action::Refuse(refusal), 1);
        assert_eq!(caller.reply(&token, "hello").await.status, status);
    }
    assert_eq!(
        caller.reply(&token, "hello").await.status,
        200,
        "the token was not spent"
    );
    assert_eq!(caller.line.faults_met(), 10);
}

#[tokio::test]
async fn faults_meet_only_whom_they_are_meant_for() {
    let (caller, token) = caller_with_token().await;
    let unlucky = Match::any().about(&id::user("ann"));
    caller
        .line
        .fault_until_cleared(unlucky, Action::Refuse(Refusal::ServerError));
    assert_eq!(caller.reply(&token, "hello").await.status, 500);
    assert_eq!(
        caller.push(&id::user("ann"), "hello", None).await.status,
        500
    );
    assert_eq!(
        caller.push(&id::user("ben"), "hello", None).await.status,
        200
    );
    assert_eq!(
        caller
            .get(&format!("/v2/bot/profile/{}", id::user("ann")))
            .await
            .status,
        500
    );
    caller.line.clear_faults();
    assert_eq!(
        caller.push(&id::user("ann"), "hello", None).await.status,
        200
    );
}
