//! Faults of the connection: which of them prove that nothing was sent, and
//! that none of them sends twice.

use std::sync::Arc;
use std::time::Duration;

use rustls::crypto::ring;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::time::Instant;

use super::{MESSAGES, push, reply};
use crate::line::scripted::{Scripted, Step, config, json};
use crate::line::transport::Transport;
use crate::line::{LineClient, Outcome, Secret, TokenSource};

fn client_of(url: &str, connect_timeout: Duration) -> LineClient {
    let mut config = config(url, TokenSource::Fixed(Secret::from("t0")));
    config.connect_timeout = connect_timeout;
    LineClient::new(&config, Arc::new(|_, _| {})).expect("a valid configuration")
}

/// A bound port that nobody accepts on yet.
async fn bound() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("a bound socket has one");
    (listener, address.to_string())
}

#[tokio::test]
async fn a_refused_port_and_an_unknown_name_are_never_sent() {
    let (listener, address) = bound().await;
    drop(listener);
    // A label of 64 letters is no name: it is refused without asking a server.
    let unknown = format!("http://{}.invalid", "x".repeat(64));
    for url in [format!("http://{address}"), unknown] {
        let outcome = reply(&client_of(&url, Duration::from_secs(9))).await;
        let Outcome::NeverSent { reason } = &outcome else {
            panic!("{url}: {outcome:?}");
        };
        assert!(reason.contains("onnect"), "{reason}");
        assert!(!reason.contains("t0"), "{reason}");
    }
}

/// One that speaks TLS and trusts nobody.
fn tls_client_of(address: &str, connect_timeout: Duration) -> LineClient {
    let config = config(
        &format!("https://{address}"),
        TokenSource::Fixed(Secret::from("t0")),
    );
    let tls = ClientConfig::builder_with_provider(ring::default_provider().into())
        .with_safe_default_protocol_versions()
        .expect("ring serves TLS 1.2 and 1.3")
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth();
    let transport = Transport::over(tls, &config.api_url, connect_timeout).expect("a valid URL");
    LineClient::over(transport, &config, Arc::new(|_, _| {})).expect("a valid configuration")
}

#[tokio::test]
async fn a_peer_that_does_not_speak_tls_is_never_sent() {
    let (listener, address) = bound().await;
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a connection");
        let mut greeting = [0; 1024];
        let read = stream.read(&mut greeting).await.expect("a greeting");
        stream
            .write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            .await
            .expect("written");
        let mut rest = Vec::from(&greeting[..read]);
        // A reset instead of an end is as good: nothing more comes.
        stream.read_to_end(&mut rest).await.unwrap_or_default();
        rest
    });
    let outcome = reply(&tls_client_of(&address, Duration::from_secs(9))).await;
    assert_eq!(outcome.word(), "never_sent", "{outcome:?}");
    let seen = server.await.expect("the server ended");
    let seen = String::from_utf8_lossy(&seen);
    assert!(!seen.contains("replyToken"), "no plaintext, ever");
}

#[tokio::test]
async fn a_silent_handshake_ends_at_the_connect_timeout() {
    let (listener, address) = bound().await;
    let started = Instant::now();
    let outcome = reply(&tls_client_of(&address, Duration::from_millis(50))).await;
    assert_eq!(outcome.word(), "never_sent", "{outcome:?}");
    assert!(
        started.elapsed() < Duration::from_secs(5),
        "not the whole deadline"
    );
    drop(listener);
}

#[tokio::test]
async fn what_was_written_is_waited_for_past_the_connect_timeout() {
    let (listener, address) = bound().await;
    let client = client_of(&format!("http://{address}"), Duration::from_millis(500));
    let deadline = Instant::now() + Duration::from_secs(1);
    let outcome = client.reply("r", MESSAGES, deadline).await;
    assert_eq!(outcome.word(), "ambiguous", "{outcome:?}");
    assert!(Instant::now() >= deadline, "it gave up early");
    drop(listener);
}

#[tokio::test]
async fn a_deadline_that_has_passed_sends_nothing() {
    let line = Scripted::start([json(200, "{}")]).await;
    let outcome = line.client().reply("r", MESSAGES, Instant::now()).await;
    assert_eq!(outcome.word(), "never_sent", "{outcome:?}");
    assert_eq!(line.connections(), 0);
}

#[tokio::test]
async fn a_connection_that_ends_unread_is_not_tried_again() {
    for step in [Step::CloseUnread, Step::ResetUnread] {
        let line = Scripted::start([step.clone()]).await;
        let outcome = reply(&line.client()).await;
        // Whether the request was written before the end was seen is a race
        // of the network; that it is told truly is the handover's business.
        let word = outcome.word();
        assert!(
            matches!(word, "ambiguous" | "never_sent"),
            "{step:?}: {outcome:?}"
        );
        assert_eq!(line.requests().len(), 0, "{step:?}");
    }
}

#[tokio::test]
async fn an_end_after_the_request_was_read_is_ambiguous() {
    for step in [Step::Close, Step::Reset] {
        let line = Scripted::start([step.clone(), step.clone()]).await;
        let client = line.client();
        for outcome in [reply(&client).await, push(&client).await] {
            assert_eq!(outcome.word(), "ambiguous", "{step:?}: {outcome:?}");
        }
        assert_eq!(
            line.requests().len(),
            2,
            "{step:?}: one request for each call"
        );
    }
}

#[tokio::test]
async fn silence_ends_at_the_deadline_and_is_ambiguous() {
    let line = Scripted::start([Step::Hang, json(200, "{}")]).await;
    let client = line.client();
    let deadline = Instant::now() + Duration::from_secs(1);
    let outcome = client.reply("r", MESSAGES, deadline).await;
    assert_eq!(outcome.word(), "ambiguous", "{outcome:?}");
    assert_eq!(line.requests().len(), 1);
    assert_eq!(reply(&client).await.word(), "accepted");
    assert_eq!(
        line.connections(),
        2,
        "a silent connection is not used again"
    );
}

#[tokio::test]
async fn the_configured_deadline_bounds_a_later_one() {
    let line = Scripted::start([Step::Hang]).await;
    let mut config = config(&line.url, TokenSource::Fixed(Secret::from("t0")));
    config.call_deadline = Duration::from_secs(1);
    let client = LineClient::new(&config, Arc::new(|_, _| {})).expect("valid");
    let started = Instant::now();
    assert_eq!(reply(&client).await.word(), "ambiguous");
    let took = started.elapsed();
    assert!(took < Duration::from_secs(5), "{took:?}");
}

#[tokio::test]
async fn one_connection_serves_many_calls() {
    let line = Scripted::start((0..20).map(|_| json(200, "{}"))).await;
    let client = line.client();
    for _ in 0..20 {
        assert_eq!(reply(&client).await.word(), "accepted");
    }
    assert_eq!(line.connections(), 1);
}

#[tokio::test]
async fn a_connection_closed_while_idle_is_replaced_without_a_second_send() {
    let ok = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";
    for _ in 0..50 {
        let line = Scripted::start([Step::RawThenClose(ok.into()), json(200, "{}")]).await;
        let client = line.client();
        assert_eq!(reply(&client).await.word(), "accepted");
        line.closed().await;
        let outcome = reply(&client).await;
        assert_eq!(outcome.word(), "accepted", "{outcome:?}");
        assert_eq!(line.requests().len(), 2, "one request for each call");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_close_that_crosses_a_request_never_sends_it_twice() {
    let ok = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";
    for _ in 0..200 {
        let line = Scripted::start([Step::RawThenClose(ok.into()), json(200, "{}")]).await;
        let client = line.client();
        assert_eq!(reply(&client).await.word(), "accepted");
        let outcome = reply(&client).await;
        let received = line.requests().len() - 1;
        match outcome.word() {
            "accepted" => assert_eq!(received, 1),
            "never_sent" | "ambiguous" => assert_eq!(received, 0, "{outcome:?}"),
            word => panic!("{word}: {outcome:?}"),
        }
    }
}
