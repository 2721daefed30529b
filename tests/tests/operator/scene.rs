//! A world in which one word is poison, the commands run in it, and what became of the events.

use std::time::Duration;

use sabai_tests::bot::{Bot, Ended};
use sabai_tests::wait::eventually;
use sabai_tests::webhook::Event;
use sabai_tests::world::{Options, World, contract};
use serde_json::Value;

pub(crate) const LIMIT: Duration = Duration::from_secs(30);
/// What no command shows unless asked: customers' words.
pub(crate) const POISON: &str = "poison";

const ANSWERS: &str = "
default_language: th
rules:
  - name: poison
    when: { text: [poison] }
    answer: [ { th: พิษ, en: poison } ]
fallback:
  message/text:
    answer: [ { th: สวัสดี, en: hello } ]
";

pub(crate) struct Scene {
    pub(crate) world: World,
}

impl Scene {
    pub(crate) async fn new() -> Self {
        let options = Options::answering(ANSWERS)
            .env("SABAI_LEASE", "8s")
            .env("SABAI_MAX_ATTEMPTS", "2")
            .env("SABAI_POOL_MIN_IDLE", "1");
        let world = World::new(options).await.expect("a world");
        Self { world }
    }

    pub(crate) async fn bot(&self) -> Bot {
        self.world.bot().await.expect("the bot starts")
    }

    /// Runs `sabai-bot` with these words, with Postgres's variables alone.
    pub(crate) async fn run(&self, words: &str) -> Ended {
        let environment = self.world.database.env();
        let ended = Bot::run(self.world.program(), words.split(' '), environment, LIMIT).await;
        ended.expect("it ends")
    }

    /// As [`Self::run`]; it must end with this code. Gives what it wrote.
    pub(crate) async fn told(&self, words: &str, code: i32) -> String {
        let ended = self.run(words).await;
        let output = ended.output;
        assert_eq!(ended.status.code(), Some(code), "{words}: {output}");
        output
    }

    /// The objects that it wrote, a line each.
    pub(crate) async fn json(&self, words: &str, code: i32) -> Vec<Value> {
        let output = self.told(&format!("{words} --json"), code).await;
        let objects = output.lines().filter(|line| line.starts_with('{'));
        objects
            .map(|line| serde_json::from_str(line).expect("JSON"))
            .collect()
    }

    pub(crate) async fn deliver(&self, bot: &Bot, events: &[Event]) {
        eventually(LIMIT, "an acknowledgement", async || {
            let delivery = self.world.webhook(bot).deliver(events).await;
            self.world.history.record(events, &delivery);
            match delivery.acknowledged() {
                true => Ok(()),
                false => Err(format!("{delivery:?}")),
            }
        })
        .await;
    }

    /// Events of customers of their own that Postgres refuses to begin, dead by now, and their ids.
    pub(crate) async fn exhausted(&self, bot: &Bot, customers: &[&str]) -> (Vec<Event>, Vec<i64>) {
        self.forbid("outbox", "rule <> 'poison'").await;
        let events: Vec<Event> = customers
            .iter()
            .map(|one| Event::text(one, POISON))
            .collect();
        self.deliver(bot, &events).await;
        for event in &events {
            self.ends_as(event, "dead_letter").await;
        }
        let ids = self.dead_letters().await;
        assert_eq!(ids.len(), events.len());
        (events, ids)
    }

    /// Postgres refuses what does not pass this check.
    pub(crate) async fn forbid(&self, table: &str, check: &str) {
        self.execute(&format!(
            "ALTER TABLE {table} ADD CONSTRAINT forbidden CHECK ({check})"
        ))
        .await;
    }

    pub(crate) async fn allow(&self, table: &str) {
        self.execute(&format!("ALTER TABLE {table} DROP CONSTRAINT forbidden"))
            .await;
    }

    pub(crate) async fn execute(&self, sql: &str) {
        self.world.execute(sql).await;
    }

    pub(crate) async fn count(&self, sql: &str) -> i64 {
        self.world.count(sql).await
    }

    pub(crate) async fn dead_letters(&self) -> Vec<i64> {
        let session = self.world.database.superuser().await;
        let sql = "SELECT id FROM dead_letter ORDER BY id";
        let rows = session.expect("Postgres is there").query(sql, &[]).await;
        rows.expect("a sound statement")
            .iter()
            .map(|row| row.get(0))
            .collect()
    }

    /// How it ended, if it has: outcome, and reason.
    pub(crate) async fn ending(&self, event: &Event) -> Option<(String, Option<String>)> {
        let key = contract::event_key(&self.world.line.options().bot_user_id, &event.id);
        let session = self
            .world
            .database
            .superuser()
            .await
            .expect("Postgres is there");
        // An event that was taken back has lost its id: it is found by the message's.
        let sql = "SELECT outcome, reason FROM turn WHERE key = $1";
        let rows = session
            .query(sql, &[&key])
            .await
            .expect("a sound statement");
        assert!(rows.len() < 2, "{} turns of one event", rows.len());
        rows.first().map(|row| (row.get(0), row.get(1)))
    }

    pub(crate) async fn ends_as(&self, event: &Event, outcome: &str) {
        let what = format!("the event to end as {outcome}");
        eventually(LIMIT, &what, async || match self.ending(event).await {
            Some((ending, _)) if ending == outcome => Ok(()),
            other => Err(format!("{other:?}")),
        })
        .await;
    }

    /// How many messages LINE accepted for it.
    pub(crate) fn accepted(&self, event: &Event) -> usize {
        self.world.line.accepted_for(&event.id).len()
    }
}

/// Ids as words of a command.
pub(crate) fn words(ids: &[i64]) -> String {
    let ids: Vec<String> = ids.iter().map(i64::to_string).collect();
    ids.join(" ")
}
