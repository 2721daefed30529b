//! Postgres takes nothing for a while, for a reason that has no word of its own, or is slow: that is not the webhooks'
//! fault. All are drained when it is itself again, and nothing is set aside.

use sabai_tests::bot::Bot;
use sabai_tests::wait::eventually;
use sabai_tests::webhook::Event;

use super::scene::LIMIT;
use super::spooled::Place;

const REJECTED: &str = "sabai_spool_rejected_records_total";

impl Place {
    async fn execute(&self, sql: &str) {
        let session = self.scene.world.database.superuser().await;
        let session = session.expect("Postgres is there");
        session.batch_execute(sql).await.expect("it can be done");
    }

    /// Waits until this fault was met so often.
    async fn met(&self, bot: &Bot, fault: &str, times: f64) {
        eventually(LIMIT, "the fault to be met", async || {
            let page = bot.metrics().await.map_err(|error| error.to_string())?;
            match page.sum("sabai_faults_total", &[("fault", fault)]) {
                Some(count) if count >= times => Ok(()),
                other => Err(format!("{fault}: {other:?}")),
            }
        })
        .await;
    }

    async fn all_are_answered(&self, bot: &Bot, events: &[Event]) {
        for event in events {
            self.scene.ends_as(event, "answered").await;
        }
        self.spooled(bot, 0.0).await;
        self.scene.metric(bot, REJECTED, &[], 0.0).await;
        self.scene.is_sound().await;
    }
}

#[tokio::test]
async fn an_error_without_a_word_that_all_webhooks_meet_is_not_theirs() {
    let place = Place::open().await;
    let bot = place.bot().await;
    place.talk(&bot, 2, 1).await;
    place
        .execute(
            "CREATE FUNCTION ill() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                RAISE EXCEPTION 'injected' USING ERRCODE = '58030'; END $$;
             CREATE TRIGGER ill BEFORE INSERT ON seen FOR EACH ROW EXECUTE FUNCTION ill()",
        )
        .await;
    let events = place.talk(&bot, 6, 2).await;
    place.met(&bot, "Unexpected", 40.0).await;
    place.execute("DROP TRIGGER ill ON seen").await;
    place.all_are_answered(&bot, &events).await;
}

#[tokio::test]
async fn a_database_that_lets_nobody_in_costs_no_webhook() {
    let mut place = Place::open().await;
    let bot = place.bot().await;
    place.talk(&bot, 2, 1).await;
    let session = place.scene.world.database.superuser().await;
    let session = session.expect("Postgres is there");
    let allow = |allowed: bool| {
        let set = format!(
            "UPDATE pg_database SET datallowconn = {allowed} WHERE datname = current_database()"
        );
        let session = &session;
        async move { session.batch_execute(&set).await.expect("it can be done") }
    };
    place.road.close().await;
    allow(false).await;
    let events = place.talk(&bot, 6, 2).await;
    place.road.open(&place.server).await;
    place.met(&bot, "Unexpected", 4.0).await;
    allow(true).await;
    place.all_are_answered(&bot, &events).await;
}

/// So slow that no whole batch, and not even the largest webhook, ends within a statement's time.
#[tokio::test]
async fn a_slow_postgres_is_given_less_at_a_time() {
    let mut place = Place::open().await;
    let bot = place.bot().await;
    place.talk(&bot, 2, 1).await;
    place.road.close().await;
    let mut events = place.talk(&bot, 20, 3).await;
    let many: Vec<Event> = (0..60)
        .map(|customer| Event::text(&format!("guest {customer}"), "hello"))
        .collect();
    let delivery = place.scene.try_deliver(&bot, &many).await;
    assert!(delivery.acknowledged(), "{delivery:?}");
    events.extend(many);
    place
        .execute(
            "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                PERFORM pg_sleep(0.025); RETURN NEW; END $$;
             CREATE TRIGGER slow BEFORE INSERT ON seen FOR EACH ROW EXECUTE FUNCTION slow()",
        )
        .await;
    place.road.open(&place.server).await;
    place.spooled(&bot, 0.0).await;
    place.all_are_answered(&bot, &events).await;
}
