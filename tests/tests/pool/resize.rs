//! The ceiling moves under load: nobody notices, and the server never sees more sessions than it allows.

use sabai_tests::wait::eventually;
use serde_json::json;

use super::load::Load;
use super::scene::{LIMIT, Scene};
use super::watcher::Watcher;

#[tokio::test]
async fn the_ceiling_falls_and_rises_under_load_and_is_kept() {
    let scene = Scene::new(&[]).await;
    let watcher = Watcher::begin(&scene.world).await;
    let load = Load::begin(&scene.world, &scene.bot).await;
    assert!(watcher.most() <= 16);

    let few = json!({"pool": {"maxConnections": 4, "minIdle": 0}});
    let answer = scene.client.settings(&few).await;
    assert_eq!(
        scene.client.settings(&few).await.digest,
        answer.digest,
        "idempotent"
    );
    let report = scene.client.applied().await;
    assert_eq!(
        (report.max_connections, &report.settings_digest),
        (4, &answer.digest)
    );
    assert!(watcher.most() <= 16);
    watcher.falls_to(4).await;
    load.goes_on().await;
    assert!(watcher.most() <= 4, "no session above the new ceiling");

    let many = json!({"pool": {"maxConnections": 16, "minIdle": 12}});
    scene.client.settings(&many).await;
    eventually(LIMIT, "the pool to grow", async || {
        match scene.client.report().await.pool {
            pool if pool.idle + pool.in_use >= 12 => Ok(()),
            pool => Err(format!("{pool:?}")),
        }
    })
    .await;
    load.goes_on().await;
    let report = scene.client.report().await;
    assert_eq!(report.generation, 1, "no session had to be renewed");
    load.ends_soundly().await;
    assert!(watcher.end().await <= 16);
}

/// What a session is told at its start changes: all are renewed, and the agent is told when.
#[tokio::test]
async fn a_statement_timeout_reaches_every_session() {
    let scene = Scene::new(&[]).await;
    let watcher = Watcher::begin(&scene.world).await;
    let load = Load::begin(&scene.world, &scene.bot).await;
    let answer = scene
        .client
        .settings(&json!({"pool": {"statementTimeout": "4s"}}))
        .await;
    assert!(!answer.applied && answer.older_sessions > 0, "{answer:?}");
    let report = scene.client.applied().await;
    assert_eq!(report.settings_digest, answer.digest);
    assert!(report.sessions.iter().all(|one| one.generation >= 2));
    load.ends_soundly().await;
    assert!(watcher.end().await <= 16);
}
