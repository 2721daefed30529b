//! SIGKILL at each step: nothing acknowledged is lost, at most one message per event is accepted, and `unknown` only
//! where nobody can know. Each with the same process started again, at once, and with another one after the lease.

use sabai_tests::bot::Bot;
use sabai_tests::line::faults::Match;
use sabai_tests::line::hold::Stage;
use sabai_tests::line::{Endpoint, journal};
use sabai_tests::webhook::{Delivery, Event};
use sabai_tests::world::Options;

use super::gate::Gate;
use super::scene::{SHORT, Scene, options, pushing};

/// Who follows the bot that is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Heir {
    /// Itself, with a lease so long that only its identity explains why it takes its lanes at once.
    Itself,
    /// Another one, which waits for the lease to run out.
    Another,
}

struct Death {
    scene: Scene,
    heir: Heir,
    waiting: Option<Bot>,
}

impl Death {
    async fn new(options: Options, heir: Heir) -> (Self, Bot) {
        let lease = match heir {
            Heir::Itself => "60s",
            Heir::Another => SHORT,
        };
        let scene = Scene::new(options.env("SABAI_LEASE", lease)).await;
        let bot = start(&scene, "one").await;
        let waiting = match heir {
            Heir::Itself => None,
            Heir::Another => Some(start(&scene, "two").await),
        };
        let death = Self {
            scene,
            heir,
            waiting,
        };
        (death, bot)
    }

    /// Whoever goes on, once the first is dead.
    async fn heir(&mut self) -> Bot {
        match (self.heir, self.waiting.take()) {
            (Heir::Another, Some(waiting)) => waiting,
            _ => start(&self.scene, "one").await,
        }
    }

    async fn gate(&self, what: &str) -> Gate {
        let what = format!("INSERT ON {what} FOR EACH ROW");
        Gate::close(&self.scene.world.database, &what).await
    }

    /// The bot dies while its intake stands at the gate; `then` decides what becomes of the statement.
    async fn in_intake(&self, bot: Bot, event: &Event, then: impl AsyncFnOnce(Gate)) -> Delivery {
        let gate = self.gate("event").await;
        let webhook = self.scene.world.webhook(&bot);
        let events = std::slice::from_ref(event);
        let dying = async {
            gate.reached().await;
            bot.kill().await;
            then(gate).await;
        };
        let (delivery, ()) = tokio::join!(webhook.deliver(events), dying);
        self.scene.world.history.record(events, &delivery);
        delivery
    }

    /// The bot dies while its call stands at `stage`.
    async fn in_call(
        &self,
        bot: Bot,
        endpoint: Endpoint,
        stage: Stage,
    ) -> (Event, sabai_tests::line::hold::Hold) {
        let hold = self.scene.world.line.hold(Match::endpoint(endpoint), stage);
        let event = self.scene.text(&bot, "ann").await;
        hold.reached().await;
        bot.kill().await;
        (event, hold)
    }
}

async fn start(scene: &Scene, folder: &str) -> Bot {
    let folder = scene.world.folder().join(folder).display().to_string();
    scene.bot_with(&[("SABAI_SPOOL_DIR", &folder)]).await
}

async fn whoever_follows(test: impl AsyncFn(Heir)) {
    tokio::join!(test(Heir::Itself), test(Heir::Another));
}

const REPLY: Endpoint = Endpoint::Reply;

#[tokio::test]
async fn killed_before_intake_commits_the_event_is_line_s_to_deliver_again() {
    whoever_follows(async |heir| {
        let (mut death, bot) = Death::new(options(), heir).await;
        let event = Event::text("ann", "hello");
        let severed = async |gate: Gate| {
            gate.sever().await;
            gate.open().await;
        };
        let delivery = death.in_intake(bot, &event, severed).await;
        assert!(!delivery.acknowledged(), "{delivery:?}");
        assert_eq!(death.scene.count("SELECT count(*) FROM event").await, 0);
        let bot = death.heir().await;
        death.scene.deliver(&bot, &[event.redelivered()]).await;
        death.scene.ends_as(&event, "answered").await;
        assert_eq!(death.scene.calls(&event), [(REPLY, Some(200))]);
        death.scene.is_sound().await;
    })
    .await;
}

#[tokio::test]
async fn killed_after_the_commit_before_the_200_it_is_answered_once() {
    whoever_follows(async |heir| {
        let (mut death, bot) = Death::new(options(), heir).await;
        let event = Event::text("ann", "hello");
        let scene = &death.scene;
        let committed = async |gate: Gate| {
            gate.open().await;
            scene.counts("SELECT count(*) FROM event", 1).await;
        };
        let delivery = death.in_intake(bot, &event, committed).await;
        assert!(!delivery.acknowledged(), "{delivery:?}");
        let bot = death.heir().await;
        death.scene.ends_as(&event, "answered").await;
        death.scene.deliver(&bot, &[event.redelivered()]).await;
        assert_eq!(death.scene.calls(&event), [(REPLY, Some(200))]);
        death.scene.is_sound().await;
    })
    .await;
}

#[tokio::test]
async fn killed_before_the_call_to_line_it_is_answered_by_the_next() {
    whoever_follows(async |heir| {
        let (mut death, bot) = Death::new(options(), heir).await;
        let gate = death.gate("outbox").await;
        let event = death.scene.text(&bot, "ann").await;
        gate.reached().await;
        bot.kill().await;
        gate.open().await;
        let row = "SELECT count(*) FROM outbox WHERE reply_attempts = 1";
        death.scene.counts(row, 1).await;
        let _bot = death.heir().await;
        death.scene.ends_as(&event, "answered").await;
        assert_eq!(death.scene.calls(&event), [(REPLY, Some(200))]);
        death.scene.is_sound().await;
    })
    .await;
}

#[tokio::test]
async fn killed_with_a_call_that_line_never_read_the_same_reply_is_sent_again() {
    whoever_follows(async |heir| {
        let (mut death, bot) = Death::new(options(), heir).await;
        let (event, hold) = death.in_call(bot, REPLY, Stage::BeforeReading).await;
        hold.abandon();
        let _bot = death.heir().await;
        death.scene.ends_as(&event, "answered").await;
        assert_eq!(death.scene.accepted(&event), 1);
        death.scene.is_sound().await;
    })
    .await;
}

/// line.md section 7, items 14 and 15.
#[tokio::test]
async fn killed_after_line_accepted_a_reply_it_is_unknown_and_seen() {
    whoever_follows(async |heir| {
        let (mut death, bot) = Death::new(options(), heir).await;
        let (event, hold) = death.in_call(bot, REPLY, Stage::AfterAccepting).await;
        hold.release();
        let bot = death.heir().await;
        let turn = death.scene.ends_as(&event, "unknown").await;
        assert_eq!(turn.reason.as_deref(), Some("unknown"));
        let expected = [(REPLY, Some(200)), (REPLY, Some(400))];
        assert_eq!(death.scene.calls(&event), expected, "and no push");
        let ended = [("outcome", "unknown")];
        death
            .scene
            .metric(&bot, "sabai_events_total", &ended, 1.0)
            .await;
        death.scene.metric(&bot, "sabai_unknowns", &[], 1.0).await;
        death.scene.is_sound().await;
    })
    .await;
}

/// line.md section 7, items 15 and 17.
#[tokio::test]
async fn killed_after_line_accepted_a_push_the_retry_key_tells() {
    whoever_follows(async |heir| {
        let (mut death, bot) = Death::new(pushing(), heir).await;
        let (event, hold) = death
            .in_call(bot, Endpoint::Push, Stage::AfterAccepting)
            .await;
        hold.release();
        let _bot = death.heir().await;
        let turn = death.scene.ends_as(&event, "answered").await;
        let calls = death.scene.calls_in_full(&event);
        let accepted: Vec<_> = calls
            .iter()
            .filter(|call| call.is_accepted_message())
            .collect();
        assert_eq!(accepted.len(), 1);
        assert_eq!(turn.request_id.as_deref(), Some(&*accepted[0].request_id));
        assert_eq!(
            calls
                .last()
                .and_then(|call: &std::sync::Arc<journal::Call>| call.status),
            Some(409)
        );
        death.scene.is_sound().await;
    })
    .await;
}

#[tokio::test]
async fn killed_after_the_settling_nothing_is_done_again() {
    whoever_follows(async |heir| {
        let (mut death, bot) = Death::new(options(), heir).await;
        let event = death.scene.text(&bot, "ann").await;
        death.scene.ends_as(&event, "answered").await;
        bot.kill().await;
        let bot = death.heir().await;
        death.scene.deliver(&bot, &[event.redelivered()]).await;
        let seen = [("outcome", "duplicate")];
        death
            .scene
            .metric(&bot, "sabai_events_total", &seen, 1.0)
            .await;
        death.scene.works(&bot).await;
        assert_eq!(death.scene.calls(&event), [(REPLY, Some(200))]);
        death.scene.is_sound().await;
    })
    .await;
}
