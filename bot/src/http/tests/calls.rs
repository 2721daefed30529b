//! What is answered to which call, and what reaches intake.

use std::sync::atomic::Ordering;
use std::time::Duration;

use super::bot::{Bot, SECRET, Settings, post, sign, signed};
use crate::event::kind::Kind;
use crate::event::samples;
use crate::http::signature::Keys;
use crate::intake::submission::Refusal;

const EMPTY: &str = r#"{"destination":"U8e742f61d673b39c7fff3cecb7536ef0","events":[]}"#;

#[tokio::test]
async fn a_call_of_all_twenty_types_reaches_intake_whole() {
    let mut bot = Bot::start(Settings::default()).await;
    let mut client = bot.connect().await;
    let body = samples::call();
    let trace = "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n";
    let signature = sign(SECRET, body.as_bytes());
    client
        .send(post(
            &format!("{trace}X-LiNe-SiGnAtUrE: {signature}\r\n"),
            body.as_bytes(),
        ))
        .await;
    let call = bot.submitted().await;
    assert_eq!(call.webhook.body, body.as_bytes());
    assert_eq!(call.webhook.signature, signature.as_bytes());
    assert_eq!(
        call.webhook.trace.to_string(),
        "0af7651916cd43dd8448eb211c80319c"
    );
    assert_eq!(
        call.webhook
            .memory
            .as_ref()
            .map(|share| share.num_permits()),
        Some(body.len().div_ceil(1024))
    );
    for (ordinal, (event, (kind, json))) in call
        .webhook
        .events
        .iter()
        .zip(samples::of_every_kind())
        .enumerate()
    {
        assert_eq!(
            (event.ordinal as usize, event.body.as_slice()),
            (ordinal, json.as_bytes())
        );
        assert_eq!(event.read.as_ref().expect("readable").kind, kind);
    }
    assert_eq!(call.webhook.events.len(), Kind::ALL.len());
    assert!(bot.statuses().is_empty(), "answered before intake did");
    call.done.send(Ok(())).expect("awaited");
    assert_eq!(client.response().await.status, 200);
    assert_eq!(bot.statuses(), [200]);
}

#[tokio::test]
async fn unsigned_calls_leave_no_trace() {
    let mut bot = Bot::start(Settings::default()).await;
    let body = samples::call();
    let wrong = sign("another secret", body.as_bytes());
    let of_another_body = sign(SECRET, b"{}");
    for headers in [
        String::new(),
        "x-line-signature: \r\n".to_owned(),
        "x-line-signature: not base64!\r\n".to_owned(),
        "x-line-signature: AAAA\r\n".to_owned(),
        format!("x-line-signature: {wrong}\r\n"),
        format!("x-line-signature: {of_another_body}\r\n"),
    ] {
        for body in [body.as_bytes(), EMPTY.as_bytes(), b"not JSON", b""] {
            let response = bot.exchange(post(&headers, body)).await;
            assert_eq!(response.status, 401, "{headers:?}");
        }
    }
    assert!(bot.nothing_was_submitted());
    assert_eq!(bot.statuses(), [401; 24]);
}

#[tokio::test]
async fn a_rotated_secret_is_taken_at_once_and_the_old_one_beside_it() {
    let bot = Bot::start(Settings::default()).await;
    let with = |secret: &str| {
        post(
            &format!("x-line-signature: {}\r\n", sign(secret, EMPTY.as_bytes())),
            EMPTY.as_bytes(),
        )
    };
    assert_eq!(bot.exchange(with("new")).await.status, 401);
    bot.keys.send(Keys::new([SECRET, "new"])).expect("in use");
    assert_eq!(bot.exchange(with("new")).await.status, 200);
    assert_eq!(bot.exchange(with(SECRET)).await.status, 200);
    bot.keys.send(Keys::new(["new"])).expect("in use");
    assert_eq!(bot.exchange(with(SECRET)).await.status, 401);
}

#[tokio::test]
async fn a_call_without_events_needs_no_intake() {
    let mut bot = Bot::start(Settings::default()).await;
    bot.intake.close();
    for body in [EMPTY, "{}", r#"{"events":null}"#] {
        assert_eq!(bot.exchange(signed(body)).await.status, 200, "{body}");
    }
    assert_eq!(bot.exchange(signed(samples::call())).await.status, 503);
}

#[tokio::test]
async fn signed_bodies_that_are_no_calls_are_stored_whole() {
    let mut bot = Bot::start(Settings::default()).await;
    let intake = bot.answer_all(Ok(()));
    let bodies = [
        &b"not JSON"[..],
        b"\xff\xfe",
        b"[]",
        b"7",
        b"",
        b"{\"events\":{}}",
    ];
    for body in bodies {
        assert_eq!(bot.exchange(signed(body)).await.status, 200);
    }
    bot.stop.cancel();
    bot.server.await.expect("stops");
    let calls = intake.await.expect("ends");
    let stored: Vec<_> = calls.iter().map(|call| &call.webhook.events[..]).collect();
    assert_eq!(stored.len(), bodies.len());
    for (events, body) in stored.iter().zip(bodies) {
        assert_eq!(events.len(), 1);
        assert_eq!(events[0].body, body);
        assert!(events[0].read.is_err());
    }
}

#[tokio::test]
async fn other_paths_and_methods_are_told_what_is_there() {
    let mut bot = Bot::start(Settings::default()).await;
    for (line, status, allow) in [
        ("GET /callback", 405, Some("POST")),
        ("PUT /callback", 405, Some("POST")),
        ("OPTIONS /callback", 405, Some("POST")),
        ("BREW /callback", 405, Some("POST")),
        ("POST /", 404, None),
        ("POST /callback/", 404, None),
        ("POST /Callback", 404, None),
        ("GET /metrics", 404, None),
    ] {
        let request = format!("{line} HTTP/1.1\r\nhost: bot\r\n\r\n");
        let response = bot.exchange(request).await;
        assert_eq!(
            (response.status, response.header("allow")),
            (status, allow),
            "{line}"
        );
    }
    assert!(bot.nothing_was_submitted());
    assert_eq!(bot.statuses(), [405, 405, 405, 405, 404, 404, 404, 404]);
}

#[tokio::test]
async fn what_intake_refuses_is_503_and_to_be_tried_again() {
    for refusal in [
        Refusal::Late,
        Refusal::Full,
        Refusal::Stopping,
        Refusal::Unavailable("refused"),
    ] {
        let mut bot = Bot::start(Settings::default()).await;
        bot.answer_all(Err(refusal));
        let response = bot.exchange(signed(samples::call())).await;
        assert_eq!(
            (response.status, response.header("retry-after")),
            (503, Some("1")),
            "{refusal}"
        );
        assert_eq!(bot.statuses(), [503]);
    }
}

#[tokio::test]
async fn an_intake_that_is_silent_full_or_gone_is_503() {
    let settings = Settings {
        answer_within: Duration::from_millis(50),
        waiting: 1,
        ..Settings::default()
    };
    let mut bot = Bot::start(settings).await;
    assert_eq!(
        bot.exchange(signed(samples::call())).await.status,
        503,
        "silent"
    );
    assert_eq!(
        bot.exchange(signed(samples::call())).await.status,
        503,
        "full"
    );
    assert!(bot.intake.recv().await.is_some());
    assert!(bot.nothing_was_submitted(), "the second one was not let in");

    let mut client = bot.connect().await;
    client.send(signed(samples::call())).await;
    drop(bot.submitted().await);
    assert_eq!(client.response().await.status, 503, "dropped");
    bot.intake.close();
    assert_eq!(
        bot.exchange(signed(samples::call())).await.status,
        503,
        "gone"
    );
}

#[tokio::test]
async fn a_draining_bot_takes_nothing_and_closes() {
    let mut bot = Bot::start(Settings::default()).await;
    bot.draining.store(true, Ordering::Relaxed);
    let mut client = bot.connect().await;
    client.send(signed(samples::call())).await;
    let response = client.response().await;
    assert_eq!(
        (response.status, response.header("retry-after")),
        (503, Some("1"))
    );
    assert_eq!(response.header("connection"), Some("close"));
    assert_eq!(response.body, "stopping\n");
    client.closed().await;
    assert!(bot.nothing_was_submitted());
}

/// Peers try whether we can take what they cannot: their tries say nothing of how LINE is served.
#[tokio::test]
async fn what_a_peer_is_answered_is_not_counted_among_the_answers_to_line() {
    let mut bot = Bot::start(Settings::default()).await;
    let _calls = bot.answer_all(Err(Refusal::Unavailable("Postgres is away")));
    let body = samples::call();
    let signature = sign(SECRET, body.as_bytes());
    for (hop, counted) in [
        ("sabai-hop: own\r\n", 0),
        ("sabai-hop: other\r\n", 0),
        ("", 1),
    ] {
        let heads = format!("{hop}x-line-signature: {signature}\r\n");
        let response = bot.exchange(post(&heads, body.as_bytes())).await;
        assert_eq!(response.status, 503, "{hop}");
        assert_eq!(bot.statuses().len(), counted, "{hop}");
    }
}
