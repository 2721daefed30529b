//! Sessions that die, stand still or outlive their user: nobody notices, or every place comes back.

use std::time::Duration;

use sabai_tests::postgres::{OWNER, Session};
use sabai_tests::process::{Signal, send};
use sabai_tests::wait::eventually;
use sabai_tests::webhook::Event;
use sabai_tests::world::World;
use sabai_wire::control::Report;
use serde_json::json;

use super::control::Client;
use super::load::Load;
use super::scene::{LIMIT, Scene};
use super::watcher::Watcher;

const OURS: &str = "SELECT pid FROM pg_stat_activity WHERE datname = $1 AND usename = $2";

async fn backends(superuser: &Session, world: &World) -> Vec<i32> {
    let rows = superuser.query(OURS, &[&world.database.name, &OWNER]).await;
    rows.expect("asked").iter().map(|row| row.get(0)).collect()
}

/// Waits until the report is so.
async fn becomes(client: &Client, what: &str, is: impl Fn(&Report) -> bool) -> Report {
    eventually(LIMIT, what, async || match client.report().await {
        report if is(&report) => Ok(report),
        report => Err(format!("{:?} {:?}", report.pool, report.sessions)),
    })
    .await
}

/// No session is on its way in or out, nobody waits, nothing is in use.
fn is_at_rest(report: &Report) -> bool {
    let pool = &report.pool;
    pool.dialing + pool.closing + pool.in_use + pool.waiting == 0 && pool.idle >= 2
}

#[tokio::test]
async fn sessions_ended_again_and_again_cost_nobody_anything() {
    let scene = Scene::with_spool().await;
    let superuser = scene.postgres.superuser().await.expect("a look inside");
    let watcher = Watcher::begin(&scene.world).await;
    let load = Load::begin(&scene.world, &scene.bot).await;
    for _ in 0..5 {
        let ended = format!("SELECT pg_terminate_backend(pid) FROM ({OURS}) ours");
        superuser
            .query(&ended, &[&scene.world.database.name, &OWNER])
            .await
            .expect("ended");
        load.goes_on().await;
    }
    load.ends_soundly().await;
    becomes(&scene.client, "the pool to rest", is_at_rest).await;
    assert!(watcher.end().await <= 16, "never above the ceiling");
}

/// Every backend of the bot is stopped for longer than any of its deadlines, in the middle of whatever it did.
#[tokio::test]
async fn every_place_comes_back_after_a_stall_of_all_sessions() {
    let scene = Scene::new(&[
        ("SABAI_POOL_MAX_CONNECTIONS", "6"),
        ("SABAI_POOL_MIN_IDLE", "2"),
    ])
    .await;
    let superuser = scene.postgres.superuser().await.expect("a look inside");
    let watcher = Watcher::begin(&scene.world).await;
    let webhook = scene.world.webhook(&scene.bot).giving_up_after(LIMIT);
    let deliver = async |number: usize| {
        let events = [Event::text(&format!("customer {number}"), "hello")];
        let delivery = webhook.deliver(&events).await;
        scene.world.history.record(&events, &delivery);
        delivery.acknowledged()
    };
    assert!(deliver(0).await);
    let stopped = backends(&superuser, &scene.world).await;
    let signal = |signal| {
        let pids = stopped.iter().filter_map(|pid| u32::try_from(*pid).ok());
        pids.for_each(|pid| send(pid, signal));
    };
    signal(Signal::Stop);
    for number in 0..5 {
        deliver(number).await;
    }
    becomes(&scene.client, "sessions to outlive", |report| {
        report.pool.outlived > 0
    })
    .await;
    signal(Signal::Continue);
    becomes(&scene.client, "the pool to rest", is_at_rest).await;
    eventually(LIMIT, "a webhook to be taken", async || {
        if deliver(9).await {
            Ok(())
        } else {
            Err("refused")
        }
    })
    .await;
    let report = scene.world.settled(LIMIT).await;
    assert!(report.is_sound(), "{report}");
    assert!(watcher.end().await <= 6, "never above the ceiling");
}

/// A commit waits for a standby that is not there, and outlives its user: its session keeps its place until it has gone.
#[tokio::test]
async fn a_commit_that_hangs_keeps_its_place_under_the_ceiling() {
    let scene = Scene::new(&[
        ("SABAI_POOL_MAX_CONNECTIONS", "6"),
        ("SABAI_POOL_MIN_IDLE", "1"),
        ("SABAI_PATH_UNACKNOWLEDGED_TIMEOUT", "1s"),
    ])
    .await;
    let superuser = scene.postgres.superuser().await.expect("a look inside");
    let watcher = Watcher::begin(&scene.world).await;
    standby(&superuser, "nobody").await;
    let webhook = scene.world.webhook(&scene.bot).giving_up_after(LIMIT);
    for number in 0..4 {
        let events = [Event::text(&format!("customer {number}"), "hello")];
        let delivery = webhook.deliver(&events).await;
        scene.world.history.record(&events, &delivery);
    }
    let hanging = becomes(&scene.client, "a commit to outlive", |report| {
        report.pool.outlived > 0
    })
    .await;
    // Longer than the kernel's patience, after which places were freed once.
    tokio::time::timeout(
        Duration::from_secs(3),
        becomes(&scene.client, "", |report| report.pool.outlived == 0),
    )
    .await
    .expect_err("the session is there, and so is its place");
    standby(&superuser, "").await;
    becomes(&scene.client, "the places to be free", |report| {
        report.pool.outlived == 0
    })
    .await;
    let report = scene.world.settled(LIMIT).await;
    assert!(report.is_sound(), "{report}");
    assert!(
        hanging.pool.size <= 6 && watcher.end().await <= 6,
        "never above the ceiling"
    );
}

async fn standby(superuser: &Session, names: &str) {
    let set = format!("ALTER SYSTEM SET synchronous_standby_names = '{names}'");
    superuser.batch_execute(&set).await.expect("set");
    superuser
        .batch_execute("SELECT pg_reload_conf()")
        .await
        .expect("reloaded");
}

/// Hundreds wait for one place while settings change under them: nobody is forgotten, no place is lost.
#[tokio::test]
async fn waiting_users_and_changing_ceilings_lose_no_place() {
    let scene = Scene::new(&[]).await;
    let load = Load::begin(&scene.world, &scene.bot).await;
    for most in [4, 40, 5, 16, 4, 30] {
        let settings = json!({"pool": {"maxConnections": most, "minIdle": 1}});
        scene.client.settings(&settings).await;
        scene.client.applied().await;
        load.goes_on().await;
    }
    load.ends_soundly().await;
    let report = becomes(&scene.client, "the pool to rest", is_at_rest).await;
    assert_eq!(report.pool.size, report.pool.idle, "{report:?}");
}

/// The server takes no writes any more: what one session learns holds for all that are as old, so a few callers meet it and
/// not one for each session.
#[tokio::test]
async fn a_read_only_server_retires_every_elder() {
    let scene = Scene::new(&[("SABAI_POOL_MIN_IDLE", "13")]).await;
    let before = becomes(&scene.client, "all sessions at rest", |report| {
        is_at_rest(report) && report.pool.size == 15
    })
    .await;
    let set = async |value| {
        let set = scene.postgres.set("default_transaction_read_only", value);
        set.await.expect("set");
    };
    set(Some("on")).await;
    let webhook = scene.world.webhook(&scene.bot).giving_up_after(LIMIT);
    let events = [Event::text("customer", "hello")];
    let delivery = webhook.deliver(&events).await;
    scene.world.history.record(&events, &delivery);
    let after = becomes(&scene.client, "none of the elders", |report| {
        let mut left = report.sessions.iter();
        !left.any(|one| {
            let mut elders = before.sessions.iter();
            elders.any(|elder| elder.backend_pid == one.backend_pid)
        })
    })
    .await;
    let callers = after.faults["ReadOnly"].saturating_sub(after.progress.sessions_not_opened);
    assert!(callers <= 6, "{after:?}");
    set(None).await;
    becomes(&scene.client, "the pool to rest", is_at_rest).await;
}
