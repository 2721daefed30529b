//! How much is allowed: the month's messages, calls a second.

use sabai_tests::line::Options;
use sabai_tests::webhook::id;
use serde_json::json;

use super::caller::channel;
use super::token;

#[tokio::test]
async fn pushes_use_up_the_months_messages_and_replies_do_not() {
    let caller = channel(Options {
        monthly_limit: Some(6),
        ..Options::default()
    })
    .await;
    assert_eq!(
        caller
            .push(&id::group("family"), "hello", None)
            .await
            .status,
        200
    );
    assert_eq!(
        caller.push(&id::user("ann"), "hello", None).await.status,
        200
    );
    let refused = caller.push(&id::user("ann"), "hello", None).await;
    assert_eq!(
        (refused.status, &refused.json["message"]),
        (429, &json!("You have reached your monthly limit."))
    );
    assert_eq!(
        caller.reply(&token(&caller, "event"), "hello").await.status,
        200
    );
    assert_eq!(
        caller.get("/v2/bot/message/quota").await.json,
        json!({ "type": "limited", "value": 6 })
    );
    assert_eq!(
        caller.get("/v2/bot/message/quota/consumption").await.json,
        json!({ "totalUsage": 6 })
    );
}

#[tokio::test]
async fn calls_a_second_are_limited_for_each_endpoint() {
    let caller = channel(Options {
        rate_limit: Some(1),
        ..Options::default()
    })
    .await;
    assert_eq!(caller.get("/v2/bot/info").await.status, 200);
    assert_eq!(caller.get("/v2/bot/info").await.status, 429);
    assert_eq!(caller.get("/v2/bot/message/quota").await.status, 200);
}
