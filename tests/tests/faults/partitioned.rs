//! One pod has lost its way to Postgres for longer than its leases, another has not and takes over: nobody is answered
//! by both. Order between pods is not promised during an outage.

use sabai_tests::gate::Fault;
use sabai_tests::wait::eventually;

use sabai_tests::scene::{LIMIT, SOME, setup};

/// Lanes of somebody else that ran out are taken: their holder's token is another's now.
const TAKEN_OVER: &str = "SELECT count(*) FROM lane WHERE until < now()";

async fn a_pod_alone(fault: Fault) {
    let setup = setup().env("SABAI_LEASE", "3s");
    let scene = setup.start().await;
    let port = scene.world.database.port.to_string();
    let spool = scene
        .world
        .folder()
        .join("the other's")
        .display()
        .to_string();
    let socket = scene
        .world
        .folder()
        .join("other/bot.sock")
        .display()
        .to_string();
    let other = [
        ("PGPORT", &*port),
        ("SABAI_SPOOL_DIR", &spool),
        ("SABAI_CONTROL_SOCKET", &socket),
        ("SABAI_LEASE", "3s"),
    ];
    let other = scene.another(&other).await;
    scene.gate.all(fault).await;
    // Two leases and more.
    scene.answers(4 * SOME).await;
    eventually(LIMIT, "the other to take over", async || {
        match scene.count(TAKEN_OVER).await {
            0 => Ok(()),
            left => Err(format!("{left} lanes are nobody's")),
        }
    })
    .await;
    scene.gate.heal().await;
    scene.recovers().await;
    scene.ends_in_any_order(&[200]).await;
    drop(other);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pod_whose_peer_is_silent_loses_its_lanes_and_answers_nobody_twice() {
    a_pod_alone(Fault::Stall).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pod_whose_answers_are_swallowed_loses_its_lanes_and_answers_nobody_twice() {
    a_pod_alone(Fault::SwallowAnswers).await;
}
