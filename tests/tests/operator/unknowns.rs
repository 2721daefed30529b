//! What nobody can know, and what a person then says of it.

use sabai_tests::line::Endpoint;
use sabai_tests::line::faults::{Action, Match};
use sabai_tests::webhook::Event;

use super::scene::{POISON, Scene, words};

#[tokio::test]
async fn listed_and_settled_as_a_person_has_seen_it() {
    let scene = Scene::new().await;
    let bot = scene.bot().await;
    let mut events = vec![];
    for customer in ["ann", "ben"] {
        // Accepted, and nobody is told: the reply after it is refused, which does not tell why.
        let replies = Match::endpoint(Endpoint::Reply);
        scene.world.line.fault(replies, Action::ResetAfter, 1);
        let event = Event::text(customer, POISON);
        scene.deliver(&bot, std::slice::from_ref(&event)).await;
        scene.ends_as(&event, "unknown").await;
        events.push(event);
    }
    let listed = scene.json("unknowns list", 0).await;
    let ids: Vec<i64> = listed
        .iter()
        .filter_map(|one| one["event"].as_i64())
        .collect();
    assert_eq!(ids.len(), 2, "{listed:?}");
    let table = scene.told("unknowns list", 0).await;
    assert!(
        table.contains("2 unknown outcomes") && !table.contains(POISON),
        "{table}"
    );
    let table = scene.told("unknowns list --text", 0).await;
    assert!(table.contains(POISON), "{table}");
    assert_eq!(
        scene.json("unknowns list --older-than 1h", 0).await.len(),
        0
    );
    scene
        .told(&format!("unknowns settle {} --as answered", ids[0]), 0)
        .await;
    let told = scene
        .json(
            &format!("unknowns settle {} --as unanswered", words(&ids)),
            1,
        )
        .await;
    assert_eq!(
        (&told[0]["settled"][0], &told[0]["unknown_ids"][0]),
        (&ids[1].into(), &ids[0].into())
    );
    let by_operator = |outcome: &str| Some((outcome.to_owned(), Some("by_operator".to_owned())));
    assert_eq!(scene.ending(&events[0]).await, by_operator("answered"));
    assert_eq!(scene.ending(&events[1]).await, by_operator("unanswered"));
    let shown = scene.told("unknowns settle 4711 --as answered", 1).await;
    assert!(
        shown.contains("4711") && shown.contains("unknowns list"),
        "{shown}"
    );
    for event in &events {
        assert_eq!(scene.accepted(event), 1, "nothing is sent by it");
    }
}
