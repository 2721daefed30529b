//! In groups and rooms people talk to each other: rules answer there, the fallback only when the file says so.

use sabai_tests::webhook::{Chat, Event, Kind};
use sabai_tests::world::{Options, World};

use super::scene::{endings, quiet, taken};

const ANSWERS: &str = "
rules:
  - name: hours
    when: { text: hours }
    answer: { th: ทุกวัน, en: Every day }
fallback:
  message/text:
    answer: { th: ไม่เข้าใจ, en: Pardon }
";

/// How a text in each kind of chat ends, where nobody asks the bot and where somebody does.
async fn ends(answers: &str) -> [(String, String); 3] {
    let world = World::new(Options::answering(answers)).await;
    let world = world.expect("everything starts");
    let bot = world.bot().await.expect("the bot starts");
    let webhook = world.webhook(&bot);
    let chats = [
        Chat::with("ann"),
        Chat::group("family", Some("ann")),
        Chat::room("old", None),
    ];
    let said = chats.map(|chat| {
        ["see you at eight", "what are your hours?"].map(|text| Event::new(&chat, Kind::text(text)))
    });
    taken(&world, &webhook, &said.concat()).await;
    quiet(&world).await;
    let mut ends = <[(String, String); 3]>::default();
    for (end, [chat, question]) in ends.iter_mut().zip(&said) {
        *end = (
            endings(&world, chat).await.join(" and "),
            endings(&world, question).await.join(" and "),
        );
        let said_to_line = [chat, question].map(|event| world.line.accepted_for(&event.id).len());
        let answered = [&end.0, &end.1].map(|end| usize::from(end == "answered"));
        assert_eq!(said_to_line, answered, "what is saved is what happened");
    }
    ends
}

fn pair(chat: &str, question: &str) -> (String, String) {
    (chat.to_owned(), question.to_owned())
}

#[tokio::test]
async fn in_groups_and_rooms_only_rules_answer_unless_the_file_says_otherwise() {
    let both = pair("answered", "answered");
    let asked = pair("stored_only no_answer", "answered");
    assert_eq!(ends(ANSWERS).await, [both.clone(), asked.clone(), asked]);
    let everywhere = format!("{ANSWERS}    in_groups: true\n");
    assert_eq!(ends(&everywhere).await, [both.clone(), both.clone(), both]);
}
