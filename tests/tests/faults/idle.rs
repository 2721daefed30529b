//! Row 2: sessions end while nobody uses them.

use std::time::Duration;

use sabai_tests::gate::{Fault, Tls};
use sabai_tests::wait::eventually;

use sabai_tests::scene::{LIMIT, SOME, Scene, setup};

/// A session that rests for this long under load is one that the pool keeps in reserve.
const RESTS: Duration = Duration::from_millis(150);

async fn drop_the_idle(scene: &Scene, fault: Fault) {
    let rests = eventually(LIMIT, "a session to rest", async || {
        let connections = scene.gate.connections();
        let rests = connections.iter().filter(|one| one.idle_for() > RESTS);
        match rests.cloned().collect::<Vec<_>>() {
            none if none.is_empty() => Err(connections.len()),
            rests => Ok(rests),
        }
    })
    .await;
    rests
        .iter()
        .for_each(|connection| connection.inflict(fault));
    scene.answers(SOME / 2).await;
}

async fn each_way(tls: Tls, faults: &[Fault]) {
    let scene = setup().tls(tls).start().await;
    for &fault in faults {
        drop_the_idle(&scene, fault).await;
    }
    no_caller_waits_longer_than_a_connect(&scene).await;
    scene.ends_well().await;
}

/// Two seconds is what a connect may take.
async fn no_caller_waits_longer_than_a_connect(scene: &Scene) {
    let metrics = scene.bot.metrics().await.expect("the bot answers");
    let name = "sabai_pool_acquire_duration_seconds";
    let all = metrics.sum(&format!("{name}_count"), &[]);
    let soon = metrics.sum(&format!("{name}_bucket"), &[("le", "2.0")]);
    scene.never_spooled().await;
    assert!(
        all.is_some() && all == soon,
        "{all:?} waits, {soon:?} of them short"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn idle_sessions_reset_or_closed_abruptly() {
    each_way(Tls::Passed, &[Fault::Reset, Fault::Close, Fault::Reset]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn idle_sessions_closed_in_order() {
    each_way(Tls::Terminated, &[Fault::CloseNotify, Fault::CloseNotify]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn idle_sessions_ended_by_the_server_s_own_limit() {
    let scene = setup().start().await;
    let name = &scene.world.database.name;
    scene
        .execute(&format!(
            "ALTER DATABASE {name} SET idle_session_timeout = '300ms'"
        ))
        .await;
    scene.gate.existing(Fault::Reset);
    scene.answers(SOME / 2).await;
    let before = scene.gate.accepted();
    scene.answers(2 * SOME).await;
    assert!(
        scene.gate.accepted() > before,
        "the server ends idle sessions"
    );
    scene
        .execute(&format!("ALTER DATABASE {name} RESET idle_session_timeout"))
        .await;
    no_caller_waits_longer_than_a_connect(&scene).await;
    // What still has the limit must not be what the end is judged by.
    scene.gate.existing(Fault::Reset);
    scene.ends_well().await;
}
