//! Bodies that are too large, too slow or too many.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;

use super::bot::{Bot, SECRET, Settings, post, sign, signed};
use super::client::Client;
use crate::http::body::BodyLimits;

const MAX: usize = 64 * 1024;

fn chunked(signature: &str) -> String {
    format!(
        "POST /callback HTTP/1.1\r\nhost: bot\r\ntransfer-encoding: chunked\r\nx-line-signature: {signature}\r\n\r\n"
    )
}

fn chunk(bytes: &[u8]) -> Vec<u8> {
    [format!("{:x}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat()
}

#[tokio::test]
async fn a_body_told_to_be_too_large_is_refused_before_it_comes() {
    let mut bot = Bot::start(Settings::default()).await;
    for length in [format!("{}", MAX + 1), "9223372036854775807".to_owned()] {
        let head =
            format!("POST /callback HTTP/1.1\r\nhost: bot\r\ncontent-length: {length}\r\n\r\n");
        let mut client = bot.connect().await;
        client.send(head).await;
        assert_eq!(client.response().await.status, 413, "{length}");
        client.closed().await;
    }
    assert!(bot.nothing_was_submitted());
}

#[tokio::test]
async fn a_body_of_exactly_the_limit_is_read() {
    let bot = Bot::start(Settings::default()).await;
    let body = format!("{{\"pad\":\"{}\"}}", "x".repeat(MAX - 10));
    assert_eq!(body.len(), MAX);
    assert_eq!(bot.exchange(signed(&body)).await.status, 200);
    let mut client = bot.connect().await;
    client.send(chunked(&sign(SECRET, body.as_bytes()))).await;
    for part in body.as_bytes().chunks(1000) {
        client.send(chunk(part)).await;
    }
    client.send("0\r\n\r\n").await;
    assert_eq!(client.response().await.status, 200);
}

#[tokio::test]
async fn a_chunked_body_is_cut_at_the_limit() {
    let mut bot = Bot::start(Settings::default()).await;
    let mut client = bot.connect().await;
    client.send(chunked("AAAA")).await;
    for _ in 0..=MAX / 1024 {
        client.try_send(&chunk(&[b'x'; 1024])).await;
    }
    assert_eq!(client.response().await.status, 413);
    assert!(bot.nothing_was_submitted());
}

/// Without reading on before closing, the kernel resets the connection while the client sends.
#[tokio::test]
async fn a_client_that_sends_on_still_gets_its_answer() {
    let bot = Bot::start(Settings::default()).await;
    for _ in 0..20 {
        let mut client = bot.connect().await;
        client.send(post("", &vec![b'x'; 4 * 1024 * 1024])).await;
        assert_eq!(client.response().await.status, 413);
        client.closed().await;
    }
}

#[tokio::test]
async fn nobody_is_invited_to_send_what_would_be_refused() {
    let bot = Bot::start(Settings::default()).await;
    let expect = |length: usize| {
        format!(
            "POST /callback HTTP/1.1\r\nhost: bot\r\nexpect: 100-continue\r\ncontent-length: {length}\r\n\r\n"
        )
    };
    assert_eq!(bot.exchange(expect(MAX + 1)).await.status, 413);
    assert_eq!(bot.exchange(expect(2)).await.status, 100);
}

#[tokio::test]
async fn a_slow_body_is_given_up() {
    let mut body = BodyLimits::new(MAX);
    body.deadline = Duration::from_millis(50);
    let mut bot = Bot::start(Settings {
        body,
        ..Settings::default()
    })
    .await;
    let whole = signed(r#"{"events":[]}"#);
    let mut client = bot.connect().await;
    client.send(&whole[..whole.len() - 1]).await;
    let response = client.response().await;
    assert_eq!(
        (response.status, response.header("connection")),
        (408, Some("close"))
    );
    client.closed().await;
    assert!(bot.nothing_was_submitted());
}

#[tokio::test]
async fn a_client_that_goes_away_is_no_fault_of_ours() {
    let mut bot = Bot::start(Settings::default()).await;
    let whole = signed(r#"{"events":[]}"#);
    let mut client = bot.connect().await;
    client.send(&whole[..whole.len() - 1]).await;
    drop(client);
    assert_eq!(bot.exchange(whole).await.status, 200);
    assert!(bot.nothing_was_submitted());
    assert!(bot.statuses().iter().all(|status| *status < 500));
}

/// Every body in flight has its share of the memory, and only what has arrived counts.
#[tokio::test]
async fn bodies_in_flight_share_one_memory() {
    let body = BodyLimits {
        budget: Arc::new(Semaphore::new(8)),
        ..BodyLimits::new(MAX)
    };
    let budget = Arc::clone(&body.budget);
    let mut bot = Bot::start(Settings {
        body,
        ..Settings::default()
    })
    .await;
    let promise = format!("POST /callback HTTP/1.1\r\nhost: bot\r\ncontent-length: {MAX}\r\n\r\n");
    let mut waiting: Vec<Client> = Vec::new();
    for _ in 0..20 {
        let mut client = bot.connect().await;
        client.send(&promise).await;
        waiting.push(client);
    }
    let five = format!("{{\"events\":[{{\"pad\":\"{}\"}}]}}", "x".repeat(5000));
    let mut first = bot.connect().await;
    first.send(signed(&five)).await;
    let held = bot.submitted().await;
    assert_eq!(budget.available_permits(), 3);
    let refused = bot.exchange(signed(&five)).await;
    assert_eq!(
        (refused.status, refused.header("retry-after")),
        (503, Some("1"))
    );
    assert!(bot.nothing_was_submitted());
    assert_eq!(
        budget.available_permits(),
        3,
        "what was refused holds nothing"
    );
    held.done.send(Ok(())).expect("awaited");
    assert_eq!(first.response().await.status, 200);
    assert_eq!(
        budget.available_permits(),
        3,
        "held as long as the webhook itself"
    );
    drop(held.webhook);
    assert_eq!(budget.available_permits(), 8);
}
