//! The ceiling moves under load: nobody notices, and the server never sees more sessions than it allows.

use sabai_tests::postgres::certificates::Presents;
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

/// A session is missing and none can be opened; then the ceiling falls, and none is missing any more.
#[tokio::test]
async fn trouble_ends_where_nothing_is_to_be_opened() {
    let scene = Scene::new(&[
        ("SABAI_POOL_MAX_CONNECTIONS", "8"),
        ("SABAI_POOL_MIN_IDLE", "5"),
        // So that no dial is under way when the ceiling falls.
        ("SABAI_RETRY_INITIAL_DELAY", "2s"),
        ("SABAI_RETRY_MAX_DELAY", "2s"),
    ])
    .await;
    let idle = async |most: usize| {
        eventually(LIMIT, "idle sessions", async || {
            match scene.client.report().await {
                report if report.pool.idle == most && report.pool.size == most => Ok(report),
                report => Err(format!("{:?}", report.pool)),
            }
        })
        .await
    };
    let report = idle(7).await;
    scene
        .postgres
        .present(Presents::Untrusted)
        .await
        .expect("presented");
    let superuser = scene.postgres.superuser().await.expect("a look inside");
    let mut work = report.sessions.iter().filter(|one| one.duty == "work");
    let pid = work.next().expect("there").backend_pid;
    superuser
        .query("SELECT pg_terminate_backend($1)", &[&pid])
        .await
        .expect("ended");
    eventually(LIMIT, "trouble", async || {
        match scene.client.report().await {
            report if report.trouble.is_some() && report.pool.size == 6 => Ok(()),
            report => Err(format!("{report:?}")),
        }
    })
    .await;
    let less = json!({"pool": {"maxConnections": 7, "minIdle": 4}, "retry": {"initialDelay": "2s", "maxDelay": "2s"}});
    scene.client.settings(&less).await;
    eventually(LIMIT, "the end of trouble", async || {
        match scene.client.report().await {
            report if report.trouble.is_none() => Ok(()),
            report => Err(format!("{:?} {:?}", report.pool, report.trouble)),
        }
    })
    .await;
    let report = scene.client.report().await;
    assert_eq!((report.pool.idle, report.pool.size), (6, 6), "{report:?}");
}
