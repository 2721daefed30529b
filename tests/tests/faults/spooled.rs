//! What waits on the spool: in which order it is answered, what of it is left, and what when there is no more room.

use std::path::{Path, PathBuf};
use std::time::Duration;

use sabai_tests::wait::eventually;
use sabai_tests::webhook::Event;
use sabai_tests::world::contract;

use sabai_tests::scene::{LIMIT, SOME, setup};

/// LINE delivers what happened first last; both wait on the spool.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_spooled_late_is_answered_before_what_happened_after_it() {
    let scene = setup().start().await;
    scene.postgres_goes().await;
    let early = Event::text("ann", "first");
    let later = early.timestamp + Duration::from_secs(1).as_millis() as u64;
    let late = Event::text("ann", "second").at(later);
    let deliver = async |event: Event| {
        let webhook = scene.world.webhook(&scene.bot);
        let delivery = webhook.deliver(std::slice::from_ref(&event)).await;
        assert!(delivery.acknowledged(), "{delivery:?}");
        scene.world.history.record(&[event], &delivery);
    };
    deliver(late).await;
    // More than the drainer stores at once.
    scene.answers(2 * SOME).await;
    deliver(early).await;
    scene.gate.heal().await;
    scene.recovers().await;
    scene.ends_well().await;
}

/// What a customer takes back while it waits on the spool is nowhere in the end.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_taken_back_on_the_spool_is_nowhere_in_the_end() {
    const WORD: &str = "what nobody shall know";
    let scene = setup().start().await;
    let webhook = scene.world.webhook(&scene.bot);
    scene.postgres_goes().await;
    let event = Event::text("somebody", WORD);
    let unsent = event.unsent().expect("a message");
    for event in [event, unsent] {
        let delivery = webhook.deliver(&[event]).await;
        assert!(delivery.acknowledged(), "{delivery:?}");
        scene.answers(SOME / 2).await;
    }
    scene.gate.heal().await;
    scene.recovers().await;
    scene
        .metric("sabai_spool_events", |events| events < 1.0)
        .await;
    let database = &scene.world.database;
    eventually(LIMIT, "nothing of it to be left", async || {
        let rows = contract::rows_with(database, WORD).await;
        let files = files_with(&scene.world.folder().join("spool"), WORD);
        match (rows, files) {
            (Ok(rows), files) if rows.is_empty() && files.is_empty() => Ok(()),
            other => Err(format!("{other:?}")),
        }
    })
    .await;
    scene.ends_well().await;
}

fn files_with(folder: &Path, word: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut found = Vec::new();
    for path in entries.map(|entry| entry.path()) {
        if path.is_dir() {
            found.extend(files_with(&path, word));
        } else if std::fs::read(&path)
            .is_ok_and(|bytes| String::from_utf8_lossy(&bytes).contains(word))
        {
            found.push(path);
        }
    }
    found
}

/// The spool is full by its own bound, not the disk's.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_spool_has_reached_its_bound() {
    let scene = setup().env("SABAI_SPOOL_MAX_BYTES", "1MiB").start().await;
    scene.postgres_goes().await;
    // Below a kilobyte each.
    eventually(3 * LIMIT, "webhooks to be refused", async || {
        let summary = scene.load.so_far();
        match summary.count("503") > SOME / 2 {
            true => Ok(()),
            false => Err(summary.to_string()),
        }
    })
    .await;
    scene.gate.heal().await;
    scene.recovers().await;
    scene.ends_with(&[200, 503]).await;
}
