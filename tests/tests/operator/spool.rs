//! The spool of a running bot, seen from outside.

use sabai_tests::port;
use sabai_tests::webhook::Event;

use super::scene::{POISON, Scene};

#[tokio::test]
async fn what_a_bot_without_postgres_has_taken_is_listed_and_sound() {
    let scene = Scene::new().await;
    let folder = scene.world.folder().join("spool").display().to_string();
    let nobody = port::free().next().expect("a free port").to_string();
    let env = [
        ("SABAI_SPOOL_DIR", folder.as_str()),
        ("PGPORT", nobody.as_str()),
    ];
    let env = env.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let bot = scene
        .world
        .bot_with(env.into())
        .await
        .expect("the bot starts");
    let events = ["ann", "ben", "cat"].map(|customer| Event::text(customer, POISON));
    scene.deliver(&bot, &events).await;
    let place = format!("--dir {folder}");
    let listed = scene.json(&format!("spool list {place}"), 0).await;
    assert_eq!(listed.len(), 1, "{listed:?}");
    assert_eq!(
        (&listed[0]["kind"], &listed[0]["events"]),
        (&"webhook".into(), &3.into())
    );
    let table = scene.told(&format!("spool list {place}"), 0).await;
    assert!(
        table.contains("webhooks: 1 record, 3 events") && !table.contains(POISON),
        "{table}"
    );
    let bodies = scene.told(&format!("spool list {place} --bodies"), 0).await;
    assert!(bodies.contains(POISON), "{bodies}");
    let verified = scene.json(&format!("spool verify {place}"), 0).await;
    assert_eq!(verified[0]["sound"], true, "{verified:?}");
    assert_eq!(
        verified[0]["spools"][0]["segments"][0]["records"], 1,
        "{verified:?}"
    );
}
