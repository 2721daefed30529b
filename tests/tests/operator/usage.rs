//! Wrong words, missing variables, Postgres away, output that nobody reads on.

use sabai_tests::bot::Bot;

use super::scene::{LIMIT, Scene};

#[tokio::test]
async fn wrong_words_are_told_with_exit_code_64() {
    let scene = Scene::new().await;
    for words in [
        "dead-letters",
        "dead-letters requeue",
        "dead-letters requeue --all 7",
        "dead-letters requeue seven",
        "dead-letters requeue 7 --yes",
        "dead-letters requeue --yes",
        "dead-letters drop 7 --reason refused",
        "dead-letters drop --older-than 1h",
        "dead-letters list --older-than soon",
        "dead-letters list --limit 0",
        "unknowns settle --as answered",
        "unknowns settle 7",
        "unknowns settle 7 --as lost",
        "spool verify --bodies",
    ] {
        scene.told(words, 64).await;
    }
    let ended = Bot::run(scene.world.program(), ["unknowns", "list"], vec![], LIMIT).await;
    let ended = ended.expect("it ends");
    assert_eq!(ended.status.code(), Some(64), "{}", ended.output);
    assert!(
        ended.output.contains("PGHOST") && !ended.output.contains("LINE_"),
        "{}",
        ended.output
    );
}

#[tokio::test]
async fn what_is_wrong_with_postgres_is_told_with_what_to_do() {
    let scene = Scene::new().await;
    let shown = scene.told("dead-letters list", 1).await;
    assert!(shown.contains("sabai-bot migrate"), "{shown}");
    let mut environment = scene.world.database.env();
    environment.push(("PGPASSWORD".to_owned(), "wrong".to_owned()));
    let ended = Bot::run(
        scene.world.program(),
        ["unknowns", "list"],
        environment,
        LIMIT,
    )
    .await;
    let ended = ended.expect("it ends");
    assert_eq!(ended.status.code(), Some(1), "{}", ended.output);
    assert!(
        ended.output.contains("cannot reach Postgres"),
        "{}",
        ended.output
    );
}

#[tokio::test]
async fn unknown_ids_are_told_with_exit_code_1() {
    let scene = Scene::new().await;
    scene.told("migrate", 0).await;
    for words in [
        "dead-letters show 7",
        "dead-letters requeue 7",
        "dead-letters drop 7",
        "unknowns settle 7 --as answered",
    ] {
        let shown = scene.told(words, 1).await;
        assert!(shown.contains('7'), "{words}: {shown}");
    }
    let shown = scene.told("dead-letters list", 0).await;
    assert!(shown.contains("0 dead letters"), "{shown}");
    scene.told("dead-letters requeue --all", 0).await;
}
