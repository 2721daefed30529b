//! Signed by LINE and yet odd: not JSON, poisoned, for another bot, of tomorrow. Stored as it came, answered where that
//! is right, and never in its neighbours' way.

use bytes::Bytes;
use sabai_tests::line::Endpoint;
use sabai_tests::webhook::{Chat, Event, Kind, Message, id};
use sabai_tests::world::World;
use serde_json::json;

use super::scene::{
    SOON, becomes, counter, endings, inside, number, quiet, taken, texts, world_and_bot,
};

/// The reason beside these exact bytes among the dead letters, once each.
async fn buried(world: &World, body: &[u8]) -> Vec<String> {
    let sql = "SELECT reason || ': ' || detail FROM dead_letter WHERE body = $1";
    texts(world, sql, &[&body])
        .await
        .into_iter()
        .flatten()
        .collect()
}

fn said_to_line(world: &World) -> usize {
    let spoken = [Endpoint::Reply, Endpoint::Push, Endpoint::Loading];
    world
        .line
        .journal(|journal| spoken.iter().map(|to| journal.to(*to).count()).sum())
}

#[tokio::test]
async fn a_signed_body_that_is_no_call_is_a_dead_letter_byte_for_byte() {
    let (world, bot) = world_and_bot().await;
    let webhook = world.webhook(&bot);
    let bodies: [(&[u8], &str); 6] = [
        (b"hello", "not JSON"),
        (b"", "not JSON"),
        (b"{\"destination\":\"U1\",\"events\":[{", "not JSON"),
        (b"[1,2]", "not an object"),
        (b"{\"events\":\"\x00\xff\xfe\"}", "not UTF-8"),
        (b"{\"events\":7}", "not an object"),
    ];
    for (body, _) in bodies {
        becomes("200", Ok(200), async || {
            webhook
                .post_signed(Bytes::from_static(body))
                .await
                .outcome
                .map_err(|failure| failure.to_string())
        })
        .await;
    }
    for (body, why) in bodies {
        let reasons = buried(&world, body).await;
        assert_eq!(reasons.len(), 1, "{body:?}: {reasons:?}");
        assert!(
            reasons[0].starts_with("unreadable: ") && reasons[0].contains(why),
            "{reasons:?}"
        );
    }
    let labels = [("outcome", "dead_letter")];
    assert_eq!(counter(&bot, "sabai_events_total", &labels).await, 6.0);
    assert_eq!(said_to_line(&world), 0);
}

#[tokio::test]
async fn poisoned_events_are_kept_as_they_came_and_their_neighbours_answered() {
    let (world, bot) = world_and_bot().await;
    let webhook = world.webhook(&bot);
    let nul = Event::text("nul", "a\0b");
    let good = [Event::text("ann", "hello"), Event::text("ben", "hello")];
    let mut lone = Event::text("lone", "SURROGATE").json().to_string();
    lone = lone.replace("SURROGATE", "\\ud800 and more");
    let deep = format!(
        "{{\"type\":\"message\",\"x\":{}{}}}",
        "[".repeat(10_000),
        "]".repeat(10_000)
    );
    let deep_objects = format!("{}1{}", "{\"a\":".repeat(10_000), "}".repeat(10_000));
    let raw_nul = nul.json().to_string();
    let [ann, ben] = good.each_ref().map(|event| event.json().to_string());
    webhook.register(&[good.as_slice(), std::slice::from_ref(&nul)].concat());
    let body = format!(
        "{{\"destination\":\"{}\", \"events\" : [{ann} , {lone},{deep},{deep_objects},{raw_nul},7,{ben}]}}",
        world.line.options().bot_user_id
    );
    becomes("200", Ok(200), async || {
        webhook
            .post_signed(Bytes::from(body.clone()))
            .await
            .outcome
            .map_err(|failure| failure.to_string())
    })
    .await;
    quiet(&world).await;
    for event in good.iter().chain([&nul]) {
        assert_eq!(
            endings(&world, event).await,
            ["answered"],
            "{}",
            event.json()
        );
        assert_eq!(world.line.accepted_for(&event.id).len(), 1);
    }
    for (body, why) in [
        (&*lone, "hex escape"),
        (&*deep, "recursion"),
        (&*deep_objects, "recursion"),
        ("7", "not an object"),
    ] {
        let reasons = buried(&world, body.as_bytes()).await;
        assert_eq!(reasons.len(), 1, "{why}: {reasons:?}");
        assert!(reasons[0].contains(why), "{reasons:?}");
    }
    let sql = "SELECT body, user_text FROM turn WHERE webhook_event_id = $1";
    let row = inside(&world)
        .await
        .query_one(sql, &[&nul.id])
        .await
        .expect("its turn");
    assert_eq!(row.get::<_, Vec<u8>>(0), raw_nul.as_bytes());
    assert_eq!(row.get::<_, String>(1), "a\u{fffd}b");
}

#[tokio::test]
async fn what_is_signed_for_another_bot_is_stored_not_answered_and_warned_about_once() {
    let (world, bot) = world_and_bot().await;
    let other = "U0123456789abcdef0123456789abcdef";
    let webhook = world.webhook(&bot).addressed_to(other);
    let events = ["ann", "ben", "cat"].map(|customer| Event::text(customer, "hello"));
    for event in &events {
        taken(&world, &webhook, std::slice::from_ref(event)).await;
    }
    quiet(&world).await;
    for event in &events {
        assert_eq!(
            endings(&world, event).await,
            ["stored_only foreign_destination"]
        );
    }
    let kept = "SELECT destination FROM turn WHERE user_text = 'hello'";
    assert_eq!(
        texts(&world, kept, &[]).await,
        vec![Some(other.to_owned()); 3]
    );
    assert_eq!(said_to_line(&world), 0);
    let warnings = bot.log().lines().into_iter().filter(|line| {
        line.level() == Some("WARN")
            && line
                .message()
                .is_some_and(|text| text.contains("for another bot"))
    });
    assert_eq!(warnings.count(), 1);
}

#[tokio::test]
async fn all_twenty_types_of_event_in_one_call_are_stored_and_only_some_answered() {
    let answers = format!(
        "{}  postback:\n    answer: [{{ th: ได้รับแล้ว, en: Got it. }}]\n",
        super::scene::ANSWERS
    );
    let world = World::new(sabai_tests::world::Options::answering(answers))
        .await
        .expect("starts");
    let bot = world.bot().await.expect("the bot starts");
    let events: Vec<Event> = Kind::one_of_each()
        .into_iter()
        .map(|kind| Event::new(&Chat::with("ann"), kind))
        .collect();
    assert_eq!(events.len(), 20);
    taken(&world, &world.webhook(&bot), &events).await;
    let report = world.settled(SOON).await;
    assert!(report.is_sound(), "{report}");
    assert_eq!((report.acknowledged, report.answered), (20, 2), "{report}");
    for event in &events {
        let answered = matches!(event.kind.name(), "message" | "postback");
        assert_eq!(
            endings(&world, event).await == ["answered"],
            answered,
            "{}",
            event.json()
        );
    }
    assert_eq!(
        number(&world, "SELECT count(*) FROM turn WHERE body IS NULL").await,
        1,
        "the unsend"
    );
}

#[tokio::test]
async fn unknown_types_sources_modes_fields_and_missing_ids_are_stored_beside_worked_neighbours() {
    let (world, bot) = world_and_bot().await;
    let webhook = world.webhook(&bot);
    let text = |customer| Event::text(customer, "hello");
    let extra = text("extra").with("tomorrow", json!({ "deep": [1, { "x": null }] }));
    let neighbours = [text("ann"), extra, text("ben")];
    let odd = of_tomorrow();
    let nameless = text("o").without("webhookEventId");
    let mut events: Vec<Event> = odd.iter().map(|(event, _)| event.clone()).collect();
    events.splice(3..3, neighbours[..2].iter().cloned());
    events.extend([nameless.clone(), neighbours[2].clone()]);
    taken(&world, &webhook, &events).await;
    taken(
        &world,
        &webhook,
        std::slice::from_ref(&nameless.redelivered()),
    )
    .await;
    quiet(&world).await;
    for event in &neighbours {
        assert_eq!(endings(&world, event).await, ["answered"]);
    }
    for (event, ending) in &odd {
        assert_eq!(endings(&world, event).await, [*ending], "{}", event.json());
    }
    let sql = "SELECT outcome || sent_by FROM turn WHERE user_id = $1";
    let once = [Some("answeredreply".to_owned())];
    let its_own = texts(&world, sql, &[&id::user("o")]).await;
    assert_eq!(its_own, once, "told apart by its content");
    let log = bot.log().lines();
    assert!(log.iter().all(|line| !line.text().contains("panic")));
}

/// Events that no one has seen yet, and how each ends.
fn of_tomorrow() -> [(Event, &'static str); 14] {
    let text = |customer| Event::text(customer, "hello");
    [
        (
            text("a").with("type", "reaction".into()),
            "stored_only unknown_kind",
        ),
        (text("b").without("type"), "stored_only unknown_kind"),
        (text("c").with("type", json!(7)), "stored_only unknown_kind"),
        (
            text("d").with("source", json!({ "type": "planet", "userId": "U1" })),
            "stored_only no_source",
        ),
        (
            text("e").with("source", json!("user")),
            "stored_only no_source",
        ),
        (text("f").without("source"), "stored_only no_source"),
        (
            text("g").with("mode", "dreaming".into()),
            "stored_only unknown_mode",
        ),
        (text("h").without("mode"), "stored_only unknown_mode"),
        (
            text("i").with(
                "message",
                json!({ "type": "hologram", "id": "1", "text": 7 }),
            ),
            "stored_only no_answer",
        ),
        (text("j").without("message"), "stored_only no_answer"),
        (
            text("k").without("replyToken"),
            "stored_only no_reply_token",
        ),
        (text("l").with("timestamp", json!("soon")), "answered"),
        (text("m").without("deliveryContext"), "answered"),
        (
            Event::message("n", Message::Sticker),
            "stored_only no_answer",
        ),
    ]
}

#[tokio::test]
async fn standby_events_and_verification_tokens_are_stored_without_a_word_to_line() {
    let (world, bot) = world_and_bot().await;
    let webhook = world.webhook(&bot);
    let standby = Event::text("ann", "hello").standby();
    let standby_with_token = Event::text("ben", "hello").with("mode", "standby".into());
    let verify = ["0", "f"].map(|digit| {
        Event::text("line", "Hello, world").with("replyToken", digit.repeat(32).into())
    });
    let [zeros, effs] = verify;
    let all = [standby, standby_with_token, zeros, effs];
    taken(&world, &webhook, &all).await;
    quiet(&world).await;
    for (event, ending) in all
        .iter()
        .zip(["standby", "standby", "verify_token", "verify_token"])
    {
        assert_eq!(
            endings(&world, event).await,
            [format!("stored_only {ending}")]
        );
    }
    let user_texts = "SELECT count(*) FROM turn WHERE user_text IS NOT NULL AND body IS NOT NULL";
    assert_eq!(number(&world, user_texts).await, 4);
    assert_eq!(said_to_line(&world), 0);
}
