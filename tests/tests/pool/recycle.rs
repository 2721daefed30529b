//! Every session is renewed: unnoticed, or at once when the pool is wedged, or not at all when no fresh one can be made.

use sabai_tests::postgres::Session;
use sabai_tests::postgres::certificates::Presents;
use sabai_tests::wait::eventually;
use sabai_tests::webhook::Event;
use sabai_wire::control::{RecycleKind, RecycleOutcome, RecycleReport};
use sabai_wire::fault::Fault;

use super::control::request;
use super::load::Load;
use super::scene::{LIMIT, Scene};
use super::watcher::Watcher;

fn proves_that_none_is_left(report: &RecycleReport) {
    assert_eq!(report.outcome, RecycleOutcome::Completed, "{report:?}");
    assert_eq!(report.old_sessions, 0);
    let witness = report.witness.as_ref().expect("the server was asked");
    assert_eq!(witness.older, 0, "{report:?}");
    assert!(witness.oldest >= Some(witness.began), "{report:?}");
}

#[tokio::test]
async fn a_refresh_under_load_leaves_none_of_the_old_and_nobody_notices() {
    let scene = Scene::new(&[("SABAI_POOL_MIN_IDLE", "13")]).await;
    let watcher = Watcher::begin(&scene.world).await;
    let load = Load::begin(&scene.world, &scene.bot).await;
    for round in 0..3 {
        let before = watcher.clock().await;
        let id = format!("round-{round}");
        let report = scene
            .client
            .recycle(&request(&id, RecycleKind::Refresh))
            .await;
        proves_that_none_is_left(&report);
        assert_eq!(
            watcher.older_than(before).await,
            0,
            "by the server's own word"
        );
        assert_eq!(report.requests_failed, 0);
        assert!(
            report.sessions_replaced >= 10,
            "make before break: {report:?}"
        );
        assert_eq!(report.generation, 2 + round);
        let again = scene.client.ask(&request(&id, RecycleKind::Refresh)).await;
        assert_eq!(again, (200, report), "the same id, the same answer");
    }
    load.ends_soundly().await;
    assert!(watcher.end().await <= 16, "never above the ceiling");
}

#[tokio::test]
async fn a_straggler_is_renewed_when_it_comes_back_and_another_request_waits_its_turn() {
    let scene = Scene::new(&[]).await;
    let load = Load::begin(&scene.world, &scene.bot).await;
    // Settling stands still until the test lets it go.
    let holder = scene
        .world
        .database
        .superuser()
        .await
        .expect("a look inside");
    holder
        .batch_execute("BEGIN; LOCK TABLE turn IN EXCLUSIVE MODE")
        .await
        .expect("locked");
    stands_still(&holder).await;
    let first = request("first", RecycleKind::Refresh);
    let (status, report) = scene.client.ask(&first).await;
    assert_eq!((status, report.outcome), (202, RecycleOutcome::InProgress));
    let other = request("other", RecycleKind::Replace).to_json().to_string();
    let (status, body) = scene.client.send("POST", "/v1/recycle", other).await;
    assert_eq!(status, 409, "{body:?}");
    assert!(String::from_utf8_lossy(&body).contains("\"runningRequestId\":\"first\""));
    assert_eq!(scene.client.ask(&first).await.0, 202, "still the same");
    holder.batch_execute("ROLLBACK").await.expect("let go");
    proves_that_none_is_left(&scene.client.recycle(&first).await);
    load.ends_soundly().await;
}

async fn stands_still(holder: &Session) {
    let sql = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'turn'::regclass";
    eventually(LIMIT, "a statement to wait for the lock", async || {
        let waiting = holder.query_one(sql, &[]).await;
        match waiting.map_err(|error| error.to_string())?.get::<_, i64>(0) {
            0 => Err("none waits".to_owned()),
            _ => Ok(()),
        }
    })
    .await;
}

/// The certificate of an authority that nobody trusts: no fresh session can be made, and the old ones work.
#[tokio::test]
async fn where_no_fresh_session_can_be_made_the_old_ones_are_protected() {
    let scene = Scene::new(&[]).await;
    let load = Load::begin(&scene.world, &scene.bot).await;
    let before = scene.client.report().await;
    scene
        .postgres
        .present(Presents::Untrusted)
        .await
        .expect("presented");
    for kind in [RecycleKind::Refresh, RecycleKind::Replace] {
        let report = scene.client.recycle(&request(kind.as_str(), kind)).await;
        assert_eq!(report.outcome, RecycleOutcome::Stopped, "{report:?}");
        let fault = report.fault.expect("named").0;
        assert_eq!(fault, Fault::CertificateUntrusted);
        assert_eq!(report.sessions_closed, 0, "{report:?}");
    }
    let after = scene.client.report().await;
    assert_eq!(
        (after.generation, after.pool.old_sessions),
        (before.generation, 0)
    );
    load.goes_on().await;
    scene
        .postgres
        .present(Presents::Trusted)
        .await
        .expect("presented");
    let healed = request("healed", RecycleKind::Refresh);
    proves_that_none_is_left(&scene.client.recycle(&healed).await);
    load.ends_soundly().await;
}

/// The same while every session passes the end of its life, and a pool that idles.
#[tokio::test]
async fn sessions_that_work_outlive_their_time_while_no_fresh_one_can_be_made() {
    let scene = Scene::new(&[
        ("SABAI_POOL_MAX_CONNECTIONS", "8"),
        ("SABAI_POOL_IDLE_TIMEOUT", "2s"),
        ("SABAI_POOL_MAX_LIFETIME", "4s"),
    ])
    .await;
    scene
        .postgres
        .present(Presents::Untrusted)
        .await
        .expect("presented");
    let aged = eventually(LIMIT, "old age", async || {
        let report = scene.client.report().await;
        // None at all counts too: that is what must not be.
        let mut ages = report.sessions.iter().map(|one| one.age_milliseconds);
        if ages.all(|age| age > 6000) {
            Ok(report)
        } else {
            Err(format!("{:?}", report.sessions))
        }
    })
    .await;
    let works = |duty| aged.sessions.iter().any(|one| one.duty == duty);
    assert!(works("intake") && works("work"), "{aged:?}");
    assert_eq!(
        aged.trouble.map(|trouble| trouble.fault.0),
        Some(Fault::CertificateUntrusted)
    );
    let load = Load::begin(&scene.world, &scene.bot).await;
    scene
        .postgres
        .present(Presents::Trusted)
        .await
        .expect("presented");
    eventually(LIMIT, "young sessions", async || {
        let report = scene.client.report().await;
        match report.sessions.iter().map(|one| one.age_milliseconds).max() {
            Some(..6000) if report.trouble.is_none() => Ok(()),
            _ => Err(format!("{report:?}")),
        }
    })
    .await;
    load.ends_soundly().await;
}

/// Every link of the pool waits for a lock that nobody lets go: replaced, its users try again on fresh ones.
#[tokio::test]
async fn a_wedged_pool_is_replaced_at_once() {
    let scene = Scene::new(&[
        ("SABAI_POOL_MAX_CONNECTIONS", "5"),
        ("SABAI_POOL_MIN_IDLE", "2"),
        ("SABAI_POOL_STATEMENT_TIMEOUT", "3s"),
    ])
    .await;
    let watcher = Watcher::begin(&scene.world).await;
    let holder = scene
        .world
        .database
        .superuser()
        .await
        .expect("a look inside");
    holder
        .batch_execute("BEGIN; LOCK TABLE turn IN EXCLUSIVE MODE")
        .await
        .expect("locked");
    let webhook = scene.world.webhook(&scene.bot).giving_up_after(LIMIT);
    let events: Vec<Event> = (0..4)
        .map(|number| Event::text(&format!("customer {number}"), "hello"))
        .collect();
    let delivery = webhook.deliver(&events).await;
    scene.world.history.record(&events, &delivery);
    assert!(delivery.acknowledged(), "{delivery:?}");
    stands_still(&holder).await;
    let report = scene
        .client
        .recycle(&request("wedged", RecycleKind::Replace))
        .await;
    proves_that_none_is_left(&report);
    assert!(report.requests_failed >= 1, "{report:?}");
    holder.batch_execute("ROLLBACK").await.expect("let go");
    let sound = scene.world.settled(LIMIT).await;
    assert!(sound.is_sound(), "{sound}");
    assert!(watcher.end().await <= 5, "never above the ceiling");
}
