//! The answers file broken at start, broken while running, and good again.

use std::time::Duration;

use sabai_tests::bot::Bot;
use sabai_tests::webhook::Event;
use sabai_tests::world::World;

use super::scene::{ANSWERS, SOON, becomes, counter, taken, world, world_and_bot};

/// Its English text is missing, at line 5, column 14.
const BROKEN: &str = "default_language: th
rules:
  - name: greeting
    when: { text: hello }
    answer: [{ th: สวัสดี }]
fallback:
  message/text:
    answer: [{ th: ก, en: a }]
";
const FAILURES: &str = "sabai_answers_reload_failures_total";

#[tokio::test]
async fn a_file_that_is_broken_at_start_ends_it_with_64_and_names_line_and_column() {
    let world = world().await;
    for (text, place) in [
        (BROKEN, "line 5, column 14"),
        ("rules: [\n  {name: a", "line 2, column"),
        ("fallback: 7\n", "line 1, column 11"),
        ("", "line 1, column 1: the file is empty"),
    ] {
        world.write_answers(text).expect("written");
        let limit = Duration::from_secs(20);
        let free = ["SABAI_LISTEN", "SABAI_ADMIN_LISTEN"]
            .map(|name| (name.to_owned(), "127.0.0.1:0".to_owned()));
        let environment = [world.environment(), free.to_vec()].concat();
        let ended = Bot::run(world.program(), ["serve"], environment, limit)
            .await
            .expect("it ends");
        assert_eq!(ended.status.code(), Some(64), "{text}: {}", ended.output);
        assert!(ended.output.contains(place), "{text}: {}", ended.output);
        let announced = ended.output.contains("listening");
        assert!(!announced, "{text}: {}", ended.output);
    }
}

/// What is answered to a fresh customer who says hello in Thai.
async fn answer(world: &World, bot: &Bot) -> Vec<String> {
    let event = Event::text("ann", "สวัสดี");
    taken(world, &world.webhook(bot), std::slice::from_ref(&event)).await;
    world.settled(SOON).await;
    let accepted = world.line.accepted_for(&event.id);
    accepted.iter().flat_map(|call| call.texts()).collect()
}

#[tokio::test]
async fn a_file_that_breaks_while_running_changes_nothing_is_told_once_and_a_good_one_comes_into_force()
 {
    let (world, bot) = world_and_bot().await;
    let told = || {
        let lines = bot.log().lines().into_iter();
        let errors = lines.filter(|line| line.level() == Some("ERROR"));
        errors
            .map(|line| line.text().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(answer(&world, &bot).await, ["สวัสดีค่ะ"]);
    assert_eq!(counter(&bot, FAILURES, &[]).await, 0.0);

    world.write_answers(BROKEN).expect("written");
    becomes("the failure to be counted", 1.0, async || {
        counter(&bot, FAILURES, &[]).await
    })
    .await;
    assert_eq!(answer(&world, &bot).await, ["สวัสดีค่ะ"], "the last good one");
    assert_eq!(told().len(), 1);
    assert!(told()[0].contains("line 5, column 14"), "{}", told()[0]);

    std::fs::remove_file(world.answers()).expect("it was there");
    becomes("a missing file to be counted", 2.0, async || {
        counter(&bot, FAILURES, &[]).await
    })
    .await;
    assert_eq!(answer(&world, &bot).await, ["สวัสดีค่ะ"], "the last good one");

    world
        .write_answers(&ANSWERS.replace("สวัสดีค่ะ", "หวัดดี"))
        .expect("written");
    becomes(
        "the new answers",
        vec!["หวัดดี".to_owned()],
        async || answer(&world, &bot).await,
    )
    .await;
    assert_eq!((told().len(), counter(&bot, FAILURES, &[]).await), (2, 2.0));
}
