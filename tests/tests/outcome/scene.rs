//! A world with short leases, and the questions that all these tests ask: how an event ended, and what LINE was called
//! with for it.

use std::sync::Arc;
use std::time::Duration;

use sabai_tests::bot::Bot;
use sabai_tests::line::Endpoint;
use sabai_tests::line::faults::{Action, Match};
use sabai_tests::line::journal::Call;
use sabai_tests::postgres::{self, Postgres};
use sabai_tests::wait::eventually;
use sabai_tests::webhook::{Delivery, Event};
use sabai_tests::world::{Options, World, contract};
use tokio::sync::{OnceCell, Semaphore};

/// Longer than a takeover after a short lease on a busy machine, shorter than a long lease.
pub(crate) const LIMIT: Duration = Duration::from_secs(20);

const ANSWERS: &str = "
default_language: th
rules:
  - name: poison
    when: { text: [poison] }
    answer: [ { th: พิษ, en: poison } ]
fallback:
  message/text:
    in_groups: true
    answer: [ { th: สวัสดี, en: hello } ]
  message/file:
    answer: [ { th: ขอบคุณ, en: thanks } ]
";

/// For all tests but those that stop it.
static SHARED: OnceCell<Arc<Postgres>> = OnceCell::const_new();

/// Starts at once: with more, a small machine does little but shake hands.
static STARTS: Semaphore = Semaphore::const_new(3);

pub(crate) struct Scene {
    pub(crate) world: World,
}

/// How an event ended, as it was saved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Turn {
    pub(crate) outcome: String,
    pub(crate) reason: Option<String>,
    pub(crate) sent_by: Option<String>,
    pub(crate) request_id: Option<String>,
}

/// A lease so short that a takeover is soon. A call to LINE has a quarter of it.
pub(crate) const SHORT: &str = "3s";

/// The usual answers; a lease that gives calls to LINE 2 s, so that a busy machine changes no outcome.
pub(crate) fn options() -> Options {
    Options::answering(ANSWERS)
        .env("SABAI_LEASE", "8s")
        .env("SABAI_POOL_MIN_IDLE", "1")
        .env("SABAI_POOL_CONNECT_TIMEOUT", "3s")
}

/// Reply tokens that are of no use: answers go by push.
pub(crate) fn pushing() -> Options {
    let mut options = options();
    options.line.reply_token_life = Duration::ZERO;
    options
}

/// Patience with Postgres that outlasts what stands still in it: what it answers in the end is believed.
pub(crate) fn patient(options: Options) -> Options {
    options
        .env("SABAI_POOL_ACQUIRE_TIMEOUT", "20s")
        .env("SABAI_POOL_STATEMENT_TIMEOUT", "20s")
        .env("SABAI_RETRY_DEADLINE", "20s")
}

/// A server whose logins cost little: unoptimized bots start here by the dozen.
pub(crate) async fn postgres() -> Arc<Postgres> {
    let settings = vec![("scram_iterations".to_owned(), "16".to_owned())];
    let options = postgres::Options {
        settings,
        ..postgres::Options::default()
    };
    Postgres::start(options).await.expect("Postgres starts")
}

impl Scene {
    pub(crate) async fn new(options: Options) -> Self {
        let postgres = match &options.postgres {
            Some(own) => Arc::clone(own),
            None => Arc::clone(SHARED.get_or_init(postgres).await),
        };
        let world = World::new(options.on(postgres)).await.expect("a world");
        Self { world }
    }

    pub(crate) async fn bot(&self) -> Bot {
        self.bot_with(&[]).await
    }

    /// A bot with more in its environment, ready.
    pub(crate) async fn bot_with(&self, env: &[(&str, &str)]) -> Bot {
        let _turn = STARTS.acquire().await;
        let env = env
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let bot = self.world.bot_with(env.collect()).await.expect("a bot");
        bot.wait_ready(LIMIT).await;
        bot
    }

    /// Delivers until it is acknowledged, as LINE does: a busy machine may be late.
    pub(crate) async fn deliver(&self, bot: &Bot, events: &[Event]) {
        eventually(LIMIT, "an acknowledgement", async || {
            let delivery = self.try_deliver(bot, events).await;
            match delivery.acknowledged() {
                true => Ok(()),
                false => Err(format!("{delivery:?}")),
            }
        })
        .await;
    }

    pub(crate) async fn try_deliver(&self, bot: &Bot, events: &[Event]) -> Delivery {
        let delivery = self.world.webhook(bot).deliver(events).await;
        self.world.history.record(events, &delivery);
        delivery
    }

    /// Delivers one text of this customer.
    pub(crate) async fn text(&self, bot: &Bot, customer: &str) -> Event {
        let event = Event::text(customer, "hello");
        self.deliver(bot, std::slice::from_ref(&event)).await;
        event
    }

    /// How it ended; waits for the end.
    pub(crate) async fn end(&self, event: &Event) -> Turn {
        eventually(LIMIT, "the event to end", async || {
            match self.turn(event).await {
                Some(turn) => Ok(turn),
                None => Err(format!("no turn; calls {:?}", self.calls(event))),
            }
        })
        .await
    }

    /// Waits until it has ended so.
    pub(crate) async fn ends_as(&self, event: &Event, outcome: &str) -> Turn {
        let what = format!("the event to end as {outcome}");
        eventually(LIMIT, &what, async || match self.turn(event).await {
            Some(turn) if turn.outcome == outcome => Ok(turn),
            other => Err(format!("{other:?}; calls {:?}", self.calls(event))),
        })
        .await
    }

    pub(crate) async fn turn(&self, event: &Event) -> Option<Turn> {
        let key = contract::event_key(&self.world.line.options().bot_user_id, &event.id);
        let session = self.world.database.superuser().await.ok()?;
        let turns = session
            .query(
                "SELECT outcome, reason, sent_by, request_id FROM turn WHERE key = $1",
                &[&key],
            )
            .await
            .ok()?;
        assert!(turns.len() < 2, "{} turns of one event", turns.len());
        turns.first().map(|row| Turn {
            outcome: row.get(0),
            reason: row.get(1),
            sent_by: row.get(2),
            request_id: row.get(3),
        })
    }

    /// Every reply and push for this event, in order: how, and with which status it was answered.
    pub(crate) fn calls(&self, event: &Event) -> Vec<(Endpoint, Option<u16>)> {
        let calls = self.calls_in_full(event);
        calls
            .iter()
            .map(|call| (call.endpoint, call.status))
            .collect()
    }

    pub(crate) fn calls_in_full(&self, event: &Event) -> Vec<Arc<Call>> {
        self.world.line.journal(|journal| {
            let sends = journal
                .since(0)
                .iter()
                .filter(|call| matches!(call.endpoint, Endpoint::Reply | Endpoint::Push));
            sends
                .filter(|call| call.event.as_deref() == Some(&*event.id))
                .cloned()
                .collect()
        })
    }

    /// How many messages LINE accepted for it.
    pub(crate) fn accepted(&self, event: &Event) -> usize {
        self.world.line.accepted_for(&event.id).len()
    }

    /// The next call to `endpoint` meets `action`.
    pub(crate) fn once(&self, endpoint: Endpoint, action: Action) {
        self.world.line.fault(Match::endpoint(endpoint), action, 1);
    }

    /// `bot` works: whatever it had begun before has had its time.
    pub(crate) async fn works(&self, bot: &Bot) {
        bot.wait_ready(LIMIT).await;
        let event = self.text(bot, "somebody else").await;
        self.ends_as(&event, "answered").await;
    }

    /// Waits until everything acknowledged has ended; nothing may be lost, doubled or out of order.
    pub(crate) async fn is_sound(&self) {
        let report = self.world.settled(LIMIT).await;
        assert!(report.is_sound(), "{report}");
    }

    /// Runs `sql` in the test's database.
    pub(crate) async fn execute(&self, sql: &str) {
        self.world.execute(sql).await;
    }

    /// One value from the test's database.
    pub(crate) async fn count(&self, sql: &str) -> i64 {
        self.world.count(sql).await
    }

    /// Waits until `sql` gives `expected`.
    pub(crate) async fn counts(&self, sql: &str, expected: i64) {
        eventually(LIMIT, sql, async || match self.count(sql).await {
            count if count == expected => Ok(()),
            count => Err(format!("{count}, not {expected}")),
        })
        .await;
    }

    /// Waits until the bot's metric stands at `expected`.
    pub(crate) async fn metric(
        &self,
        bot: &Bot,
        name: &str,
        labels: &[(&str, &str)],
        expected: f64,
    ) {
        let what = format!("{name} {labels:?} to be {expected}");
        eventually(LIMIT, &what, async || {
            let metrics = bot.metrics().await.map_err(|error| error.to_string())?;
            match metrics.sum(name, labels) {
                Some(value) if (value - expected).abs() < f64::EPSILON => Ok(()),
                other => Err(format!("{other:?}")),
            }
        })
        .await;
    }
}
