//! `sabai-bot webhook check`, as a Helm test runs it: with the channel's secret alone.

use sabai_tests::bot::{Bot, Ended};
use sabai_tests::port;

use super::scene::{LIMIT, Scene};

const STORED: &str = "SELECT (SELECT count(*) FROM seen) + (SELECT count(*) FROM event) + (SELECT count(*) FROM turn)";

async fn check(scene: &Scene, secret: &str, url: &str) -> Ended {
    let words = ["webhook", "check", "--within", "500ms", "--url", url];
    let environment = vec![("LINE_CHANNEL_SECRET".to_owned(), secret.to_owned())];
    let ended = Bot::run(scene.world.program(), words, environment, LIMIT).await;
    ended.expect("it ends")
}

#[tokio::test]
async fn it_tells_whether_a_bot_takes_what_line_signs_and_stores_nothing() {
    let scene = Scene::new().await;
    let bot = scene.bot().await;
    bot.wait_ready(LIMIT).await;
    let url = format!("http://{}", bot.webhook());
    let secret = &scene.world.line.options().channel_secret;

    // The current secret comes first while one is rotated.
    for secret in [
        secret.clone(),
        format!("{secret},0123456789abcdef0123456789abcdef"),
    ] {
        let ended = check(&scene, &secret, &url).await;
        assert_eq!(ended.status.code(), Some(0), "{}", ended.output);
    }
    let session = scene
        .world
        .database
        .superuser()
        .await
        .expect("Postgres is up");
    let stored = session.query_one(STORED, &[]).await.expect("it is right");
    assert_eq!(stored.get::<_, i64>(0), 0);

    for (secret, url, code, words) in [
        (
            "0123456789abcdef0123456789abcdef",
            &*url,
            1,
            "is LINE_CHANNEL_SECRET the one",
        ),
        (secret, &format!("http://{}", bot.admin()), 1, "404"),
        (
            secret,
            &format!("http://127.0.0.1:{}", port::free().next().expect("a port")),
            1,
            "nobody answers",
        ),
        (secret, "https://shop.example", 64, "must be http://"),
        ("", &*url, 64, "LINE_CHANNEL_SECRET"),
    ] {
        let ended = check(&scene, secret, url).await;
        assert_eq!(ended.status.code(), Some(code), "{}", ended.output);
        assert!(ended.output.contains(words), "{}", ended.output);
        assert!(
            secret.is_empty() || !ended.output.contains(secret),
            "{}",
            ended.output
        );
    }
}
