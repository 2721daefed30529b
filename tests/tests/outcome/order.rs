//! Order within a conversation, as docs/queue.md defines it, and independence between conversations.

use sabai_tests::line::Endpoint;
use sabai_tests::line::faults::Match;
use sabai_tests::line::hold::Stage;
use sabai_tests::webhook::{Chat, Event};

use super::jam::Jam;
use super::scene::{Scene, options};

/// Long enough for a held reply.
async fn scene() -> Scene {
    Scene::new(options().env("SABAI_LEASE", "60s")).await
}

/// Ids of events in the order in which LINE accepted their answers.
fn answered(scene: &Scene, among: &[&Event]) -> Vec<String> {
    scene.world.line.journal(|journal| {
        let accepted = journal.accepted_messages();
        let ids = accepted.filter_map(|call| call.event.as_deref().map(str::to_owned));
        ids.filter(|id| among.iter().any(|event| event.id == *id))
            .collect()
    })
}

fn ids(events: &[&Event]) -> Vec<String> {
    events.iter().map(|event| event.id.clone()).collect()
}

#[tokio::test]
async fn events_that_wait_go_by_their_own_time_and_hold_nobody_else_up() {
    let scene = scene().await;
    let bot = scene.bot().await;
    let ann = Match::endpoint(Endpoint::Reply).about(Chat::with("ann").id());
    let hold = scene.world.line.hold(ann, Stage::BeforeReading);
    let first = scene.text(&bot, "ann").await;
    hold.reached().await;
    let at = |after: u64| Event::text("ann", "hello").at(first.timestamp + after);
    let (second, third, fourth, fifth) = (at(10), at(20), at(30), at(40));
    let calls = [
        vec![fourth.clone(), second.clone()],
        vec![fifth.clone()],
        vec![third.clone()],
    ];
    for events in &calls {
        scene.deliver(&bot, events).await;
    }
    let ben = scene.text(&bot, "ben").await;
    scene.ends_as(&ben, "answered").await;
    assert_eq!(scene.turn(&first).await, None, "still held");
    hold.release();
    let due = [&first, &second, &third, &fourth, &fifth];
    scene.is_sound().await;
    assert_eq!(answered(&scene, &due), ids(&due));
}

#[tokio::test]
async fn an_earlier_event_that_comes_later_goes_first_unless_work_has_begun() {
    let scene = scene().await;
    let bot = scene.bot().await;
    let ann = Match::endpoint(Endpoint::Reply).about(Chat::with("ann").id());
    let hold = scene.world.line.hold(ann, Stage::BeforeReading);
    let begun = scene.text(&bot, "ann").await;
    hold.reached().await;
    let waiting = Event::text("ann", "hello").at(begun.timestamp + 10);
    scene.deliver(&bot, std::slice::from_ref(&waiting)).await;
    let earlier = Event::text("ann", "hello").at(begun.timestamp - 1_000);
    scene.deliver(&bot, std::slice::from_ref(&earlier)).await;
    hold.release();
    scene.is_sound().await;
    let expected = [&begun, &earlier, &waiting];
    assert_eq!(answered(&scene, &expected), ids(&expected));
}

#[tokio::test]
async fn an_earlier_event_that_comes_before_a_held_one_is_begun_goes_first() {
    let jam = Jam::at("outbox").await;
    let held = jam.scene.text(&jam.bot, "ann").await;
    let earlier = Event::text("ann", "hello").at(held.timestamp - 1_000);
    let delivered = std::slice::from_ref(&earlier);
    jam.scene.deliver(&jam.bot, delivered).await;
    let news = "SELECT count(*) FROM lane WHERE token IS NOT NULL AND dirty";
    assert_eq!(jam.scene.count(news).await, 1);
    let (scene, _bot) = jam.clear().await;
    scene.is_sound().await;
    let expected = [&earlier, &held];
    assert_eq!(answered(&scene, &expected), ids(&expected));
}

#[tokio::test]
async fn events_of_one_call_go_by_time_then_by_place() {
    let scene = scene().await;
    let bot = scene.bot().await;
    let one = Event::text("ann", "hello");
    let at = |time: u64| Event::text("ann", "hello").at(time);
    let (early, same, late) = (
        at(one.timestamp - 5),
        at(one.timestamp),
        at(one.timestamp + 5),
    );
    let call = [late.clone(), one.clone(), same.clone(), early.clone()];
    scene.deliver(&bot, &call).await;
    scene.is_sound().await;
    let expected = [&early, &one, &same, &late];
    assert_eq!(answered(&scene, &expected), ids(&expected));
}

/// The bot reads a few events of a lane at a time; eight and sixteen end with what is read at once, the others do not.
#[tokio::test]
async fn a_lane_with_more_events_than_are_read_at_once_is_worked_to_its_end() {
    let scene = scene().await;
    let bot = scene.bot().await;
    for waiting in [8_u64, 16, 21] {
        let name = format!("ann{waiting}");
        let chat = Match::endpoint(Endpoint::Reply).about(Chat::with(&name).id());
        let hold = scene.world.line.hold(chat, Stage::BeforeReading);
        let first = scene.text(&bot, &name).await;
        hold.reached().await;
        let at = |n: u64| Event::text(&name, "hello").at(first.timestamp + n);
        let others: Vec<Event> = (1..=waiting).map(at).collect();
        scene.deliver(&bot, &others).await;
        hold.release();
        scene.is_sound().await;
        let due: Vec<&Event> = [&first].into_iter().chain(&others).collect();
        assert_eq!(answered(&scene, &due), ids(&due));
        assert_eq!(scene.count("SELECT count(*) FROM lane").await, 0);
    }
}
