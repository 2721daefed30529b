//! Rows 3 and 4: nobody answers. Packets vanish; or the peer's kernel acknowledges and nothing comes; or the server's
//! processes stand still. Each for the sessions that exist, and for new ones too.

use std::time::Duration;

use sabai_tests::gate::Fault;
use sabai_tests::process::{self, Signal};

use sabai_tests::scene::{SOME, server, setup};

const BACKENDS: &str = "SELECT pid FROM pg_stat_activity
    WHERE datname = current_database() AND application_name LIKE 'sabai/%'";

/// What exists is dead for ever: new sessions take its place.
async fn existing(fault: Fault) {
    let scene = setup().start().await;
    scene.gate.existing(fault);
    scene.answers(SOME).await;
    scene.recovers().await;
    scene.ends_well().await;
}

/// There is no way to Postgres for a while.
async fn all(fault: Fault) {
    let scene = setup().start().await;
    scene.gate.all(fault).await;
    scene.answers(2 * SOME).await;
    scene.gate.heal().await;
    scene.recovers().await;
    scene.ends_well().await;
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn packets_of_existing_sessions_vanish() {
    existing(Fault::Drop).await;
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn packets_of_existing_and_new_sessions_vanish() {
    all(Fault::Drop).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn existing_sessions_stall() {
    existing(Fault::Stall).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn existing_and_new_sessions_stall() {
    all(Fault::Stall).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn backends_stand_still() {
    let scene = setup().on(&server(&[]).await).start().await;
    let session = scene.world.database.superuser().await.expect("there");
    let rows = session.query(BACKENDS, &[]).await.expect("sound");
    let pids: Vec<u32> = rows.iter().map(|row| row.get::<_, i32>(0) as u32).collect();
    assert!(!pids.is_empty());
    signal(&pids, Signal::Stop);
    scene.answers(2 * SOME).await;
    signal(&pids, Signal::Continue);
    scene.recovers().await;
    scene.ends_well().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_postmaster_stands_still() {
    let server = server(&[]).await;
    let scene = setup().on(&server).start().await;
    let postmaster = [server.pid().expect("it runs")];
    signal(&postmaster, Signal::Stop);
    // The sessions that exist go on.
    scene.answers(SOME).await;
    // Connections are made by the kernel and nobody ever speaks.
    scene.gate.existing(Fault::Reset);
    scene.answers(2 * SOME).await;
    signal(&postmaster, Signal::Continue);
    scene.names("TimedOut").await;
    scene.recovers().await;
    scene.ends_well().await;
}

/// Each piece is late: slow is not dead.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_way_is_slow() {
    let scene = setup().start().await;
    for millis in [20, 100] {
        scene
            .gate
            .all(Fault::Delay(Duration::from_millis(millis)))
            .await;
        scene.answers(SOME).await;
    }
    scene.gate.heal().await;
    scene.recovers().await;
    scene.ends_well().await;
}

fn signal(pids: &[u32], signal: Signal) {
    pids.iter().for_each(|&pid| process::send(pid, signal));
}
