//! Access tokens: fetched once, renewed early, replaced once after a 401.

use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::{Instant, advance, pause, resume, timeout};

use super::{MESSAGES, push, reply};
use crate::line::scripted::{Scripted, Step, journal, json, locked};
use crate::line::{Endpoint, Outcome, TokenSource};

fn stateless() -> TokenSource {
    TokenSource::Stateless {
        channel_id: "2001".into(),
    }
}

fn issued(token: &str) -> Step {
    let body = format!(r#"{{"token_type":"Bearer","access_token":"{token}","expires_in":900}}"#);
    json(200, &body)
}

/// The clock jumps; sockets need it running, so it is not left paused.
async fn later(seconds: u64) {
    pause();
    advance(Duration::from_secs(seconds)).await;
    resume();
}

/// `token` for a request that asked for one, else the token it was sent with.
fn calls(line: &Scripted) -> Vec<String> {
    let told = line.requests().into_iter().map(|request| {
        let bearer = request.split("Bearer ").nth(1);
        bearer
            .map_or("token", |rest| rest.split("\r\n").next().unwrap_or(""))
            .to_owned()
    });
    told.collect()
}

#[tokio::test]
async fn many_calls_at_once_fetch_one_token() {
    let script = [issued("t1")]
        .into_iter()
        .chain((0..30).map(|_| json(200, "{}")));
    let line = Scripted::start(script).await;
    let client = line.client_with(stateless());
    for outcome in join_all((0..30).map(|_| reply(&client))).await {
        assert_eq!(outcome.word(), "accepted");
    }
    let calls = calls(&line);
    assert_eq!(calls.len(), 31);
    assert_eq!(calls.iter().filter(|call| *call == "token").count(), 1);
    let first = &line.requests()[0];
    assert!(
        first.starts_with("POST /oauth2/v3/token HTTP/1.1"),
        "{first}"
    );
    assert!(first.contains("content-type: application/x-www-form-urlencoded"));
    assert!(
        first.ends_with("grant_type=client_credentials&client_id=2001&client_secret=s1"),
        "{first}"
    );
}

#[tokio::test]
async fn a_token_is_renewed_before_it_ends() {
    let ok = || json(200, "{}");
    let line = Scripted::start([issued("t1"), ok(), ok(), issued("t2"), ok()]).await;
    let client = line.client_with(stateless());
    assert_eq!(reply(&client).await.word(), "accepted");
    later(700).await;
    assert_eq!(reply(&client).await.word(), "accepted");
    later(30).await;
    assert_eq!(reply(&client).await.word(), "accepted");
    assert_eq!(calls(&line), ["token", "t1", "t1", "token", "t2"]);
}

#[tokio::test]
async fn a_failed_early_renewal_costs_nothing_yet() {
    let ok = || json(200, "{}");
    let line = Scripted::start([issued("t1"), ok(), json(500, ""), ok(), ok()]).await;
    let client = line.client_with(stateless());
    assert_eq!(reply(&client).await.word(), "accepted");
    later(730).await;
    assert_eq!(reply(&client).await.word(), "accepted");
    assert_eq!(
        reply(&client).await.word(),
        "accepted",
        "without asking at once again"
    );
    assert_eq!(calls(&line), ["token", "t1", "token", "t1", "t1"]);
}

#[tokio::test]
async fn a_silent_early_renewal_is_waited_for_once_and_not_long() {
    let ok = || json(200, "{}");
    let line = Scripted::start([issued("t1"), ok(), Step::Hang, ok(), ok()]).await;
    let client = line.client_with(stateless());
    assert_eq!(reply(&client).await.word(), "accepted");
    later(730).await;
    let patience = async {
        let asked = async {
            while calls(&line).len() < 3 {
                tokio::task::yield_now().await;
            }
        };
        timeout(Duration::from_secs(10), asked)
            .await
            .unwrap_or_else(|_| panic!("no renewal: {:?}", calls(&line)));
        later(2).await;
    };
    let (outcome, ()) = tokio::join!(reply(&client), patience);
    assert_eq!(outcome.word(), "accepted");
    assert_eq!(reply(&client).await.word(), "accepted");
    assert_eq!(calls(&line), ["token", "t1", "token", "t1", "t1"]);
}

#[tokio::test]
async fn after_a_401_once_more_with_another_token() {
    let line =
        Scripted::start([issued("t1"), json(401, "{}"), issued("t2"), json(200, "{}")]).await;
    let (observer, told) = journal();
    let client = line.watched(stateless(), observer);
    assert_eq!(push(&client).await.word(), "accepted");
    assert_eq!(calls(&line), ["token", "t1", "token", "t2"]);
    let words = [
        (Endpoint::Token, "ok"),
        (Endpoint::Token, "ok"),
        (Endpoint::Push, "accepted"),
    ];
    assert_eq!(*locked(&told), words);
}

#[tokio::test]
async fn refused_tokens_make_no_storm() {
    let no = || json(401, "{}");
    let line = Scripted::start([
        issued("t1"),
        no(),
        issued("t2"),
        no(),
        no(),
        no(),
        no(),
        issued("t3"),
        no(),
    ])
    .await;
    let client = line.client_with(stateless());
    for _ in 0..3 {
        assert_eq!(reply(&client).await.word(), "unauthorized");
    }
    assert_eq!(calls(&line), ["token", "t1", "token", "t2", "t2", "t2"]);
    later(10).await;
    assert_eq!(reply(&client).await.word(), "unauthorized");
    assert_eq!(
        calls(&line).len(),
        9,
        "one more attempt, ten seconds later: {:?}",
        calls(&line)
    );
}

#[tokio::test]
async fn the_second_secret_is_tried_when_the_first_is_refused() {
    let no = json(400, r#"{"error":"invalid_client"}"#);
    let line = Scripted::start([no, issued("t1"), json(200, "{}")]).await;
    assert_eq!(
        reply(&line.client_with(stateless())).await.word(),
        "accepted"
    );
    assert!(line.requests()[1].ends_with("client_secret=s2"));
}

#[tokio::test]
async fn without_a_token_nothing_is_sent() {
    let no = || json(400, r#"{"error":"invalid_client"}"#);
    let line = Scripted::start([no(), no()]).await;
    let client = line.client_with(stateless());
    for _ in 0..2 {
        let outcome = reply(&client).await;
        let Outcome::Unauthorized { detail, .. } = &outcome else {
            panic!("{outcome:?}");
        };
        assert_eq!(detail, "LINE issues no token: invalid_client");
    }
    assert_eq!(
        calls(&line),
        ["token", "token"],
        "one try for each secret, not repeated at once"
    );
    for step in [json(500, ""), json(200, "garbage"), Step::Close] {
        let line = Scripted::start([step]).await;
        let outcome = reply(&line.client_with(stateless())).await;
        assert_eq!(outcome.word(), "never_sent", "{outcome:?}");
    }
}

#[tokio::test]
async fn one_impatient_caller_does_not_speak_for_the_others() {
    let line = Scripted::start([Step::Hang, issued("t1"), json(200, "{}")]).await;
    let client = line.client_with(stateless());
    let soon = Instant::now() + Duration::from_millis(500);
    let outcome = client.reply("r", MESSAGES, soon).await;
    assert_eq!(outcome.word(), "never_sent", "{outcome:?}");
    assert_eq!(reply(&client).await.word(), "accepted");
    assert_eq!(calls(&line), ["token", "token", "t1"]);
}

#[tokio::test]
async fn a_file_is_read_again_when_it_ages_and_when_line_refuses_it() {
    let ok = || json(200, "{}");
    let line = Scripted::start([ok(), ok(), json(401, "{}"), ok(), json(401, "{}")]).await;
    let file = tempfile::NamedTempFile::new().expect("a temporary file");
    std::fs::write(file.path(), "f1\n").expect("written");
    let client = line.client_with(TokenSource::File(file.path().to_owned()));
    assert_eq!(reply(&client).await.word(), "accepted");
    std::fs::write(file.path(), "f2").expect("written");
    later(1).await;
    assert_eq!(reply(&client).await.word(), "accepted");
    std::fs::write(file.path(), "f3").expect("written");
    assert_eq!(reply(&client).await.word(), "accepted");
    assert_eq!(
        reply(&client).await.word(),
        "unauthorized",
        "the file has no other"
    );
    assert_eq!(calls(&line), ["f1", "f2", "f2", "f3", "f3"]);
}

#[tokio::test]
async fn a_missing_file_sends_nothing() {
    let line = Scripted::start([]).await;
    let client = line.client_with(TokenSource::File("/nonexistent/token".into()));
    let outcome = reply(&client).await;
    let Outcome::NeverSent { reason } = &outcome else {
        panic!("{outcome:?}");
    };
    assert!(
        reason.starts_with("cannot read the access token's file"),
        "{reason}"
    );
}
