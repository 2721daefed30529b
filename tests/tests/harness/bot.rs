//! The harness's handling of a process, on a shell script that logs and listens as the bot does.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::Duration;

use sabai_tests::bot::Bot;
use sabai_tests::scratch::Scratch;

fn script(scratch: &Scratch, text: &str) -> PathBuf {
    let path = scratch.path().join("program");
    std::fs::write(&path, format!("#!/bin/sh\n{text}\n")).expect("written");
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o700)).expect("executable");
    path
}

fn scratch() -> Scratch {
    Scratch::new("test").expect("a folder")
}

const LISTENS: &str = r#"echo '{"level":"INFO","message":"listening","webhook":"127.0.0.1:7","admin":"127.0.0.1:8"}'"#;

#[tokio::test]
async fn it_is_started_with_a_clean_environment_and_found_by_its_log() {
    let scratch = scratch();
    let program = script(
        &scratch,
        &format!(
            "{LISTENS}\nenv | cut -d= -f1 | sort | tr '\\n' ' '; echo\necho $1 >&2\nexec sleep 600"
        ),
    );
    let bot = Bot::start(&program, vec![("GIVEN".into(), "x".into())])
        .await
        .expect("it listens");
    assert_eq!((bot.webhook().port(), bot.admin().port()), (7, 8));
    let line = bot
        .log()
        .wait_for(|line| line.text().contains("GIVEN"))
        .await;
    let names: Vec<&str> = line
        .text()
        .split_whitespace()
        .filter(|name| !["PWD", "SHLVL", "_", "OLDPWD"].contains(name))
        .collect();
    assert_eq!(
        names,
        [
            "GIVEN",
            "HOME",
            "PATH",
            "SABAI_ADMIN_LISTEN",
            "SABAI_LISTEN"
        ]
    );
    bot.log().wait_for(|line| line.text() == "serve").await;
    bot.kill().await;
}

#[tokio::test]
async fn it_is_asked_paused_and_killed() {
    let scratch = scratch();
    let program = script(
        &scratch,
        &format!("trap 'echo bye; exit 3' TERM\n{LISTENS}\nwhile :; do sleep 0.02; done"),
    );
    let bot = Bot::start(&program, Vec::new()).await.expect("it listens");
    bot.pause().await;
    bot.ask_to_stop();
    assert_eq!(bot.exit_status(), None);
    bot.resume();
    let status = bot.ended(Duration::from_secs(10)).await.expect("it ends");
    assert_eq!(status.code(), Some(3));
    bot.log().wait_for(|line| line.text() == "bye").await;
}

#[tokio::test]
async fn one_that_ends_tells_why() {
    let scratch = scratch();
    let program = script(&scratch, "echo PGHOST is missing >&2\nexit 64");
    let error = Bot::start(&program, Vec::new())
        .await
        .err()
        .expect("it ended");
    assert!(
        format!("{error:#}").contains("PGHOST is missing"),
        "{error:#}"
    );
    let ended = Bot::run(&program, ["serve"], Vec::new(), Duration::from_secs(10))
        .await
        .expect("it ends");
    assert_eq!(
        (ended.status.code(), ended.output.as_str()),
        (Some(64), "PGHOST is missing")
    );
}
