//! Row 7: Postgres is gone for a minute, and all that came meanwhile is drained faster than it came.

use std::time::Duration;

use sabai_tests::gate::Fault;
use sabai_tests::postgres::Stop;
use sabai_tests::wait::eventually;
use tokio::time::Instant;

use sabai_tests::scene::{RATE, server, setup};

const GONE: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn gone_for_a_minute() {
    let server = server(&[]).await;
    // Nobody waits for an answer that is a minute late: it goes by push.
    let setup = setup().on(&server).renewed_for(&["ServerRestarted"]);
    let scene = setup.start().await;
    scene.gate.new_connections(Fault::Refuse).await;
    server.stop(Stop::Fast).await.expect("it stops");
    let events = GONE.as_secs() as usize * RATE as usize;
    scene.load.answered(events, 2 * GONE).await;
    server.start_again().await.expect("it comes back");
    scene.gate.heal().await;
    let back = Instant::now();
    let waiting = scene.load.so_far().events as i64;
    let seen = "SELECT count(*) FROM seen";
    eventually(
        GONE,
        "all that came meanwhile to be stored",
        async || match scene.count(seen).await {
            stored if stored >= waiting => Ok(()),
            stored => Err(format!("{stored} of {waiting}")),
        },
    )
    .await;
    let drained = back.elapsed();
    scene.ends_well().await;
    assert!(drained < GONE / 2, "drained within {drained:?}");
}
