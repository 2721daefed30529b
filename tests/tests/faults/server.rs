//! Row 6: the server is restarted, in every way, and comes back.

use std::time::{Duration, SystemTime};

use sabai_tests::postgres::Stop;
use sabai_tests::wait::eventually;

use sabai_tests::scene::{LIMIT, SOME, Scene, server, setup};

/// From the server's first answer to the bot's first success.
const SOON: Duration = Duration::from_secs(1);

#[derive(Clone, Copy)]
enum How {
    Stop(Stop),
    Kill,
}

async fn restarted(how: How) {
    let server = server(&[]).await;
    let setup = setup().on(&server).renewed_for(&["ServerRestarted"]);
    let scene = setup.start().await;
    match how {
        How::Stop(how) => server.stop(how).await.expect("it stops"),
        How::Kill => server.kill().await,
    }
    scene.answers(SOME).await;
    server.start_again().await.expect("it comes back");
    let back = SystemTime::now();
    let first = first_success(&scene, back).await;
    scene.recovers().await;
    scene.ends_well().await;
    assert!(first < SOON, "the first success came after {first:?}");
}

/// By the time that stands in the first turn that was saved later.
async fn first_success(scene: &Scene, back: SystemTime) -> Duration {
    let first = "SELECT min(settled_at) FROM turn WHERE settled_at > $1";
    eventually(LIMIT, "a turn to be saved", async || {
        let session = scene.world.database.superuser().await;
        let session = session.map_err(|error| format!("{error:#}"))?;
        let row = session.query_one(first, &[&back]).await;
        let row = row.map_err(|error| error.to_string())?;
        match row.get::<_, Option<SystemTime>>(0) {
            Some(at) => Ok(at.duration_since(back).expect("later")),
            None => Err("none".to_owned()),
        }
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn restarted_fast() {
    restarted(How::Stop(Stop::Fast)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn restarted_immediately() {
    restarted(How::Stop(Stop::Immediate)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed() {
    restarted(How::Kill).await;
}
