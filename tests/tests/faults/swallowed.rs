//! Row 5: what was asked is done, and the answer never comes.

use sabai_tests::gate::{Fault, Way};

use super::scene::{SOME, Scene, setup};

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
