//! What is no head of a request, or too long a one: no router sees it, and it is counted all the same.

use std::time::Duration;

use tokio::time::timeout;

use super::bot::{Bot, Settings, signed};

/// Waits until so many answers are counted.
async fn counted(bot: &Bot, count: usize) -> Vec<u16> {
    let all = async {
        while bot.statuses().len() < count {
            tokio::task::yield_now().await;
        }
    };
    let limit = Duration::from_secs(10);
    timeout(limit, all)
        .await
        .unwrap_or_else(|_| panic!("only {:?} of {count}", bot.statuses()));
    bot.statuses()
}

#[tokio::test]
async fn every_refused_head_is_answered_and_counted() {
    let endless = format!("POST /callback HTTP/1.1\r\nx: {}", "y".repeat(64 * 1024));
    let long_path = format!(
        "POST /{} HTTP/1.1\r\nhost: bot\r\n\r\n",
        "y".repeat(64 * 1024)
    );
    let bot = Bot::start(Settings::default()).await;
    let table: [(&[u8], u16); 6] = [
        (endless.as_bytes(), 431),
        (long_path.as_bytes(), 431),
        // As a client begins who speaks TLS to a plain port.
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
        (b"hello\r\n\r\n", 400),
        (b"POST /callback HTTP/7.0\r\nhost: bot\r\n\r\n", 400),
        (b"POST /callback HTTP/1.1\r\nno colon\r\n\r\n", 400),
    ];
    for (number, (head, status)) in table.into_iter().enumerate() {
        let mut client = bot.connect().await;
        client.try_send(head).await;
        let shown = String::from_utf8_lossy(&head[..head.len().min(40)]);
        assert_eq!(client.response().await.status, status, "{shown:?}");
        let statuses = counted(&bot, number + 1).await;
        assert_eq!(statuses.last(), Some(&status), "{shown:?}");
    }
}

#[tokio::test]
async fn a_connection_that_ends_without_an_answer_counts_nothing() {
    let mut bot = Bot::start(Settings::default()).await;
    for head in [
        &b""[..],
        b"POST /callback HT",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ] {
        let mut client = bot.connect().await;
        client.try_send(head).await;
        client.finish().await;
        assert_eq!(client.closed().await, b"");
    }
    assert_eq!(bot.exchange(signed(r#"{"events":[]}"#)).await.status, 200);
    bot.stop.cancel();
    assert_eq!((&mut bot.server).await.expect("stops"), 0);
    assert_eq!(bot.statuses(), [200]);
}
