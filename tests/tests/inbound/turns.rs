//! What is kept of a conversation: every turn with who, what, which language, when and how it ended; a language that a
//! customer chose is kept for good.

use sabai_tests::line::faults::{Action, Match};
use sabai_tests::line::{Endpoint, Options as LineOptions, Profile};
use sabai_tests::webhook::{Chat, Event, Kind, Message, id};
use sabai_tests::world::{Options, World};

use super::scene::{SOON, becomes, inside, number, quiet, taken, texts};

const ANSWERS: &str = "
default_language: th
rules:
  - name: speak-english
    when: { text: [english please], postback: language=en }
    set_language: en
    answer: [{ th: TH switched, en: EN switched }]
  - name: speak-thai
    when: { text: [ภาษาไทย] }
    set_language: th
    answer: [{ th: TH switched, en: EN switched }]
  - name: received
    when: { events: [message/file, message/image, message/sticker] }
    answer: [{ th: TH received, en: EN received }]
fallback:
  message/text:
    answer: [{ th: TH, en: EN }]
";

async fn world() -> World {
    let options = Options {
        line: LineOptions::default(),
        ..Options::answering(ANSWERS)
    };
    World::new(options).await.expect("everything starts")
}

/// What LINE was told to say to this event.
async fn said(world: &World, webhook: &sabai_tests::webhook::Webhook, event: &Event) -> String {
    taken(world, webhook, std::slice::from_ref(event)).await;
    quiet(world).await;
    let accepted = world.line.accepted_for(&event.id);
    accepted
        .iter()
        .flat_map(|call| call.texts())
        .collect::<Vec<_>>()
        .join("|")
}

#[tokio::test]
async fn the_language_follows_the_text_and_a_choice_is_kept_across_messages_and_a_restart() {
    let world = world().await;
    let ben = Profile {
        display_name: "Ben".into(),
        language: Some("en".into()),
    };
    world.line.set_profile(&id::user("ben"), Some(ben));
    let bot = world.bot().await.expect("the bot starts");
    let webhook = world.webhook(&bot);
    let text = |text| Event::text("ann", text);
    for (event, answer) in [
        (text("hello"), "EN"),
        (text("สวัสดี"), "TH"),
        (text("123"), "TH"),
        (text("english please"), "EN switched"),
        (text("สวัสดี"), "EN"),
        (Event::text("somebody else", "สวัสดี"), "TH"),
        (text("ภาษาไทย"), "TH switched"),
        (text("hello"), "TH"),
        (
            Event::new(
                &Chat::with("ann"),
                Kind::Postback {
                    data: "language=en".into(),
                },
            ),
            "EN switched",
        ),
        (Event::text("ben", "สวัสดี"), "TH"),
    ] {
        assert_eq!(
            said(&world, &webhook, &event).await,
            answer,
            "{}",
            event.json()
        );
    }
    let sql = "SELECT profile_language FROM person WHERE user_id = $1";
    let known = vec![Some("en".to_owned())];
    becomes("the profile to be kept", known, async || {
        texts(&world, sql, &[&id::user("ben")]).await
    })
    .await;
    assert_eq!(
        said(&world, &webhook, &Event::text("ben", "123")).await,
        "EN",
        "by profile"
    );

    bot.kill().await;
    let bot = world.bot().await.expect("the bot starts again");
    let webhook = world.webhook(&bot);
    assert_eq!(
        said(&world, &webhook, &text("สวัสดี")).await,
        "EN",
        "chosen before"
    );
    choices_are_saved(&world).await;
}

async fn choices_are_saved(world: &World) {
    let sql = "SELECT string_agg(rule || ' ' || language, ', ' ORDER BY occurred_at, received_at) FROM turn
        WHERE user_id = $1 AND rule LIKE 'speak%'";
    assert_eq!(
        texts(world, sql, &[&id::user("ann")]).await,
        [Some(
            "speak-english en, speak-thai th, speak-english en".to_owned()
        )]
    );
}

#[tokio::test]
async fn every_turn_is_saved_with_who_what_when_and_how() {
    let world = world().await;
    let ann = Profile {
        display_name: "แอน\u{1f60a}".into(),
        language: None,
    };
    world.line.set_profile(&id::user("ann"), Some(ann));
    let bot = world.bot().await.expect("the bot starts");
    let webhook = world.webhook(&bot);
    let file = Message::File {
        name: "ใบเสร็จ.PDF".into(),
        bytes: 2138,
    };
    let events = [
        Event::text("ann", "สวัสดีค่ะ"),
        Event::message("ann", file),
        Event::message("ann", Message::Sticker),
        Event::message("ann", Message::Audio),
    ];
    for event in &events {
        said(&world, &webhook, event).await;
    }
    let sql = "SELECT concat_ws('; ', kind, user_text, file_name, file_type, answer #>> '{0,text}', rule, language,
        outcome, reason, sent_by) FROM turn WHERE user_id = $1 ORDER BY occurred_at, received_at";
    let turns: Vec<_> = texts(&world, sql, &[&id::user("ann")])
        .await
        .into_iter()
        .flatten()
        .collect();
    assert_eq!(
        turns,
        [
            "message/text; สวัสดีค่ะ; TH; fallback:message/text; th; answered; reply",
            "message/file; ใบเสร็จ.PDF; pdf; TH received; received; th; answered; reply",
            "message/sticker; TH received; received; th; answered; reply",
            "message/audio; stored_only; no_answer",
        ]
    );
    let names = "SELECT count(*)::text FROM turn WHERE display_name = 'แอน\u{1f60a}'";
    becomes("the name", [Some("4".to_owned())].to_vec(), async || {
        texts(&world, names, &[]).await
    })
    .await;
    facts(&world, &events[0]).await;
}

/// Ids, times in their order, and the bytes as they came.
async fn facts(world: &World, event: &Event) {
    let sql = "SELECT webhook_event_id, destination, message_id, request_id, octet_length(trace), body,
        (extract(epoch FROM occurred_at) * 1000)::int8, received_at <= begun_at AND begun_at <= accepted_at
        AND accepted_at <= settled_at AND settled_at <= clock_timestamp() FROM turn WHERE webhook_event_id = $1";
    let row = inside(world)
        .await
        .query_one(sql, &[&event.id])
        .await
        .expect("one turn");
    let text = |column| row.get::<_, Option<String>>(column);
    assert_eq!(text(0).as_ref(), Some(&event.id));
    assert_eq!(text(1).as_ref(), Some(&world.line.options().bot_user_id));
    assert_eq!(text(2).as_deref(), event.message_id());
    let accepted = world.line.accepted_for(&event.id);
    assert_eq!(text(3).as_ref(), Some(&accepted[0].request_id));
    assert_eq!(row.get::<_, i32>(4), 16);
    assert_eq!(
        row.get::<_, Vec<u8>>(5),
        event.json().to_string().as_bytes()
    );
    assert_eq!(
        row.get::<_, i64>(6),
        i64::try_from(event.timestamp).expect("this century")
    );
    assert!(row.get::<_, bool>(7), "the times are in their order");
}

#[tokio::test]
async fn a_profile_that_does_not_come_is_never_in_the_way_of_an_answer() {
    let world = world().await;
    world
        .line
        .fault_until_cleared(Match::endpoint(Endpoint::Profile), Action::HangBefore);
    let bot = world.bot().await.expect("the bot starts");
    let webhook = world.webhook(&bot);
    for customer in ["ann", "ben", "ann"] {
        assert_eq!(
            said(&world, &webhook, &Event::text(customer, "hello")).await,
            "EN"
        );
    }
    let report = world.settled(SOON).await;
    assert!(report.is_sound() && report.answered == 3, "{report}");
}

#[tokio::test]
async fn a_turn_that_is_saved_while_its_customers_name_is_written_gets_the_name_too() {
    let world = world().await;
    let ann = Profile {
        display_name: "Ann".into(),
        language: None,
    };
    world.line.set_profile(&id::user("ann"), Some(ann));
    let bot = world.bot().await.expect("the bot starts");
    let webhook = world.webhook(&bot);

    // The row that the name goes into is another transaction's: the statement has its snapshot, and waits.
    let other = inside(&world).await;
    let insert = format!(
        "BEGIN; INSERT INTO person (user_id) VALUES ('{}')",
        id::user("ann")
    );
    other
        .batch_execute(&insert)
        .await
        .expect("nobody is known yet");
    said(&world, &webhook, &Event::text("ann", "hello")).await;
    let waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
        AND wait_event_type = 'Lock' AND query LIKE '/* conversation.person */%'";
    becomes("the name to wait for the row", 1, async || {
        number(&world, waiting).await
    })
    .await;
    said(&world, &webhook, &Event::text("ann", "hello again")).await;
    let freed = other.batch_execute("ROLLBACK").await;
    freed.expect("Postgres is up");

    let names = "SELECT display_name FROM turn";
    let both = vec![Some("Ann".to_owned()); 2];
    becomes("the name in both turns", both, async || {
        texts(&world, names, &[]).await
    })
    .await;
}
