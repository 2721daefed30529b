//! Sends and what LINE answers to them.

use super::{push, reply};
use crate::line::Endpoint;
use crate::line::scripted::{Scripted, Step, answer, journal, json, locked};
use crate::line::{Outcome, Secret, TokenSource};

#[tokio::test]
async fn a_reply_carries_its_token_and_no_retry_key() {
    let line = Scripted::start([json(200, "{}")]).await;
    let outcome = reply(&line.client()).await;
    assert_eq!(
        outcome,
        Outcome::Accepted {
            request_id: Some("id-200".into())
        }
    );
    let request = &line.requests()[0];
    let (head, body) = request.split_once("\r\n\r\n").expect("a head and a body");
    let head = head.to_lowercase();
    assert!(
        head.starts_with("post /v2/bot/message/reply http/1.1"),
        "{head}"
    );
    assert!(head.contains("authorization: bearer t0"), "{head}");
    assert!(head.contains("content-type: application/json"), "{head}");
    assert!(
        head.contains(&format!("host: {}", &line.url[7..])),
        "{head}"
    );
    assert!(!head.contains("retry"), "{head}");
    assert_eq!(
        body,
        r#"{"replyToken":"r\"1","messages":[{"type":"text","text":"hi"}]}"#
    );
}

#[tokio::test]
async fn a_push_always_carries_its_retry_key() {
    let accepted = answer(409, "x-line-accepted-request-id: first\r\n", "{}");
    let line = Scripted::start([json(500, "{}"), accepted]).await;
    let client = line.client();
    assert_eq!(push(&client).await.word(), "ambiguous");
    assert_eq!(
        push(&client).await,
        Outcome::Accepted {
            request_id: Some("first".into())
        }
    );
    let requests = line.requests();
    assert_eq!(requests[0], requests[1], "the same bytes each time");
    let request = requests[0].to_lowercase();
    let key = "x-line-retry-key: 00000000-0000-0000-0000-000000000007\r\n";
    assert!(request.contains(key), "{request}");
    assert!(request.ends_with(r#"{"to":"u1","messages":[{"type":"text","text":"hi"}]}"#));
}

#[tokio::test]
async fn each_status_is_called_once_and_has_its_word() {
    for (status, body, word) in [
        (
            400,
            r#"{"message":"Invalid reply token"}"#,
            "invalid_reply_token",
        ),
        (400, r#"{"message":"Bad request"}"#, "refused"),
        (401, "{}", "unauthorized"),
        (403, "{}", "refused"),
        (413, "", "refused"),
        (429, "{}", "rate_limited"),
        (500, "{}", "ambiguous"),
    ] {
        let line = Scripted::start([json(status, body)]).await;
        let (observer, told) = journal();
        let client = line.watched(TokenSource::Fixed(Secret::from("t0")), observer);
        let outcome = reply(&client).await;
        assert_eq!(outcome.word(), word, "{outcome:?}");
        let id = format!("id-{status}");
        assert_eq!(outcome.request_id(), Some(&*id), "{outcome:?}");
        assert_eq!(line.requests().len(), 1, "{outcome:?}");
        assert_eq!(*locked(&told), [(Endpoint::Reply, word)]);
    }
}

#[tokio::test]
async fn quota_is_looked_up_once_for_many_refused_pushes() {
    for (limit, word) in [
        (r#"{"type":"limited","value":300}"#, "quota_exhausted"),
        (r#"{"type":"limited","value":301}"#, "rate_limited"),
        (r#"{"type":"none"}"#, "rate_limited"),
        ("garbage", "rate_limited"),
    ] {
        let mut script = vec![json(429, "{}"), json(200, limit)];
        if limit.starts_with('{') {
            script.push(json(200, r#"{"totalUsage":300}"#));
        }
        let asked = script.len();
        script.push(json(429, "{}"));
        let line = Scripted::start(script).await;
        let client = line.client();
        for calls in [asked, asked + 1] {
            let outcome = push(&client).await;
            assert_eq!(outcome.word(), word, "{limit}");
            assert_eq!(outcome.request_id(), Some("id-429"), "{limit}");
            assert_eq!(line.requests().len(), calls, "{limit}");
        }
    }
}

#[tokio::test]
async fn too_large_a_response_is_not_read_and_its_status_stands() {
    // The server goes on for ever, as far as the client can know.
    let large = "x".repeat(65 * 1024);
    for (status, word) in [(200, "accepted"), (400, "refused"), (500, "ambiguous")] {
        let head = format!("HTTP/1.1 {status} X\r\ncontent-length: 9999999\r\n\r\n");
        let endless = Step::Raw(head + &large);
        let line = Scripted::start([endless, json(200, "{}")]).await;
        let client = line.client();
        let outcome = reply(&client).await;
        assert_eq!(outcome.word(), word, "{outcome:?}");
        assert_eq!(reply(&client).await.word(), "accepted");
        assert_eq!(
            line.connections(),
            2,
            "a half-read connection is not used again"
        );
    }
}

#[tokio::test]
async fn what_is_not_http_is_ambiguous() {
    for garbage in [
        "SSH-2.0-OpenSSH_9\r\n\r\n",
        "HTTP/1.1 2xx\r\n\r\n",
        "\0\0\0\0",
    ] {
        let line = Scripted::start([Step::RawThenClose(garbage.into())]).await;
        let outcome = reply(&line.client()).await;
        assert_eq!(outcome.word(), "ambiguous", "{outcome:?}");
        assert_eq!(line.requests().len(), 1);
    }
}

#[tokio::test]
async fn an_acceptance_cut_short_is_an_acceptance() {
    let cut = "HTTP/1.1 200 OK\r\nx-line-request-id: a\r\ncontent-length: 9\r\n\r\n{";
    let line = Scripted::start([Step::RawThenClose(cut.into())]).await;
    assert_eq!(
        reply(&line.client()).await,
        Outcome::Accepted {
            request_id: Some("a".into())
        }
    );
}
