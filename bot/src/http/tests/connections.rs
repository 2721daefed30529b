//! Slow heads, idle connections, too many of them, and the stop.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use sabai_daemon::http::server::{self, Limits};
use tokio::net::TcpListener;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::bot::{Bot, Settings, signed};
use super::client::Client;
use crate::event::samples;

const EMPTY: &str = r#"{"events":[]}"#;
const SHORT: Duration = Duration::from_millis(100);
const LONG: Duration = Duration::from_secs(60);

async fn with(limits: Limits) -> Bot {
    Bot::start(Settings {
        limits,
        ..Settings::default()
    })
    .await
}

#[tokio::test]
async fn a_slow_head_is_cut_off_and_an_idle_connection_is_not() {
    let bot = with(Limits {
        head_timeout: SHORT,
        idle_timeout: LONG,
        ..Limits::default()
    })
    .await;
    let mut kept = bot.connect().await;
    kept.send(signed(EMPTY)).await;
    assert_eq!(kept.response().await.status, 200);
    let mut slow = [
        bot.connect().await,
        bot.connect().await,
        bot.connect().await,
    ];
    slow[1].send("POST /callback HTTP/1.1\r\nx-slow: ").await;
    slow[2].send(signed(EMPTY)).await;
    assert_eq!(slow[2].response().await.status, 200);
    slow[2].send("P").await;
    for client in &mut slow {
        assert_eq!(client.closed().await, b"");
    }
    kept.send(signed(EMPTY)).await;
    assert_eq!(kept.response().await.status, 200);
}

#[tokio::test]
async fn an_idle_connection_is_closed_in_its_time() {
    for (head_timeout, idle_timeout) in [(LONG, SHORT), (SHORT, SHORT * 4), (SHORT, SHORT)] {
        let mut bot = with(Limits {
            head_timeout,
            idle_timeout,
            ..Limits::default()
        })
        .await;
        let mut kept = bot.connect().await;
        let mut last = Instant::now();
        for _ in 0..3 {
            kept.send(signed(EMPTY)).await;
            last = Instant::now();
            assert_eq!(kept.response().await.status, 200);
        }
        // An answer that had to be waited for leaves hyper in another state.
        let mut waited = bot.connect().await;
        waited.send(signed(samples::call())).await;
        bot.submitted().await.done.send(Ok(())).expect("awaited");
        assert_eq!(waited.response().await.status, 200);
        assert_eq!(kept.closed().await, b"");
        assert_eq!(waited.closed().await, b"");
        assert!(
            last.elapsed() >= idle_timeout,
            "{head_timeout:?} {idle_timeout:?}"
        );
    }
}

#[tokio::test]
async fn a_call_being_served_is_not_timed_as_idle() {
    let mut bot = with(Limits {
        head_timeout: SHORT,
        idle_timeout: SHORT,
        ..Limits::default()
    })
    .await;
    let mut idle = bot.connect().await;
    idle.send(signed(EMPTY)).await;
    assert_eq!(idle.response().await.status, 200);
    let mut client = bot.connect().await;
    client.send(signed(samples::call())).await;
    let call = bot.submitted().await;
    idle.closed().await;
    call.done.send(Ok(())).expect("awaited");
    assert_eq!(client.response().await.status, 200);
}

#[tokio::test]
async fn beyond_the_limit_the_longest_idle_makes_room() {
    let mut bot = with(Limits {
        max_connections: 2,
        ..Limits::default()
    })
    .await;
    let mut busy = bot.connect().await;
    busy.send(signed(samples::call())).await;
    let call = bot.submitted().await;
    let mut idle = bot.connect().await;
    idle.send(signed(EMPTY)).await;
    assert_eq!(idle.response().await.status, 200);

    let mut third = bot.connect().await;
    third.send(signed(EMPTY)).await;
    assert_eq!(third.response().await.status, 200);
    idle.closed().await;
    call.done.send(Ok(())).expect("awaited");
    let answer = busy.response().await;
    assert_eq!(answer.status, 200, "the call in flight was not cut");
}

#[tokio::test]
async fn with_all_in_flight_a_new_connection_waits() {
    let mut bot = with(Limits {
        max_connections: 1,
        ..Limits::default()
    })
    .await;
    let mut first = bot.connect().await;
    first.send(signed(samples::call())).await;
    let call = bot.submitted().await;
    let mut second = bot.connect().await;
    second.send(signed(samples::call())).await;
    let early = tokio::time::timeout(SHORT * 3, bot.intake.recv()).await;
    assert!(early.is_err(), "served beyond the limit");
    call.done.send(Ok(())).expect("awaited");
    assert_eq!(first.response().await.status, 200);
    let call = bot.submitted().await;
    call.done.send(Ok(())).expect("awaited");
    assert_eq!(second.response().await.status, 200);
}

#[tokio::test]
async fn a_stop_finishes_what_is_in_flight_with_a_true_answer() {
    let mut bot = with(Limits {
        stop_timeout: LONG,
        ..Limits::default()
    })
    .await;
    let mut idle = bot.connect().await;
    idle.send(signed(EMPTY)).await;
    assert_eq!(idle.response().await.status, 200);
    let mut silent = bot.connect().await;
    let mut client = bot.connect().await;
    client.send(signed(samples::call())).await;
    let call = bot.submitted().await;

    bot.stop.cancel();
    idle.closed().await;
    silent.closed().await;
    assert!(
        tokio::net::TcpStream::connect(bot.address).await.is_err(),
        "no longer listening"
    );
    call.done.send(Ok(())).expect("still awaited");
    let response = client.response().await;
    assert_eq!(
        (response.status, response.header("connection")),
        (200, Some("close"))
    );
    assert_eq!(bot.server.await.expect("stops"), 0);
}

#[tokio::test]
async fn a_stop_ends_at_its_deadline_and_tells_what_it_cut() {
    let mut bot = with(Limits {
        stop_timeout: SHORT,
        ..Limits::default()
    })
    .await;
    let mut client = bot.connect().await;
    client.send(signed(samples::call())).await;
    let call = bot.submitted().await;
    bot.stop.cancel();
    assert_eq!(bot.server.await.expect("stops"), 1);
    assert_eq!(
        client.closed().await,
        b"",
        "no answer rather than a false one"
    );
    assert!(call.done.is_closed());
}

#[tokio::test]
async fn a_panic_ends_its_connection_alone() {
    let router = Router::new()
        .route(
            "/panic",
            get(|| async { panic!("a test's panic") as String }),
        )
        .route("/", get(|| async { "fine" }));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("binds");
    let address = listener.local_addr().expect("bound");
    let stop = CancellationToken::new();
    let server = tokio::spawn(server::serve(
        listener,
        router,
        Limits::default(),
        stop.clone(),
        Arc::new(|_| {}),
    ));
    let mut other = Client::connect(address).await;
    for _ in 0..2 {
        let mut client = Client::connect(address).await;
        client
            .send("GET /panic HTTP/1.1\r\nhost: bot\r\n\r\n")
            .await;
        assert_eq!(client.closed().await, b"");
        other.send("GET / HTTP/1.1\r\nhost: bot\r\n\r\n").await;
        assert_eq!(other.response().await.body, "fine");
    }
    stop.cancel();
    assert_eq!(server.await.expect("stops"), 0);
}
