//! Sessions end faster than they can be made, again and again: no place is lost by it, in whatever state it was.

use sabai_tests::gate::{Fault, Way};

use sabai_tests::scene::{SOME, Scene, setup};

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

/// Sessions end in the middle of their opening or at their first statements. There are so few places that soon each is
/// one whose end nobody saw, the spare's too, and there must be a way to ask the server all the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_place_is_held_by_a_session_whose_end_nobody_saw() {
    let setup = setup()
        .env("SABAI_POOL_MAX_CONNECTIONS", "4")
        .env("SABAI_POOL_MIN_IDLE", "1")
        .env("SABAI_MAX_ATTEMPTS", "100");
    let scene = setup.start().await;
    for step in 0..100 {
        let in_its_opening = Fault::CutAfter(Way::ToClient, 2_500 + 20 * step);
        scene.gate.new_connections(in_its_opening).await;
        scene.gate.existing(Fault::CutAfter(Way::ToClient, 0));
        scene.answers(MOMENT).await;
    }
    scene.gate.heal().await;
    scene.recovers().await;
    scene.ends_in_any_order(&[200]).await;
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
