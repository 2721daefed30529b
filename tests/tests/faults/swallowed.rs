//! Row 5: what was asked is done, and the answer never comes.

use std::time::{SystemTime, UNIX_EPOCH};

use sabai_tests::gate::{Fault, Way};
use sabai_tests::random::Random;

use sabai_tests::scene::{SOME, Scene, setup};

/// Events that were stored more than once in any form.
const TWICE: &str = "SELECT count(*) FROM (
    SELECT key FROM turn GROUP BY key HAVING count(*) > 1
    UNION ALL SELECT key FROM seen GROUP BY key HAVING count(*) > 1) twice";
const SEEN: &str = "SELECT count(*) FROM seen";

async fn exactly_one_row_each(scene: Scene) {
    let world = std::sync::Arc::clone(&scene.world);
    let (summary, _) = scene.ends_well().await;
    let session = world.database.superuser().await.expect("there");
    let count = async |sql| -> i64 { session.query_one(sql, &[]).await.expect("sound").get(0) };
    assert_eq!(count(TWICE).await, 0);
    assert_eq!(count(SEEN).await, summary.events as i64);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_of_commits_never_come() {
    let scene = setup().start().await;
    for _ in 0..3 {
        scene.gate.existing(Fault::SwallowAnswers);
        scene.answers(SOME / 2).await;
    }
    exactly_one_row_each(scene).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_are_cut_in_the_middle_of_an_answer_or_a_question() {
    let scene = setup().start().await;
    for (way, bytes) in [
        (Way::ToClient, 0),
        (Way::ToClient, 7),
        (Way::ToServer, 100),
        (Way::ToClient, 300),
    ] {
        scene.gate.existing(Fault::CutAfter(way, bytes));
        scene.answers(SOME / 2).await;
    }
    exactly_one_row_each(scene).await;
}

/// Wherever it may be: in the head of a message, in a row, in the TLS record of a handshake. `SEED` chooses where.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[expect(clippy::print_stdout, reason = "the seed of a failing run")]
async fn sessions_are_cut_anywhere() {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let again = std::env::var("SEED")
        .ok()
        .and_then(|seed| seed.parse().ok());
    let seed = again.unwrap_or(since.expect("after 1970").as_secs());
    println!("seed {seed}");
    let mut random = Random::new(seed);
    let scene = setup().start().await;
    for _ in 0..30 {
        let way = *random.pick(&[Way::ToServer, Way::ToClient]);
        let cut = Fault::CutAfter(way, random.within(0..=3_000) as u64);
        // New ones too, each third time: in the middle of opening.
        match random.chance(33) {
            true => scene.gate.all(cut).await,
            false => scene.gate.existing(cut),
        }
        scene.answers(SOME / 10).await;
        scene.gate.new_connections_pass().await;
    }
    scene.gate.heal().await;
    scene.recovers().await;
    exactly_one_row_each(scene).await;
}
