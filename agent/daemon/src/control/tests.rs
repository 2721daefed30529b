//! A bot that answers what the test says, over a real socket.

use std::path::Path;
use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixListener;
use tokio::task::JoinHandle;

use super::*;

const LIMIT: Duration = Duration::from_secs(10);

/// Answers one question with `answer` as it is, closes, and gives what was asked.
fn bot(socket: &Path, answer: String) -> JoinHandle<String> {
    let listener = UnixListener::bind(socket).expect("bound");
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a client");
        let asked = question(&mut stream).await;
        // Whoever was told too much may have gone.
        let _ = stream.write_all(answer.as_bytes()).await;
        asked
    })
}

/// The head and the whole body.
async fn question(stream: &mut UnixStream) -> String {
    let mut asked = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&asked).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let mut lengths = head
                .lines()
                .filter_map(|line| line.strip_prefix("content-length: "));
            let length = lengths.next().map_or(0, |n| n.parse().expect("a number"));
            if body.len() >= length {
                return text;
            }
        }
        let read = stream.read_buf(&mut asked).await.expect("a question");
        assert!(read > 0, "ended after {text:?}");
    }
}

fn http(status: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// What the commands print.
fn printed(error: AskError) -> String {
    format!("{:#}", anyhow::Error::from(error))
}

#[tokio::test]
async fn settings_are_put_and_the_answer_is_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let socket = folder.path().join("s");
    let settings = PoolSettings::default();
    let told = json!({"digest": settings.digest(), "applied": false, "surplusSessions": 2, "olderSessions": 1});
    let bot = bot(&socket, http("200 OK", &told.to_string()));
    let answer = Client::new(socket, LIMIT).settings(&settings).await;
    let answer = answer.expect("in force");
    assert_eq!(
        (answer.digest, answer.applied, answer.surplus_sessions),
        (settings.digest(), false, 2)
    );
    let asked = bot.await.expect("no panic");
    assert!(
        asked.starts_with("PUT /v1/settings HTTP/1.1\r\n"),
        "{asked}"
    );
    let (_, body) = asked.split_once("\r\n\r\n").expect("a body");
    let body: serde_json::Value = serde_json::from_str(body).expect("JSON");
    assert_eq!(PoolSettings::from_json(&body), Ok(settings));
}

#[tokio::test]
async fn each_way_to_give_no_answer_is_told_apart() {
    let folder = tempfile::tempdir().expect("a folder");
    let busy = r#"{"error": "the recycle a is running; one at a time", "runningRequestId": "a"}"#;
    let long = "x".repeat(MOST_BYTES + 1);
    let table = [
        (
            http("409 Conflict", busy),
            "Refused",
            "the bot refuses (409): the recycle a is running; one at a time",
        ),
        (
            http("500 Oh", "not JSON"),
            "Refused",
            "the bot refuses (500): it does not say why",
        ),
        (
            "220 mail.example ESMTP\r\n".to_owned(),
            "Nonsense",
            "invalid HTTP",
        ),
        (
            String::new(),
            "Nonsense",
            "connection closed before message completed",
        ),
        (
            http("200 OK", "{}"),
            "Nonsense",
            "the bot's answer is not understood; is it of another version?: missing field",
        ),
        (
            http("200 OK", &long),
            "Nonsense",
            "the answer cannot be read: length limit exceeded",
        ),
        (
            "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{".to_owned(),
            "Nonsense",
            "the answer cannot be read: ",
        ),
    ];
    for (number, (answer, kind, text)) in table.into_iter().enumerate() {
        let socket = folder.path().join(number.to_string());
        let bot = bot(&socket, answer);
        let error = Client::new(socket, LIMIT).report().await;
        let error = error.expect_err(text);
        let found = match &error {
            AskError::Unreachable { .. } => "Unreachable",
            AskError::Silent { .. } => "Silent",
            AskError::Nonsense(_) => "Nonsense",
            AskError::Refused { .. } => "Refused",
        };
        assert_eq!(found, kind, "{error:?}");
        let printed = printed(error);
        assert!(printed.starts_with(text), "{printed}");
        bot.await.expect("no panic");
    }
}

#[tokio::test]
async fn who_cannot_be_reached_is_told_with_what_to_do() {
    let folder = tempfile::tempdir().expect("a folder");
    let socket = folder.path().join("s");
    let client = Client::new(socket.clone(), LIMIT);
    let error = client.report().await.expect_err("nobody");
    assert!(matches!(error, AskError::Unreachable { .. }), "{error:?}");
    assert!(
        printed(error).ends_with("is the bot running, with this path as SABAI_CONTROL_SOCKET?")
    );
    drop(UnixListener::bind(&socket).expect("bound"));
    let error = client.report().await.expect_err("it has ended");
    assert!(printed(error).ends_with("; the bot that made it has ended"));
}

#[tokio::test(start_paused = true)]
async fn a_bot_that_does_not_answer_is_waited_for_so_long_and_no_longer() {
    let folder = tempfile::tempdir().expect("a folder");
    let socket = folder.path().join("s");
    let listener = UnixListener::bind(&socket).expect("bound");
    for (limit, told) in [(10_000, "within 10 s"), (500, "within 0.5 s")] {
        let client = Client::new(socket.clone(), Duration::from_millis(limit));
        let error = client.report().await.expect_err("silent");
        assert!(matches!(error, AskError::Silent { .. }), "{error:?}");
        assert!(printed(error).ends_with(told));
        let (mut stream, _) = listener.accept().await.expect("it had come");
        let mut left = Vec::new();
        let ended = stream.read_to_end(&mut left).await;
        ended.expect("and nothing of it stays");
    }
}
