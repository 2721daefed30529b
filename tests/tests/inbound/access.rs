//! The access log: who called and what was answered, what LINE was told and said, and nothing of customers.

use sabai_tests::bot::log::Line;
use sabai_tests::webhook::{Event, id};

use super::scene::{SOON, taken, world};

type Fields = &'static [(&'static str, &'static str)];
const WEBHOOK: Fields = &[
    ("method", "POST"),
    ("path", "/callback"),
    ("address", "127.0.0.1"),
];
const REPLY: Fields = &[("method", "POST"), ("endpoint", "/v2/bot/message/reply")];
const PROFILE: Fields = &[("method", "GET"), ("endpoint", "/v2/bot/profile/*")];

#[tokio::test]
async fn each_webhook_and_each_call_to_line_is_a_line_without_anything_of_the_customer() {
    let world = world().await;
    let environment = vec![("SABAI_LOG".to_owned(), "info,access=debug".to_owned())];
    let bot = world.bot_with(environment).await.expect("the bot starts");
    bot.wait_ready(SOON).await;
    let event = Event::text("ann", "a text of ann's");
    taken(&world, &world.webhook(&bot), std::slice::from_ref(&event)).await;
    assert_eq!(world.settled(SOON).await.answered, 1);

    let has = |message: &'static str, fields: Fields| {
        move |line: &Line| {
            line.message() == Some(message)
                && fields
                    .iter()
                    .all(|(name, value)| line.field(name) == Some(value))
        }
    };
    let line = bot.log().wait_for(has("webhook", WEBHOOK)).await;
    assert!(line.text().contains("\"status\":200"), "{}", line.text());
    let line = bot.log().wait_for(has("called LINE", REPLY)).await;
    assert!(line.text().contains("\"status\":200"), "{}", line.text());
    let accepted = world.line.accepted_for(&event.id);
    assert_eq!(line.field("request_id"), Some(&*accepted[0].request_id));
    bot.log().wait_for(has("called LINE", PROFILE)).await;

    let (user, secret) = (id::user("ann"), &world.line.options().access_token);
    for line in bot.log().lines() {
        for private in [&*user, "a text of ann's", secret] {
            assert!(!line.text().contains(private), "{}", line.text());
        }
    }
}
