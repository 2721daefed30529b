//! Row 14, the disk under the spool, while Postgres is away: no room, read-only, failing or hanging. Webhooks get 503 in
//! time, the bot says why, and nothing that it acknowledged is lost.

#![cfg(target_os = "linux")]

use sabai_tests::preload::{Disk, Preload};
use sabai_tests::wait::eventually;
use tempfile::TempDir;

use sabai_tests::scene::{LIMIT, SOME, Scene, setup};

/// A bot whose spool is on a disk that can be made ill.
async fn with_a_disk() -> (TempDir, Preload, Scene) {
    let folder = TempDir::new().expect("a folder");
    let spool = folder.path().join("spool");
    let preload = Preload::new(folder.path(), &spool).await;
    let disk = preload.expect("it compiles");
    let setup = setup()
        .env("SABAI_SPOOL_DIR", spool.display().to_string())
        .envs(disk.env());
    let scene = setup.start().await;
    (folder, disk, scene)
}

async fn ill(fault: Disk, reason: &str) {
    let (_folder, disk, scene) = with_a_disk().await;
    scene.postgres_goes().await;
    scene.answers(SOME / 2).await;
    disk.disk(fault);
    scene.answers(SOME).await;
    is_told(&scene, reason).await;
    disk.heal();
    // While Postgres is still away.
    scene.recovers().await;
    scene.gate.heal().await;
    scene.recovers().await;
    let (summary, _) = scene.ends_with(&[200, 503]).await;
    assert!(summary.count("503") > 0, "{summary}");
}

async fn is_told(scene: &Scene, reason: &str) {
    eventually(LIMIT, reason, async || {
        let page = scene.bot.admin_page("/readyz").await;
        match page.map_err(|failure| failure.to_string())? {
            (503, page) if page.contains(reason) => Ok(()),
            other => Err(format!("{other:?}")),
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_spool_s_disk_is_full() {
    ill(Disk::Full, "the spool is full").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_spool_s_disk_is_read_only() {
    ill(Disk::ReadOnly, "the spool is failing").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_spool_s_disk_fails_to_write() {
    ill(Disk::WritesFail, "the spool is failing").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_spool_s_disk_fails_to_sync() {
    ill(Disk::SyncsFail, "the spool is failing").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_spool_s_disk_hangs() {
    ill(Disk::SyncsHang, "the spool is hung").await;
}

/// Killed while nothing can be written, and started on what was there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_spool_s_disk_is_full_and_the_bot_is_killed() {
    let (_folder, disk, scene) = with_a_disk().await;
    scene.postgres_goes().await;
    scene.answers(SOME / 2).await;
    disk.disk(Disk::Full);
    scene.answers(SOME / 2).await;
    let scene = scene.kill(async |_| ()).await;
    scene.answers(SOME / 2).await;
    scene.gate.heal().await;
    scene.recovers().await;
    disk.heal();
    scene.ends_with(&[200, 503]).await;
}

/// Postgres is back before the disk is: webhooks go straight to it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_spool_s_disk_still_hangs_when_postgres_is_back() {
    let (_folder, disk, scene) = with_a_disk().await;
    scene.postgres_goes().await;
    disk.disk(Disk::SyncsHang);
    scene.answers(SOME).await;
    is_told(&scene, "the spool is hung").await;
    scene.gate.heal().await;
    scene.recovers().await;
    disk.heal();
    scene.recovers().await;
    // What was given up with 503 comes again while the disk ends its own writes of the same (docs/queue.md, Order).
    scene.ends_in_any_order(&[200, 503]).await;
}
