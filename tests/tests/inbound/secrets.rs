//! Channel secrets: two at once, rotated while running, and none of any kind in the log.

use sabai_tests::bot::Bot;
use sabai_tests::webhook::Event;

use super::scene::{SOON, becomes, taken, world};

const NEXT: &str = "fedcba98765432100123456789abcdef";

fn set(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

#[tokio::test]
async fn two_secrets_by_comma_are_both_accepted_and_no_other() {
    let world = world().await;
    let current = world.line.options().channel_secret.clone();
    let both = vec![set("LINE_CHANNEL_SECRET", &format!("{NEXT},{current}"))];
    let bot = world.bot_with(both).await.expect("the bot starts");
    bot.wait_ready(SOON).await;
    for secret in [&*current, NEXT] {
        let webhook = world.webhook(&bot).signing_with(secret);
        let event = Event::text("ann", "hello");
        taken(&world, &webhook, std::slice::from_ref(&event)).await;
    }
    let joined = format!("{NEXT},{current}");
    for secret in [&joined, "", &NEXT[1..]] {
        let webhook = world.webhook(&bot).signing_with(secret);
        assert_eq!(webhook.deliver(&[]).await.outcome, Ok(401), "{secret}");
    }
    assert_eq!(world.settled(SOON).await.answered, 2);
}

#[tokio::test]
async fn a_secret_file_rewritten_while_running_is_followed_and_no_secret_is_ever_logged() {
    let world = world().await;
    let options = world.line.options().clone();
    let files = [
        ("LINE_CHANNEL_SECRET", &*options.channel_secret),
        ("LINE_CHANNEL_ACCESS_TOKEN", &*options.access_token),
        ("PGPASSWORD", &*world.database.password),
    ];
    let mut environment = vec![set("SABAI_LOG", "trace")];
    for (name, value) in files {
        let path = world.folder().join(name);
        std::fs::write(&path, value).expect("written");
        environment.extend([
            set(name, ""),
            set(&format!("{name}_FILE"), &path.display().to_string()),
        ]);
    }
    let bot = world.bot_with(environment).await.expect("the bot starts");
    bot.wait_ready(SOON).await;
    let old = world.webhook(&bot);
    let new = old.clone().signing_with(NEXT);
    taken(&world, &old, &[Event::text("ann", "hello")]).await;
    assert_eq!(new.deliver(&[]).await.outcome, Ok(401));
    std::fs::write(world.folder().join("LINE_CHANNEL_SECRET"), NEXT).expect("written");
    becomes("the new secret to be taken", Ok(200), async || {
        new.deliver(&[]).await.outcome
    })
    .await;
    assert_eq!(
        old.deliver(&[]).await.outcome,
        Ok(401),
        "the old one is refused"
    );
    taken(&world, &new, &[Event::text("ann", "hello")]).await;
    assert_eq!(world.settled(SOON).await.answered, 2);
    let hidden = [files[0].1, files[1].1, files[2].1, NEXT];
    logs_none_of(&bot, &hidden);
}

fn logs_none_of(bot: &Bot, secrets: &[&str]) {
    let lines = bot.log().lines();
    assert_eq!(lines.len() as u64, bot.log().count(), "all lines are kept");
    assert!(
        lines.iter().any(|line| line.level() == Some("TRACE")),
        "at its most talkative"
    );
    for line in lines {
        for secret in secrets {
            assert!(!line.text().contains(secret), "{}", line.text());
        }
    }
}
