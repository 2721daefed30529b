//! What the control socket does not take: each refusal says why, and nothing changes.

use std::os::unix::fs::PermissionsExt;

use sabai_tests::bot::Bot;
use sabai_wire::control::ErrorAnswer;

use super::control::read;
use super::scene::{LIMIT, Scene};

#[tokio::test]
async fn a_bad_request_says_what_is_wrong_and_changes_nothing() {
    let scene = Scene::new(&[]).await;
    let before = scene.client.report().await;
    let large = format!("{{\"pool\": {{}}, \"x\": \"{}\"}}", "y".repeat(70_000));
    let table: &[(&str, &str, &str, u16, &str)] = &[
        ("PUT", "/v1/settings", "", 400, "not JSON"),
        ("PUT", "/v1/settings", "{\"pool\": ", 400, "not JSON"),
        ("PUT", "/v1/settings", "[]", 422, "not a JSON object"),
        ("PUT", "/v1/settings", &large, 413, "larger than allowed"),
        (
            "PUT",
            "/v1/settings",
            r#"{"pool": {"maxConnections": 3, "size": 1}, "probe": {}}"#,
            422,
            "pool.maxConnections: must be 4 to 500",
        ),
        (
            "PUT",
            "/v1/settings",
            r#"{"pool": {"maxConnections": 6}}"#,
            422,
            "pool.minIdle: must be at most pool.maxConnections - 3",
        ),
        ("POST", "/v1/recycle", "{}", 422, "requestId: is missing"),
        (
            "POST",
            "/v1/recycle",
            r#"{"requestId": "a", "kind": "Refresh", "reason": "Bored"}"#,
            422,
            "reason: is to be one of Requested",
        ),
        ("POST", "/v1/settings", "{}", 405, "only PUT"),
        ("DELETE", "/v1/report", "", 405, "only GET"),
        ("GET", "/v2/report", "", 404, "GET /v1/report"),
    ];
    for (method, path, body, status, reason) in table {
        let (answered, answer) = scene.client.send(method, path, (*body).to_owned()).await;
        let answer: ErrorAnswer = read(&answer);
        assert_eq!(answered, *status, "{method} {path} {body:.60}: {answer:?}");
        assert!(answer.error.contains(reason), "{answer:?}");
        if *status == 422 {
            assert!(answer.field.is_some() && !answer.problems.is_empty());
        }
    }
    let after = scene.client.report().await;
    assert_eq!(after.settings_digest, before.settings_digest);
    assert_eq!(after.generation, before.generation);
    assert_eq!(after.last_recycle, None);
}

#[tokio::test]
async fn whoever_is_slow_is_told_so_and_keeps_nobody_out() {
    let scene = Scene::new(&[]).await;
    let (silent, half, body, fast) = tokio::join!(
        scene.client.raw(b""),
        scene.client.raw(b"GET /v1/report HTTP/1.1\r\nhost: b"),
        scene.client.raw(
            b"PUT /v1/settings HTTP/1.1\r\nhost: bot\r\ncontent-length: 100\r\n\r\n{\"pool\": "
        ),
        scene.client.report(),
    );
    for answer in [silent, half, body] {
        assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
        assert!(answer.contains("took too long"), "{answer}");
    }
    assert_eq!(fast.generation, 1);
}

#[tokio::test]
async fn only_owner_and_group_may_connect_and_a_second_bot_is_refused() {
    let scene = Scene::new(&[]).await;
    let mode = std::fs::metadata(&scene.client.socket).expect("there");
    assert_eq!(mode.permissions().mode() & 0o777, 0o660);
    let mut env = scene.world.environment();
    let socket = scene.client.socket.display().to_string();
    env.push(("SABAI_CONTROL_SOCKET".to_owned(), socket));
    env.push(("SABAI_LISTEN".to_owned(), "127.0.0.1:0".to_owned()));
    env.push(("SABAI_ADMIN_LISTEN".to_owned(), "127.0.0.1:0".to_owned()));
    let second = Bot::run(scene.world.program(), ["serve"], env, LIMIT).await;
    let second = second.expect("it ends");
    assert_eq!(second.status.code(), Some(64), "{}", second.output);
    assert!(
        second
            .output
            .contains("SABAI_CONTROL_SOCKET: another process answers at"),
        "{}",
        second.output
    );
    assert_eq!(
        scene.client.report().await.generation,
        1,
        "the first goes on"
    );
}
