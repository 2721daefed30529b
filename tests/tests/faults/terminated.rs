//! Row 1: an administrator ends every session, again and again.

use sabai_tests::scene::{SOME, setup};

const ALL: &str = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_sessions_terminated_every_two_seconds() {
    let scene = setup().start().await;
    for _ in 0..4 {
        scene.execute(ALL).await;
        scene.answers(SOME).await;
    }
    scene.names("Terminated").await;
    scene.never_spooled().await;
    scene.ends_well().await;
}
