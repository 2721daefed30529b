//! Row 14a: pods stop while Postgres is away. What is on their spools moves to a peer, or is kept, counted, and drained
//! by the next life; nothing is posted in a circle. A pod that drains answers 503, and so may these.

use sabai_tests::gate::{Fault, Gate};

use sabai_tests::scene::{LIMIT, SOME, Scene, setup};

const ALLOWED: &[u16] = &[200, 503];

/// The Service of the pods: leads to whom it is told.
async fn service() -> Gate {
    let nobody = std::net::SocketAddr::from(([127, 0, 0, 1], 9));
    let service = Gate::start(nobody).await.expect("a port");
    service.new_connections(Fault::Refuse).await;
    service
}

fn own_spool(scene: &Scene, name: &str) -> String {
    scene.world.folder().join(name).display().to_string()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pod_stops_and_its_peer_takes_what_it_has() {
    let service = service().await;
    let url = format!("http://{}", service.addr());
    let mut scene = setup().env("SABAI_PEER_URL", url).start().await;
    let (port, spool) = (
        scene.world.database.port.to_string(),
        own_spool(&scene, "peer"),
    );
    let peer = scene
        .another(&[("PGPORT", &port), ("SABAI_SPOOL_DIR", &spool)])
        .await;
    scene.postgres_goes().await;
    scene.answers(SOME).await;
    service.lead_to(peer.webhook());
    service.heal().await;
    let old = scene.hand_over(peer);
    old.ask_to_stop();
    let status = old
        .ended(LIMIT)
        .await
        .expect("it ends when its spool is empty");
    assert_eq!(status.code(), Some(0));
    scene.answers(SOME / 2).await;
    scene.ends_in_any_order(ALLOWED).await;
}

/// Without a peer everything stays, and the next life drains it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pod_stops_alone_and_its_next_life_drains() {
    let scene = setup().start().await;
    scene.postgres_goes().await;
    scene.answers(SOME).await;
    scene.bot.ask_to_stop();
    scene.answers(SOME).await;
    let counted = "events stay on the spool";
    let left = scene
        .bot
        .log()
        .wait_for(|line| line.text().contains(counted));
    tokio::time::timeout(2 * LIMIT, left)
        .await
        .expect("it counts what it leaves");
    let scene = scene.kill(async |scene| scene.gate.heal().await).await;
    scene.recovers().await;
    scene.ends_with(ALLOWED).await;
}

/// Both have lost Postgres and both must go: each offers the other what it has, and keeps it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_pods_stop_at_once_and_nothing_goes_in_a_circle() {
    let service = service().await;
    let url = format!("http://{}", service.addr());
    let mut scene = setup().env("SABAI_PEER_URL", &url).start().await;
    let spool = own_spool(&scene, "peer");
    let port = scene.gate.addr().port().to_string();
    let env = [
        ("PGPORT", &*port),
        ("SABAI_SPOOL_DIR", &spool),
        ("SABAI_PEER_URL", &url),
    ];
    let peer = scene.another(&env).await;
    scene.postgres_goes().await;
    scene.answers(SOME / 2).await;
    service.lead_to(peer.webhook());
    service.heal().await;
    let first = scene.hand_over(peer);
    scene.answers(SOME / 2).await;
    first.ask_to_stop();
    scene.bot.ask_to_stop();
    service.lead_to(first.webhook());
    scene.answers(SOME).await;
    let before = scene.world.history.events().len();
    assert!(before > SOME);
    // Their nodes start both again.
    drop(first);
    let scene = scene.kill(async |scene| scene.gate.heal().await).await;
    let other = scene
        .another(&[("PGPORT", &port), ("SABAI_SPOOL_DIR", &spool)])
        .await;
    scene.recovers().await;
    scene.ends_in_any_order(ALLOWED).await;
    drop(other);
}
