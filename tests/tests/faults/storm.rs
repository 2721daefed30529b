//! Sessions end faster than they can be made, again and again: no place is lost by it, in whatever state it was.

use sabai_tests::gate::{Fault, Way};

use super::scene::{SOME, Scene, setup};

/// A tenth of a second of the load.
const MOMENT: usize = 10;

async fn storm(faults: &[Fault]) -> Scene {
    let scene = setup().start().await;
    for round in 0..40 {
        scene.gate.existing(faults[round % faults.len()]);
        scene.answers(MOMENT).await;
    }
    scene.gate.heal().await;
    scene
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_storm_of_resets() {
    let scene = storm(&[Fault::Reset]).await;
    scene.recovers().await;
    scene.ends_well().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_storm_of_resets_ends_and_silence() {
    let scene = storm(&[
        Fault::Reset,
        Fault::Close,
        Fault::Stall,
        Fault::SwallowAnswers,
    ])
    .await;
    scene.recovers().await;
    scene.ends_well().await;
}

/// Sessions end when they are used next, new ones in the middle of their opening: every place is soon one whose end
/// nobody saw, and there must be a way to ask the server all the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_storm_of_sessions_that_end_when_they_are_used() {
    let scene = setup().start().await;
    for (way, bytes) in [
        (Way::ToServer, 0),
        (Way::ToClient, 0),
        (Way::ToClient, 3_500),
    ] {
        for _ in 0..10 {
            scene.gate.all(Fault::CutAfter(way, bytes)).await;
            scene.answers(MOMENT).await;
        }
        scene.gate.heal().await;
        scene.recovers().await;
    }
    scene.ends_well().await;
}

/// A claim whose answer was lost is no attempt: nobody worked the event. Two real ones are allowed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_event_is_buried_for_sessions_that_end() {
    let setup = setup().env("SABAI_MAX_ATTEMPTS", "2");
    let scene = setup.start().await;
    // What came meanwhile waits, and is due.
    scene.postgres_goes().await;
    scene.answers(SOME).await;
    scene.gate.heal().await;
    // A session lives for its opening and a few answers.
    for round in 0..80 {
        let bytes = 4_000 + 100 * (round % 40);
        scene.gate.all(Fault::CutAfter(Way::ToClient, bytes)).await;
        scene.answers(MOMENT).await;
    }
    scene.gate.heal().await;
    scene.recovers().await;
    scene.ends_well().await;
}

/// Every session is to be renewed while sessions end by themselves.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refresh_in_the_middle_of_resets_and_silence() {
    let scene = setup().start().await;
    for fault in [
        Fault::Reset,
        Fault::Stall,
        Fault::SwallowAnswers,
        Fault::Close,
    ] {
        let refresh = scene.refresh("Requested");
        let harm = async {
            for _ in 0..5 {
                scene.answers(MOMENT).await;
                scene.gate.existing(fault);
            }
        };
        let (report, ()) = tokio::join!(refresh, harm);
        assert_ne!(report["outcome"], "InProgress", "{report}");
        scene.gate.heal().await;
        scene.recovers().await;
    }
    let report = scene.refresh("Requested").await;
    assert_eq!(report["outcome"], "Completed", "{report}");
    scene.ends_well().await;
}
