//! Messages that are taken back or edited at the moments that one look-up alone covers: before they are read, before
//! they are begun, and between intake's own statements, so that only the settling can know.

use sabai_tests::bot::Bot;
use sabai_tests::line::Endpoint;
use sabai_tests::line::faults::{Action, Match, Refusal};
use sabai_tests::line::hold::{Hold, Stage};
use sabai_tests::webhook::{Chat, Event, Kind, Message};
use sabai_tests::world::contract;

use super::gate::Gate;
use super::jam::Jam;
use super::scene::{Scene, options};

/// The word that must not be found after it was taken back.
const SECRET: &str = "xyzzy";
const REPLY: Endpoint = Endpoint::Reply;

fn unsend(event: &Event) -> Event {
    event.unsent().expect("a message in a chat")
}

async fn is_forgotten(scene: &Scene) {
    let kept = contract::rows_with(&scene.world.database, SECRET).await;
    assert_eq!(kept.expect("Postgres is there"), Vec::<String>::new());
}

/// A bot with lanes that stay its own while a reply is held.
async fn scene() -> (Scene, Bot) {
    let scene = Scene::new(options().env("SABAI_LEASE", "60s")).await;
    let bot = scene.bot().await;
    (scene, bot)
}

fn hold(scene: &Scene) -> Hold {
    let replies = Match::endpoint(REPLY);
    scene.world.line.hold(replies, Stage::BeforeReading)
}

#[tokio::test]
async fn taken_back_before_it_is_begun_it_is_not_answered() {
    let jam = Jam::at("outbox").await;
    let event = Event::text("ann", SECRET);
    let delivered = std::slice::from_ref(&event);
    jam.scene.deliver(&jam.bot, delivered).await;
    jam.scene.deliver(&jam.bot, &[unsend(&event)]).await;
    let (scene, _bot) = jam.clear().await;
    let turn = scene.ends_as(&event, "stored_only").await;
    assert_eq!(turn.reason.as_deref(), Some("unsent"));
    assert_eq!(scene.calls(&event), []);
    is_forgotten(&scene).await;
}

#[tokio::test]
async fn taken_back_before_it_came_it_is_read_as_such_and_no_answer_is_looked_for() {
    let (scene, bot) = scene().await;
    let hold = hold(&scene);
    let first = scene.text(&bot, "ann").await;
    hold.reached().await;
    let event = Event::text("ann", SECRET);
    scene.deliver(&bot, &[unsend(&event)]).await;
    scene.deliver(&bot, std::slice::from_ref(&event)).await;
    hold.release();
    scene.ends_as(&first, "answered").await;
    let turn = scene.ends_as(&event, "stored_only").await;
    assert_eq!(turn.reason.as_deref(), Some("unsent"));
    let asked = [("outcome", "answered")];
    scene.metric(&bot, "sabai_answers_total", &asked, 1.0).await;
    is_forgotten(&scene).await;
}

#[tokio::test]
async fn edited_before_it_came_it_is_answered_as_edited() {
    let (scene, bot) = scene().await;
    let hold = hold(&scene);
    let family = Chat::group("family", Some("ann"));
    let first = Event::new(&family, Kind::text("hello"));
    scene.deliver(&bot, std::slice::from_ref(&first)).await;
    hold.reached().await;
    let event = Event::new(&family, Kind::text("hello"));
    let edited = Kind::MessageEdited {
        id: event.message_id().expect("a message").to_owned(),
        text: "poison".to_owned(),
    };
    let edit = Event::new(&family, edited).at(event.timestamp + 1);
    scene.deliver(&bot, &[edit]).await;
    scene.deliver(&bot, std::slice::from_ref(&event)).await;
    hold.release();
    scene.ends_as(&event, "answered").await;
    assert_eq!(scene.calls_in_full(&event)[0].texts(), ["poison"]);
    scene.is_sound().await;
}

/// The unsends of `events` are stored by another pod, which dies before it has applied them to anything.
async fn taken_back_unapplied(scene: &Scene, events: &[&Event]) {
    let other = scene.bot().await;
    let gate = "UPDATE OF amended ON event FOR EACH ROW";
    let gate = Gate::close(&scene.world.database, gate).await;
    let unsends: Vec<Event> = events.iter().copied().map(unsend).collect();
    let webhook = scene.world.webhook(&other);
    let dying = async {
        gate.reached().await;
        other.kill().await;
        gate.sever().await;
        gate.open().await;
    };
    let (delivery, ()) = tokio::join!(webhook.deliver(&unsends), dying);
    assert!(!delivery.acknowledged(), "{delivery:?}");
    let open = "SELECT count(*) FROM amendment WHERE unsent AND NOT applied";
    let stored = i64::try_from(events.len()).expect("a few");
    assert_eq!(scene.count(open).await, stored);
    let amended = "SELECT count(*) FROM event WHERE amended";
    assert_eq!(scene.count(amended).await, 0);
}

/// The settling alone knows that they were taken back while their answers were on the way.
#[tokio::test]
async fn taken_back_while_it_is_answered_its_turn_is_saved_without_text_name_and_bytes() {
    let (scene, bot) = scene().await;
    let hold = hold(&scene);
    let name = format!("{SECRET}.pdf");
    let file = Message::File { name, bytes: 9 };
    let events = [Event::text("ann", SECRET), Event::message("ben", file)];
    scene.deliver(&bot, &events).await;
    hold.reached_by(2).await;
    taken_back_unapplied(&scene, &events.each_ref()).await;
    hold.release();
    for event in &events {
        scene.ends_as(event, "answered").await;
    }
    is_forgotten(&scene).await;
}

#[tokio::test]
async fn taken_back_while_line_refuses_its_answer_its_dead_letter_is_empty() {
    let (scene, bot) = scene().await;
    let hold = hold(&scene);
    scene.once(REPLY, Action::Refuse(Refusal::BadRequest));
    let event = Event::text("ann", SECRET);
    scene.deliver(&bot, std::slice::from_ref(&event)).await;
    hold.reached().await;
    taken_back_unapplied(&scene, &[&event]).await;
    hold.release();
    scene.ends_as(&event, "dead_letter").await;
    let letters = "SELECT count(*) FROM dead_letter";
    assert_eq!(scene.count(letters).await, 1);
    is_forgotten(&scene).await;
}
