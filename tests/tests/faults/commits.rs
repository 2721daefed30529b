//! Row 12, the missing synchronous standby: commits hang, and are done all the same.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use sabai_tests::world::World;

use sabai_tests::scene::{SOME, server, setup};

/// `maxConnections` as it is unless set.
const CEILING: i64 = 16;

const SESSIONS: &str = "SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND application_name LIKE 'sabai/g%'";

/// The most sessions of the bot that the server saw, abandoned ones included, until it is dropped.
struct Most {
    sessions: Arc<AtomicI64>,
    watching: tokio::task::JoinHandle<()>,
}

impl Most {
    async fn watch(world: &World) -> Self {
        let session = world.database.superuser().await.expect("there");
        let sessions = Arc::new(AtomicI64::new(0));
        let seen = Arc::clone(&sessions);
        let watching = tokio::spawn(async move {
            let mut tick = tokio::time::interval(Duration::from_millis(50));
            while let Ok(row) = session.query_one(SESSIONS, &[]).await {
                seen.fetch_max(row.get(0), Ordering::Relaxed);
                tick.tick().await;
            }
        });
        Self { sessions, watching }
    }
}

impl Drop for Most {
    fn drop(&mut self) {
        self.watching.abort();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_synchronous_standby_is_missing() {
    let server = server(&[]).await;
    let scene = setup().on(&server).start().await;
    let most = Most::watch(&scene.world).await;
    let standbys = "synchronous_standby_names";
    server.set(standbys, Some("nobody")).await.expect("reloads");
    scene.answers(3 * SOME).await;
    server.set(standbys, None).await.expect("reloads");
    scene.recovers().await;
    let sessions = most.sessions.load(Ordering::Relaxed);
    let world = Arc::clone(&scene.world);
    let (summary, _) = scene.ends_well().await;
    let session = world.database.superuser().await.expect("there");
    let seen = session.query_one("SELECT count(*) FROM seen", &[]).await;
    let seen: i64 = seen.expect("sound").get(0);
    assert_eq!(seen, summary.events as i64, "one row each");
    assert!(
        sessions <= CEILING,
        "{sessions} sessions, {CEILING} allowed"
    );
}

/// The lanes that a hanging commit has won are worked when it is done, long before their lease runs out.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_hanging_commit_has_won_is_answered_soon() {
    let server = server(&[]).await;
    let lease = Duration::from_secs(120);
    let scene = setup().on(&server).env("SABAI_LEASE", "120s").start().await;
    let standbys = "synchronous_standby_names";
    server.set(standbys, Some("nobody")).await.expect("reloads");
    scene.answers(2 * SOME).await;
    server.set(standbys, None).await.expect("reloads");
    let back = std::time::Instant::now();
    scene.recovers().await;
    scene.ends_well().await;
    assert!(back.elapsed() < lease / 2, "{:?}", back.elapsed());
}
