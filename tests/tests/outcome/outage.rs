//! Postgres is away for longer than a lease: who lives keeps its lanes. Another pod takes from others only when its own
//! link has been healthy for one renewal interval.

use sabai_tests::line::Endpoint;
use sabai_tests::line::faults::Match;
use sabai_tests::line::hold::Stage;
use sabai_tests::wait::eventually;

use super::road::Road;
use super::scene::{LIMIT, Scene, options};

/// A renewal interval of 10 s: many rounds of looking for lanes.
const LEASE: &str = "30s";
const LOG: &str = "info,sabai_bot::queue::claimer=debug";
const NOTICED: &str = "cannot look for lanes";
/// Nobody's lanes, without events: taken, they end.
const EXPIRED: &str =
    "INSERT INTO lane (lane, token, until) VALUES ('nobody', gen_random_uuid(), now())";
const DUE: &str = "INSERT INTO lane (lane, until) VALUES ('nobody', now())";
const TAKEN: &str = "SELECT count(*) FROM lane WHERE lane = 'nobody'";
const OVER: &str = "UPDATE lane SET until = now()";
const UNTOUCHED: &str = "SELECT count(*) FROM lane WHERE until < now()";

#[tokio::test]
async fn after_an_outage_longer_than_the_lease_nobody_takes_the_lanes_of_the_living() {
    let options = options()
        .env("SABAI_LEASE", LEASE)
        .env("SABAI_LOG", LOG)
        .env("SABAI_RETRY_DEADLINE", "60s");
    let scene = Scene::new(options).await;
    let database = &scene.world.database;
    let server = format!("{}:{}", database.host, database.port);
    let (mut its_road, mut rivals_road) = (Road::closed(), Road::closed());
    its_road.open(&server).await;
    rivals_road.open(&server).await;
    let rival = scene.bot_with(&[("PGPORT", &rivals_road.port())]).await;
    scene.execute(EXPIRED).await;
    // It has been healthy for long: what is expired is taken.
    scene.counts(TAKEN, 0).await;

    let bot = scene.bot_with(&[("PGPORT", &its_road.port())]).await;
    let replies = Match::endpoint(Endpoint::Reply);
    let hold = scene.world.line.hold(replies, Stage::AfterAccepting);
    let event = scene.text(&bot, "ann").await;
    hold.reached().await;
    its_road.close().await;
    rivals_road.close().await;
    hold.release();
    eventually(LIMIT, "the rival to notice", async || {
        let log = rival.log().lines();
        match log.iter().any(|line| line.text().contains(NOTICED)) {
            true => Ok(()),
            false => Err(format!("{} lines of other things", log.len())),
        }
    })
    .await;
    // On Postgres' clock the outage lasts for longer than the lease.
    scene.execute(OVER).await;

    rivals_road.open(&server).await;
    // Two rounds, and so at least one whole one.
    for _ in 0..2 {
        scene.execute(DUE).await;
        scene.counts(TAKEN, 0).await;
    }
    assert_eq!(scene.count(UNTOUCHED).await, 1, "the rival waits");
    rivals_road.close().await;
    its_road.open(&server).await;
    let turn = scene.ends_as(&event, "answered").await;
    assert_eq!(turn.sent_by.as_deref(), Some("reply"));
    rivals_road.open(&server).await;
    scene.works(&rival).await;
    assert_eq!(scene.calls(&event), [(Endpoint::Reply, Some(200))]);
    scene.is_sound().await;
}
