//! What is no message and no profile: access tokens, loading animation, the webhook's setting.

use std::time::Duration;

use sabai_tests::line::Options;
use sabai_tests::webhook::id;
use serde_json::json;

use super::caller::channel;

#[tokio::test]
async fn only_the_channels_tokens_are_let_in() {
    let caller = channel(Options::default()).await;
    let stateless = caller.access_token().await;
    assert_eq!(
        caller
            .clone()
            .with_token("wrong")
            .get("/v2/bot/info")
            .await
            .status,
        401
    );
    let caller = caller.with_token(&stateless);
    assert_eq!(
        caller.get("/v2/bot/info").await.json["userId"],
        caller.line.options().bot_user_id
    );
    caller.line.expire_access_tokens();
    assert_eq!(caller.get("/v2/bot/info").await.status, 401);
    let short = channel(Options {
        access_token_life: Duration::ZERO,
        ..Options::default()
    })
    .await;
    let stateless = short.access_token().await;
    assert_eq!(
        short
            .with_token(&stateless)
            .get("/v2/bot/info")
            .await
            .status,
        401
    );
}

#[tokio::test]
async fn loading_and_settings() {
    let caller = channel(Options::default()).await;
    let ann = id::user("ann");
    for (body, status) in [
        (json!({ "chatId": ann }), 202),
        (json!({ "chatId": ann, "loadingSeconds": 60 }), 202),
        (json!({ "chatId": ann, "loadingSeconds": 61 }), 400),
        (json!({ "chatId": id::group("family") }), 400),
    ] {
        assert_eq!(
            caller
                .post("/v2/bot/chat/loading/start", &body, None)
                .await
                .status,
            status,
            "{body}"
        );
    }
    let setting = "/v2/bot/channel/webhook/endpoint";
    assert_eq!(caller.get(setting).await.status, 404);
    caller
        .line
        .set_webhook_endpoint("https://bot.example/callback", false);
    assert_eq!(
        caller.get(setting).await.json,
        json!({ "endpoint": "https://bot.example/callback", "active": false })
    );
    assert_eq!(caller.get("/v2/bot/followers/ids").await.status, 404);
}
