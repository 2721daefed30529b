//! A pod must go, or has no path to Postgres, while its spool is full of webhooks: they move to a peer, or are kept and
//! counted. Nothing is posted in a circle.

use sabai_tests::bot::Bot;
use sabai_tests::wait::eventually;

use super::road::Road;
use super::scene::LIMIT;
use super::spooled::Place;

/// The Service of the bot's own pods.
struct Service(Road);

impl Service {
    fn new() -> Self {
        Self(Road::closed())
    }

    fn url(&self) -> String {
        self.0.url()
    }

    async fn lead_to(&mut self, bot: &Bot) {
        self.0.open(&bot.webhook().to_string()).await;
    }
}

async fn says(bot: &Bot, words: &str) {
    eventually(LIMIT, words, async || {
        let lines = bot.log().lines();
        match lines.iter().any(|line| line.text().contains(words)) {
            true => Ok(()),
            false => Err(format!("{} lines of other things", lines.len())),
        }
    })
    .await;
}

#[tokio::test]
async fn a_pod_that_must_go_moves_its_webhooks_to_a_peer_that_has_postgres() {
    let (mut place, mut service) = (Place::open().await, Service::new());
    let bot = place.bot_with(&[("SABAI_PEER_URL", &service.url())]).await;
    let port = place.scene.world.database.port.to_string();
    let peer = place.scene.bot_with(&[("PGPORT", &port)]).await;
    place.road.close().await;
    let away = place.talk(&bot, 10, 8).await;
    // At first the Service leads back to the bot itself: it does not talk to itself.
    service.lead_to(&bot).await;
    bot.ask_to_stop();
    says(&bot, "stopping").await;
    service.0.close().await;
    service.lead_to(&peer).await;
    let status = bot
        .ended(LIMIT)
        .await
        .expect("it ends when its spool is empty");
    assert_eq!(status.code(), Some(0));
    for event in &away {
        place.scene.ends_as(event, "answered").await;
    }
    place.scene.is_sound().await;
}

#[tokio::test]
async fn a_pod_without_a_path_of_its_own_gives_what_it_has_to_a_peer_and_goes_on() {
    let (mut place, mut service) = (Place::open().await, Service::new());
    let bot = place
        .bot_with(&[("SABAI_PEER_URL", &service.url()), ("POD_UID", "one")])
        .await;
    let port = place.scene.world.database.port.to_string();
    let peer = place.scene.bot_with(&[("PGPORT", &port)]).await;
    service.lead_to(&peer).await;
    place.road.close().await;
    place.talk(&bot, 5, 4).await;
    place.spooled(&bot, 0.0).await;
    place
        .scene
        .metric(&bot, "sabai_spool_evacuated_events_total", &[], 20.0)
        .await;
    place.scene.is_sound().await;
}

#[tokio::test]
async fn a_webhook_that_a_peer_refuses_is_kept_counted_and_answered_in_the_next_life() {
    let (mut place, mut service) = (Place::open().await, Service::new());
    let bot = place.bot_with(&[("SABAI_PEER_URL", &service.url())]).await;
    let port = place.scene.world.database.port.to_string();
    // The secret was rotated meanwhile.
    let env = [("PGPORT", &*port), ("LINE_CHANNEL_SECRET", "another")];
    let peer = place.scene.bot_with(&env).await;
    service.lead_to(&peer).await;
    place.road.close().await;
    let away = place.talk(&bot, 3, 2).await;
    bot.ask_to_stop();
    says(&bot, "refuses a spooled webhook").await;
    let status = bot.ended(LIMIT).await.expect("it does not wait for ever");
    assert_eq!(status.code(), Some(0));
    says(&bot, "events stay on the spool").await;
    drop(peer);
    place.road.open(&place.server).await;
    let next = place.bot().await;
    for event in &away {
        place.scene.ends_as(event, "answered").await;
    }
    place.scene.is_sound().await;
    drop(next);
}

#[tokio::test]
async fn two_pods_that_both_spool_do_not_play_ball() {
    let (mut place, mut service) = (Place::open().await, Service::new());
    let bot = place.bot_with(&[("SABAI_PEER_URL", &service.url())]).await;
    let port = place.road.port();
    let folder = place
        .scene
        .world
        .folder()
        .join("other spool")
        .display()
        .to_string();
    let env = [("PGPORT", &*port), ("SABAI_SPOOL_DIR", &folder)];
    let peer = place.scene.bot_with(&env).await;
    service.lead_to(&peer).await;
    place.road.close().await;
    place.talk(&bot, 3, 2).await;
    // Others: across pods no order is promised during an outage.
    for _ in 0..2 {
        for customer in ["dan", "eve", "fay"] {
            place.scene.text(&peer, customer).await;
        }
    }
    bot.ask_to_stop();
    says(&bot, "stopping").await;
    says(&peer, "webhook call not acknowledged").await;
    place.spooled(&bot, 6.0).await;
    place.spooled(&peer, 6.0).await;
    place.road.open(&place.server).await;
    let status = bot.ended(LIMIT).await.expect("it ends");
    assert_eq!(status.code(), Some(0));
    place.scene.is_sound().await;
}
