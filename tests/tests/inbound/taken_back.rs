//! Messages that customers take back or edit: the text goes from wherever it is kept, whatever comes first and on
//! whichever pod; of edits the newest stays.

use sabai_tests::line::Endpoint;
use sabai_tests::line::faults::{Action, Match, Refusal};
use sabai_tests::line::hold::Stage;
use sabai_tests::webhook::{Chat, Event, Kind, Message};
use sabai_tests::world::{World, contract};

use super::scene::{SOON, becomes, endings, number, quiet, taken, texts, world, world_and_bot};

/// The word that must not be found after it was taken back.
const SECRET: &str = "xyzzy";

/// How many rows hold the word.
async fn kept(world: &World) -> usize {
    let rows = contract::rows_with(&world.database, SECRET).await;
    rows.expect("Postgres is up").len()
}

fn unsend(event: &Event) -> Event {
    event.unsent().expect("a message in a chat")
}

#[tokio::test]
async fn a_text_or_file_taken_back_after_its_answer_is_emptied_and_its_turn_stays() {
    let (world, bot) = world_and_bot().await;
    let webhook = world.webhook(&bot);
    let text = Event::text("ann", &format!("hello {SECRET}"));
    let standby = Event::text("ben", SECRET).standby();
    let name = format!("{SECRET}.pdf");
    let file = Event::message("cat", Message::File { name, bytes: 9 });
    let all = [text, standby, file];
    taken(&world, &webhook, &all).await;
    quiet(&world).await;
    assert_eq!(kept(&world).await, 3);
    taken(&world, &webhook, &all.each_ref().map(unsend)).await;
    assert_eq!(kept(&world).await, 0, "when LINE has its 200");
    assert_eq!(endings(&world, &all[0]).await, ["answered"]);
    assert_eq!(number(&world, "SELECT count(*) FROM turn").await, 6);
}

#[tokio::test]
async fn an_unsend_that_comes_first_or_in_the_same_call_leaves_no_text_and_no_answer() {
    let (world, bot) = world_and_bot().await;
    let webhook = world.webhook(&bot);
    let [late, same, same_late] = ["ann", "ben", "cat"].map(|name| Event::text(name, SECRET));
    taken(&world, &webhook, &[unsend(&late)]).await;
    taken(&world, &webhook, std::slice::from_ref(&late)).await;
    taken(&world, &webhook, &[same.clone(), unsend(&same)]).await;
    taken(&world, &webhook, &[unsend(&same_late), same_late.clone()]).await;
    quiet(&world).await;
    assert_eq!(kept(&world).await, 0);
    for event in [&late, &same, &same_late] {
        assert_eq!(endings_of(&world, event).await, ["stored_only unsent"]);
        assert!(world.line.accepted_for(&event.id).is_empty());
    }
}

/// By message id: a text taken back while it waited has lost its event id with its bytes.
async fn endings_of(world: &World, event: &Event) -> Vec<String> {
    let sql =
        "SELECT outcome || ' ' || reason FROM turn WHERE message_id = $1 AND reason <> 'unsend'";
    let found = texts(world, sql, &[&event.message_id()]).await;
    found.into_iter().flatten().collect()
}

#[tokio::test]
async fn a_text_taken_back_while_it_waits_is_emptied_there_and_never_answered() {
    let (world, bot) = world_and_bot().await;
    let webhook = world.webhook(&bot);
    let hold = world
        .line
        .hold(Match::endpoint(Endpoint::Reply), Stage::BeforeReading);
    let (first, waiting) = (Event::text("ann", "hello"), Event::text("ann", SECRET));
    taken(&world, &webhook, std::slice::from_ref(&first)).await;
    hold.reached().await;
    taken(&world, &webhook, std::slice::from_ref(&waiting)).await;
    assert_eq!(kept(&world).await, 1);
    taken(&world, &webhook, &[unsend(&waiting)]).await;
    assert_eq!(kept(&world).await, 0, "while its lane is held");
    assert_eq!(number(&world, "SELECT count(*) FROM event").await, 2);
    hold.release();
    quiet(&world).await;
    assert_eq!(endings(&world, &first).await, ["answered"]);
    assert_eq!(endings_of(&world, &waiting).await, ["stored_only unsent"]);
    assert!(world.line.accepted_for(&waiting.id).is_empty());
    assert_eq!(kept(&world).await, 0);
}

#[tokio::test]
async fn a_text_taken_back_while_its_own_answer_is_at_line_is_emptied_all_the_same() {
    let (world, bot) = world_and_bot().await;
    let webhook = world.webhook(&bot);
    let hold = world
        .line
        .hold(Match::endpoint(Endpoint::Reply), Stage::AfterAccepting);
    let event = Event::text("ann", SECRET);
    taken(&world, &webhook, std::slice::from_ref(&event)).await;
    hold.reached().await;
    taken(&world, &webhook, &[unsend(&event)]).await;
    hold.release();
    quiet(&world).await;
    assert_eq!(endings(&world, &event).await, ["answered"]);
    assert_eq!(world.line.accepted_for(&event.id).len(), 1);
    assert_eq!(kept(&world).await, 0);
}

#[tokio::test]
async fn a_message_and_its_unsend_at_the_same_time_on_two_pods_leave_no_text() {
    let world = world().await;
    let pods = [
        world.bot().await.expect("the bot starts"),
        world.bot().await.expect("the bot starts"),
    ];
    let [one, other] = pods.each_ref().map(|bot| world.webhook(bot));
    for round in 0..30 {
        let customers = ["ann", "ben", "cat"].map(|name| format!("{name} {round}"));
        let messages = customers
            .each_ref()
            .map(|customer| Event::text(customer, SECRET));
        let unsends = messages.each_ref().map(unsend);
        let (sending, unsending) = if round % 2 == 0 {
            (&one, &other)
        } else {
            (&other, &one)
        };
        tokio::join!(
            taken(&world, sending, &messages),
            taken(&world, unsending, &unsends)
        );
    }
    quiet(&world).await;
    assert_eq!(kept(&world).await, 0);
    let open = "SELECT count(*) FROM amendment WHERE NOT applied";
    assert_eq!(number(&world, open).await, 0);
    let report = world.settled(SOON).await;
    assert!(report.duplicates == 0, "{report}");
}

#[tokio::test]
async fn the_newest_edit_stays_whatever_the_order_of_arrival_and_unsend_is_final() {
    let (world, bot) = world_and_bot().await;
    let webhook = world.webhook(&bot);
    let group = Chat::group("family", Some("ann"));
    for order in [[0, 1, 2], [0, 2, 1], [1, 2, 0], [2, 1, 0], [1, 0, 2]] {
        let message = Event::new(&group, Kind::text("first"));
        let id = message.message_id().expect("a message").to_owned();
        let edit = |text: &str, later| {
            let kind = Kind::MessageEdited {
                id: id.clone(),
                text: text.to_owned(),
            };
            Event::new(&group, kind).at(message.timestamp + later)
        };
        let events = [message.clone(), edit("second", 10), edit("third", 20)];
        for place in order {
            taken(&world, &webhook, std::slice::from_ref(&events[place])).await;
        }
        quiet(&world).await;
        let sql = "SELECT user_text FROM turn WHERE message_id = $1 AND kind = 'message/text'";
        let newest = vec![Some("third".to_owned())];
        assert_eq!(texts(&world, sql, &[&id]).await, newest, "{order:?}");
        assert_eq!(world.line.accepted_for(&message.id).len(), 1, "{order:?}");

        taken(&world, &webhook, &[unsend(&message)]).await;
        taken(&world, &webhook, &[edit(SECRET, 30)]).await;
        let sql = "SELECT count(user_text) + count(body) FROM turn WHERE message_id = $1";
        let left = super::scene::inside(&world)
            .await
            .query_one(sql, &[&id])
            .await;
        assert_eq!(left.expect("a count").get::<_, i64>(0), 0, "{order:?}");
        assert_eq!(kept(&world).await, 0);
    }
}

#[tokio::test]
async fn a_dead_letter_forgets_a_text_that_is_taken_back() {
    let world = world().await;
    let bot = world.bot_with(vec![("SABAI_MAX_ATTEMPTS".into(), "1".into())]);
    let bot = bot.await.expect("the bot starts");
    bot.wait_ready(SOON).await;
    let webhook = world.webhook(&bot);
    let event = Event::text("ann", SECRET);
    let refused = Action::Refuse(Refusal::BadRequest);
    world
        .line
        .fault(Match::endpoint(Endpoint::Reply), refused, 1);
    taken(&world, &webhook, std::slice::from_ref(&event)).await;
    becomes("a dead letter", 1, async || {
        number(&world, "SELECT count(*) FROM dead_letter").await
    })
    .await;
    assert!(kept(&world).await >= 1);
    let unsent = webhook.body(&[unsend(&event)]);
    assert_eq!(webhook.post_signed(unsent).await.outcome, Ok(200));
    assert_eq!(kept(&world).await, 0);
}
