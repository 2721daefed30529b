//! Calls that are not LINE's, or not as LINE calls: refused at the door, whatever they cost to send.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::Bytes;
use sabai_tests::bot::Bot;
use sabai_tests::bot::log::Line;
use sabai_tests::webhook::{Event, sign};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::scene::{STORED, becomes, counter, number, world, world_and_bot};

const REFUSED: &str = "webhook call refused";
const MIB: usize = 1 << 20;

#[tokio::test]
async fn what_line_did_not_sign_is_refused_stored_nowhere_and_logged_at_most_once_a_second() {
    let world = world().await;
    let debug = vec![("SABAI_LOG".to_owned(), "info,sabai_bot=debug".to_owned())];
    let bot = world.bot_with(debug).await.expect("the bot starts");
    bot.wait_ready(super::scene::SOON).await;
    let webhook = world.webhook(&bot);
    let body = webhook.body(&[Event::text("ann", "the text of a stranger")]);
    let other = sign::signature(
        &world.line.options().channel_secret,
        b"the text of somebody",
    );
    let foreign = sign::signature("0123456789abcdef0123456789abcdef", &body);
    let signatures = [
        None,
        Some(""),
        Some("not base64!"),
        Some("AAAA"),
        Some(&*other),
        Some(&*foreign),
    ];
    let started = Instant::now();
    let mut sent: u64 = 0;
    for signature in signatures {
        for body in [body.clone(), Bytes::from_static(b"{\"events\":[")] {
            sent += 1;
            assert_eq!(
                webhook.post(body, signature).await.outcome,
                Ok(401),
                "{signature:?}"
            );
        }
    }
    let refusals = || refusals(&bot);
    let at_most = started.elapsed().as_secs() + 1;
    assert!(
        (1..=at_most).contains(&(refusals().len() as u64)),
        "{:?}",
        refusals()
    );
    becomes("the lines to account for every call", true, async || {
        webhook.post(body.clone(), None).await;
        sent += 1;
        let left_out: u64 = refusals().iter().map(|line| left_out(line.text())).sum();
        sent == refusals().len() as u64 + left_out
    })
    .await;
    let counted = counter(&bot, "sabai_webhook_responses_total", &[("code", "401")]).await;
    assert_eq!(counted, sent as f64);
    assert_eq!(number(&world, STORED).await, 0);
    let log = bot.log().lines();
    assert!(
        log.iter()
            .all(|line| line.message() != Some("webhook verified"))
    );
    assert!(log.iter().all(|line| !line.text().contains("stranger")));
}

fn refusals(bot: &Bot) -> Vec<Line> {
    let is_one = |line: &Line| line.message().is_some_and(|text| text.starts_with(REFUSED));
    bot.log().lines().into_iter().filter(is_one).collect()
}

fn left_out(line: &str) -> u64 {
    let line: Value = serde_json::from_str(line).expect("JSON");
    line["left_out"].as_u64().expect("counted")
}

#[tokio::test]
async fn too_large_too_slow_and_misdirected_calls_are_told_so_within_bounded_memory() {
    let (world, bot) = world_and_bot().await;
    let before = bot.rss_kib().expect("it runs");
    let to = bot.webhook();
    let slow = tokio::spawn(raw(
        to,
        "POST /callback",
        "content-length: 100",
        b"{".to_vec(),
    ));
    each_is_told_so(to).await;

    // 200 bodies of which each is all but complete: what does not fit into the memory set aside is refused at once.
    let mut greedy = JoinSet::new();
    for _ in 0..200 {
        greedy.spawn(raw(
            to,
            "POST /callback",
            "content-length: 1048576",
            vec![b'x'; MIB - 1],
        ));
    }
    let statuses: Vec<u16> = greedy
        .join_all()
        .await
        .into_iter()
        .map(|(status, _)| status)
        .collect();
    let of = |wanted| statuses.iter().filter(|status| **status == wanted).count();
    assert!(
        of(408) >= 32 && of(503) >= 32 && of(408) + of(503) == 200,
        "{statuses:?}"
    );
    let (status, took) = slow.await.expect("no panic");
    assert_eq!(status, 408);
    assert!(took >= Duration::from_secs(4), "patience for a slow sender");

    let grown = bot.peak_rss_kib().expect("it runs") - before;
    assert!(grown < 160 * 1024, "{grown} KiB more at the peak");
    assert_eq!(number(&world, STORED).await, 0);
    let webhook = world.webhook(&bot);
    let event = Event::text("ann", "hello");
    super::scene::taken(&world, &webhook, std::slice::from_ref(&event)).await;
    assert_eq!(
        world.settled(super::scene::SOON).await.answered,
        1,
        "it works on"
    );
}

async fn each_is_told_so(to: SocketAddr) {
    for (line, header, body, status) in [
        ("GET /callback", "", 0, 405),
        ("PUT /callback", "content-length: 2", 2, 405),
        ("POST /", "content-length: 2", 2, 404),
        ("POST /callback/", "content-length: 2", 2, 404),
        (
            "POST /callback",
            "content-length: 99999999999999999999",
            0,
            400,
        ),
        ("POST /callback", "content-length: 1048577", 0, 413),
        ("POST /callback", "content-length: 1048577", 1_048_577, 413),
        ("POST /callback", "content-length: 1048576", 1_048_576, 401),
    ] {
        let (answered, took) = raw(to, line, header, vec![b'x'; body]).await;
        assert_eq!(answered, status, "{line} {header}");
        assert!(took < Duration::from_secs(3), "{line} took {took:?}");
    }
    let chunk = [b"100000\r\n".to_vec(), vec![b'x'; MIB], b"\r\n".to_vec()].concat();
    let endless = raw(
        to,
        "POST /callback",
        "transfer-encoding: chunked",
        chunk.repeat(3),
    )
    .await;
    assert_eq!(endless.0, 413);
}

/// The status of the answer to these bytes, and the time it took; 0 when the connection ends without one.
async fn raw(to: SocketAddr, line: &str, header: &str, body: Vec<u8>) -> (u16, Duration) {
    let head = format!("{line} HTTP/1.1\r\nhost: bot\r\n{header}\r\n\r\n");
    let head = head.replace("\r\n\r\n\r\n", "\r\n\r\n");
    let started = Instant::now();
    let (mut read, mut write) = TcpStream::connect(to)
        .await
        .expect("it listens")
        .into_split();
    let sending = tokio::spawn(async move {
        // Whoever refuses early may stop to listen.
        if write.write_all(head.as_bytes()).await.is_ok() {
            let _ = write.write_all(&body).await;
        }
        write
    });
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        match read.read_u8().await {
            Ok(byte) => answer.push(byte),
            Err(_) => break,
        }
    }
    let took = started.elapsed();
    sending.abort();
    let text = String::from_utf8_lossy(&answer);
    let status = text.split(' ').nth(1).and_then(|word| word.parse().ok());
    (status.unwrap_or(0), took)
}
