//! Replies and pushes: each token once, each retry key once, and what is refused costs nothing.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use sabai_tests::line::{Endpoint, Options};
use sabai_tests::webhook::id;
use serde_json::json;
use uuid::Uuid;

use super::caller::channel;
use super::token;

#[tokio::test]
async fn a_reply_token_is_good_once() {
    let caller = channel(Options::default()).await;
    let token = token(&caller, "event");
    let reply = caller.reply(&token, "hello").await;
    assert_eq!(reply.status, 200);
    assert_eq!(reply.json["sentMessages"].as_array().map(Vec::len), Some(1));
    assert!(!reply.request_id.is_empty());
    for token in [token.as_str(), "never issued"] {
        let refused = caller.reply(token, "hello").await;
        assert_eq!(
            (refused.status, &refused.json["message"]),
            (400, &json!("Invalid reply token"))
        );
        assert!(!refused.request_id.is_empty());
    }
    let accepted = caller.line.accepted_for("event");
    assert_eq!(accepted.len(), 1);
    assert_eq!(
        (accepted[0].texts(), &accepted[0].request_id),
        (vec!["hello".to_owned()], &reply.request_id)
    );
    assert_eq!(
        caller
            .line
            .journal(|journal| journal.to(Endpoint::Reply).count()),
        3
    );
}

#[tokio::test]
async fn a_reply_token_runs_out_and_a_redelivery_renews_it() {
    let caller = channel(Options {
        reply_token_life: Duration::ZERO,
        ..Options::default()
    })
    .await;
    assert_eq!(
        caller.reply(&token(&caller, "event"), "hello").await.status,
        400
    );
    let caller = channel(Options::default()).await;
    let token = token(&caller, "event");
    caller.line.expire_reply_tokens();
    assert_eq!(caller.reply(&token, "hello").await.status, 400);
    caller
        .line
        .issue_reply_token(&token, "event", &id::user("ann"), SystemTime::now());
    assert_eq!(caller.reply(&token, "hello").await.status, 200);
}

#[tokio::test]
async fn a_reply_with_a_retry_key_is_refused() {
    let caller = channel(Options::default()).await;
    let body = json!({ "replyToken": token(&caller, "event"), "messages": [{ "type": "text", "text": "hello" }] });
    let refused = caller
        .post(
            "/v2/bot/message/reply",
            &body,
            Some(&Uuid::new_v4().to_string()),
        )
        .await;
    assert_eq!(refused.status, 400);
    assert!(caller.line.accepted_for("event").is_empty());
}

#[tokio::test]
async fn a_known_retry_key_is_409_with_the_first_request_id() {
    let caller = channel(Options::default()).await;
    let key = Uuid::new_v4();
    caller.line.name_retry_key(key, "event");
    let first = caller
        .push(&id::user("ann"), "hello", Some(&key.to_string()))
        .await;
    let second = caller
        .push(&id::user("ann"), "hello", Some(&key.to_string()))
        .await;
    assert_eq!((first.status, second.status), (200, 409));
    assert_eq!(second.accepted_request_id.as_ref(), Some(&first.request_id));
    assert_eq!(second.json["sentMessages"], first.json["sentMessages"]);
    assert_eq!(
        (
            caller.line.accepted_for("event").len(),
            caller.line.quota_used()
        ),
        (1, 1)
    );
    caller.line.forget_retry_keys();
    assert_eq!(
        caller
            .push(&id::user("ann"), "hello", Some(&key.to_string()))
            .await
            .status,
        200,
        "a day later it sends again"
    );
    assert_eq!(caller.line.accepted_for("event").len(), 2);
    for broken in ["", "key", &key.simple().to_string()] {
        assert_eq!(
            caller
                .push(&id::user("ann"), "hello", Some(broken))
                .await
                .status,
            400,
            "{broken}"
        );
    }
    assert_eq!(
        caller.push("ann", "hello", None).await.status,
        400,
        "no LINE id"
    );
}

#[tokio::test]
async fn a_refused_message_leaves_its_token_good() {
    let caller = channel(Options::default()).await;
    let token = token(&caller, "event");
    assert_eq!(caller.reply(&token, "").await.status, 400);
    let large =
        json!({ "replyToken": token, "messages": [], "padding": "x".repeat(2 * 1024 * 1024) });
    assert_eq!(
        caller
            .post("/v2/bot/message/reply", &large, None)
            .await
            .status,
        413
    );
    assert_eq!(caller.reply(&token, "hello").await.status, 200);
}

#[tokio::test]
async fn the_journal_can_be_watched() {
    let caller = channel(Options::default()).await;
    let mut entries = caller.line.watch();
    let line = Arc::clone(&caller.line);
    let seen = tokio::spawn(async move {
        let count = *entries
            .wait_for(|&count| count > 0)
            .await
            .expect("the stand-in lives");
        line.journal(|journal| journal.since(count - 1).last().map(|call| call.texts()))
    });
    caller.reply(&token(&caller, "event"), "hello").await;
    assert_eq!(
        seen.await.expect("no panic"),
        Some(vec!["hello".to_owned()])
    );
}
