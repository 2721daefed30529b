//! The bot's wall clock jumps, forth and back: deadlines, leases and order do not notice.

#![cfg(target_os = "linux")]

use sabai_tests::preload::Preload;
use tempfile::TempDir;

use sabai_tests::scene::{SOME, setup};

const MINUTE: i64 = 60_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_wall_clock_jumps() {
    let home = TempDir::new().expect("a folder");
    let preload = Preload::new(home.path(), &home.path().join("nothing")).await;
    let clock = preload.expect("it compiles");
    let scene = setup().envs(clock.env()).start().await;
    for millis in [10 * MINUTE, -10 * MINUTE, 120 * MINUTE, 0] {
        clock.clock_off_by(millis);
        scene.answers(SOME / 2).await;
    }
    scene.never_spooled().await;
    // On the spool too.
    scene.postgres_goes().await;
    clock.clock_off_by(-60 * MINUTE);
    scene.answers(SOME / 2).await;
    clock.clock_off_by(0);
    scene.gate.heal().await;
    scene.recovers().await;
    scene.ends_well().await;
}
