//! Postgres is away and webhooks go to disk: every one gets its 200 in time, and when Postgres is back each is answered
//! once and in order, faster than they came.

use std::time::Duration;

use sabai_tests::bot::Bot;
use sabai_tests::line::Endpoint;
use sabai_tests::line::faults::Match;
use sabai_tests::line::hold::Stage;
use sabai_tests::wait::eventually;
use sabai_tests::webhook::Event;

use super::road::Road;
use super::scene::{LIMIT, Scene, options};

/// LINE gives up at 2 s; this is Sabai's own promise.
const PROMISE: Duration = Duration::from_millis(1_500);

/// A world whose bots reach Postgres by a road that can be closed.
pub(super) struct Place {
    pub(super) scene: Scene,
    pub(super) road: Road,
    pub(super) server: String,
    pub(super) folder: String,
}

impl Place {
    pub(super) async fn open() -> Self {
        let mut road = Road::closed();
        let scene = Scene::new(options().env("PGPORT", road.port())).await;
        let database = &scene.world.database;
        let server = format!("{}:{}", database.host, database.port);
        road.open(&server).await;
        let folder = scene.world.folder().join("spool").display().to_string();
        Self {
            scene,
            road,
            server,
            folder,
        }
    }

    pub(super) async fn bot(&self) -> Bot {
        self.bot_with(&[]).await
    }

    pub(super) async fn bot_with(&self, more: &[(&str, &str)]) -> Bot {
        let folder = [("SABAI_SPOOL_DIR", &*self.folder)];
        self.scene.bot_with(&[&folder, more].concat()).await
    }

    /// Delivers so many events of each customer, one call each; all are acknowledged as promised.
    pub(super) async fn talk(&self, bot: &Bot, customers: usize, each: usize) -> Vec<Event> {
        let mut events = Vec::new();
        for _ in 0..each {
            let round: Vec<Event> = (0..customers)
                .map(|customer| Event::text(&format!("customer {customer}"), "hello"))
                .collect();
            let deliveries = round
                .iter()
                .map(|event| self.scene.try_deliver(bot, std::slice::from_ref(event)));
            for delivery in futures_util::future::join_all(deliveries).await {
                assert!(delivery.acknowledged(), "{delivery:?}");
                assert!(delivery.duration < PROMISE, "{delivery:?}");
            }
            events.extend(round);
        }
        events
    }

    pub(super) async fn spooled(&self, bot: &Bot, events: f64) {
        self.scene
            .metric(bot, "sabai_spool_events", &[], events)
            .await;
    }
}

#[tokio::test]
async fn webhooks_are_acknowledged_while_postgres_is_away_and_answered_in_order_when_it_is_back() {
    let mut place = Place::open().await;
    let bot = place.bot().await;
    place.talk(&bot, 4, 2).await;
    place.road.close().await;
    let away = place.talk(&bot, 10, 12).await;
    let (status, reason) = bot.admin_page("/readyz").await.expect("an answer");
    assert_eq!(status, 200, "who can acknowledge is ready: {reason}");
    place.spooled(&bot, 120.0).await;
    place.road.open(&place.server).await;
    place.spooled(&bot, 0.0).await;
    for event in &away {
        place.scene.ends_as(event, "answered").await;
    }
    // Straight to Postgres again.
    let ends = |bot: &Bot| {
        bot.log()
            .lines()
            .iter()
            .filter(|line| line.text().contains("the spool is empty"))
            .count()
    };
    eventually(
        LIMIT,
        "webhooks to go to Postgres again",
        async || match ends(&bot) {
            0 => Err("not yet"),
            _ => Ok(()),
        },
    )
    .await;
    place.talk(&bot, 4, 2).await;
    place.scene.is_sound().await;
}

#[tokio::test]
async fn a_spool_outlives_a_kill_and_the_next_life_drains_it_behind_it_what_is_new() {
    let mut place = Place::open().await;
    let bot = place.bot().await;
    place.talk(&bot, 2, 1).await;
    place.road.close().await;
    place.talk(&bot, 5, 4).await;
    bot.kill().await;
    // Postgres is still away when it starts again.
    let env = [("SABAI_SPOOL_DIR".to_owned(), place.folder.clone())];
    let bot = place
        .scene
        .world
        .bot_with(env.to_vec())
        .await
        .expect("it listens");
    place.talk(&bot, 5, 4).await;
    place.spooled(&bot, 40.0).await;
    place.road.open(&place.server).await;
    place.spooled(&bot, 0.0).await;
    place.scene.is_sound().await;
}

/// LINE delivers again what got no 200, so an elder may come to the spool when its junior is in Postgres already.
#[tokio::test]
async fn an_elder_on_the_spool_is_answered_before_its_junior_in_postgres() {
    const CUSTOMERS: usize = 30;
    let mut place = Place::open().await;
    let bot = place.bot().await;
    let pairs: Vec<[Event; 2]> = (0..CUSTOMERS)
        .map(|customer| {
            let [elder, junior] =
                ["elder", "junior"].map(|text| Event::text(&format!("customer {customer}"), text));
            let later = elder.timestamp + 5;
            [elder, junior.at(later)]
        })
        .collect();
    // Who stops stores what still comes, for others to work.
    bot.ask_to_stop();
    bot.log()
        .wait_for(|line| line.text().contains("stopping"))
        .await;
    for [_, junior] in &pairs {
        let delivery = place
            .scene
            .try_deliver(&bot, std::slice::from_ref(junior))
            .await;
        assert!(delivery.acknowledged(), "{delivery:?}");
    }
    bot.ended(LIMIT).await.expect("it ends");
    place.road.close().await;
    let env = [("SABAI_SPOOL_DIR".to_owned(), place.folder.clone())];
    let bot = place.scene.world.bot_with(env.to_vec()).await;
    let bot = bot.expect("it listens");
    for [elder, _] in &pairs {
        let delivery = place
            .scene
            .try_deliver(&bot, std::slice::from_ref(elder))
            .await;
        assert!(delivery.acknowledged(), "{delivery:?}");
    }
    place.spooled(&bot, CUSTOMERS as f64).await;
    // Lanes could be claimed before anything of the spool is stored.
    let session = place.scene.world.database.superuser().await;
    let session = session.expect("there");
    let lock = "BEGIN; LOCK TABLE seen IN ACCESS EXCLUSIVE MODE";
    session.batch_execute(lock).await.expect("locked");
    place.road.open(&place.server).await;
    eventually(LIMIT, "the drainer to try for a while", async || {
        let metrics = bot.metrics().await.map_err(|error| error.to_string())?;
        let tries = metrics.sum("sabai_retries_total", &[("fault", "StatementTimeout")]);
        match tries {
            Some(tries) if tries >= 3.0 => Ok(()),
            other => Err(format!("{other:?}")),
        }
    })
    .await;
    session.batch_execute("ROLLBACK").await.expect("unlocked");
    for event in pairs.iter().flatten() {
        place.scene.ends_as(event, "answered").await;
    }
    place.scene.is_sound().await;
}

#[tokio::test]
async fn an_acceptance_learned_while_postgres_was_away_outlives_a_kill() {
    let mut place = Place::open().await;
    let hasty = [("SABAI_RETRY_DEADLINE", "500ms"), ("SABAI_LEASE", "60s")];
    let bot = place.bot_with(&hasty).await;
    let hold = place
        .scene
        .world
        .line
        .hold(Match::endpoint(Endpoint::Reply), Stage::AfterAccepting);
    let event = place.scene.text(&bot, "ann").await;
    hold.reached().await;
    place.road.close().await;
    hold.release();
    let outcomes = std::path::Path::new(&place.folder).join("outcomes");
    eventually(LIMIT, "the acceptance to be on disk", async || {
        let files = std::fs::read_dir(&outcomes).map_err(|error| error.to_string())?;
        let bytes: u64 = files
            .filter_map(|file| file.ok()?.metadata().ok())
            .filter(std::fs::Metadata::is_file)
            .map(|metadata| metadata.len())
            .sum();
        match bytes {
            0 => Err("nothing is there"),
            _ => Ok(()),
        }
        .map_err(str::to_owned)
    })
    .await;
    bot.kill().await;
    place.road.open(&place.server).await;
    let next = place.bot_with(&hasty).await;
    let turn = place.scene.ends_as(&event, "answered").await;
    assert_eq!(turn.sent_by.as_deref(), Some("reply"));
    assert_eq!(place.scene.calls(&event), [(Endpoint::Reply, Some(200))]);
    place.scene.is_sound().await;
    drop(next);
}
