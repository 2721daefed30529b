//! A worker that is stopped (SIGSTOP) at each step until past its lease, while another takes over, and then goes on:
//! one accepted message.

use sabai_tests::bot::Bot;
use sabai_tests::line::Endpoint;
use sabai_tests::line::faults::Match;
use sabai_tests::line::hold::Stage;
use sabai_tests::webhook::Event;
use sabai_tests::world::Options;

use super::gate::Gate;
use super::scene::{SHORT, Scene, options, pushing};

/// The first gets the event and is stopped; the second takes over.
struct Pair {
    scene: Scene,
    first: Bot,
    _second: Bot,
}

impl Pair {
    async fn new(options: Options) -> Self {
        // Patience with Postgres that outlasts the stop: what it answered meanwhile is believed.
        let options = options
            .env("SABAI_LEASE", SHORT)
            .env("SABAI_POOL_ACQUIRE_TIMEOUT", "20s")
            .env("SABAI_POOL_STATEMENT_TIMEOUT", "20s")
            .env("SABAI_RETRY_DEADLINE", "20s");
        let scene = Scene::new(options).await;
        let (first, second) = tokio::join!(scene.bot(), scene.bot());
        Self {
            scene,
            first,
            _second: second,
        }
    }

    async fn gate(&self, what: &str) -> Gate {
        Gate::close(&self.scene.world.database, what).await
    }

    async fn event(&self) -> Event {
        self.scene.text(&self.first, "ann").await
    }

    /// The first goes on, and has had its time.
    async fn goes_on(&self) {
        self.first.resume();
        self.scene.works(&self.first).await;
    }
}

const ONE_REPLY: [(Endpoint, Option<u16>); 1] = [(Endpoint::Reply, Some(200))];

#[tokio::test]
async fn stopped_before_the_outbox_row_it_sends_nothing_later() {
    let pair = Pair::new(options()).await;
    let gate = pair.gate("INSERT ON outbox FOR EACH ROW").await;
    let event = pair.event().await;
    gate.reached().await;
    pair.first.pause().await;
    gate.sever().await;
    gate.open().await;
    pair.scene.ends_as(&event, "answered").await;
    pair.goes_on().await;
    assert_eq!(pair.scene.calls(&event), ONE_REPLY);
    pair.scene.is_sound().await;
}

#[tokio::test]
async fn stopped_between_outbox_row_and_call_it_does_not_call_later() {
    let pair = Pair::new(options()).await;
    let gate = pair.gate("INSERT ON outbox FOR EACH ROW").await;
    let event = pair.event().await;
    gate.reached().await;
    pair.first.pause().await;
    gate.open().await;
    pair.scene.ends_as(&event, "answered").await;
    pair.goes_on().await;
    assert_eq!(pair.scene.calls(&event), ONE_REPLY);
    pair.scene.is_sound().await;
}

#[tokio::test]
async fn stopped_with_its_reply_on_the_way_line_accepts_one_of_both() {
    let pair = Pair::new(options()).await;
    let replies = Match::endpoint(Endpoint::Reply);
    let hold = pair.scene.world.line.hold(replies, Stage::BeforeReading);
    let event = pair.event().await;
    hold.reached().await;
    pair.first.pause().await;
    hold.reached_by(2).await;
    hold.release();
    let turn = pair.scene.end(&event).await;
    assert!(
        ["answered", "unknown"].contains(&&*turn.outcome),
        "{turn:?}"
    );
    pair.goes_on().await;
    assert_eq!(pair.scene.accepted(&event), 1);
    assert!(
        pair.scene
            .calls(&event)
            .iter()
            .all(|(endpoint, _)| *endpoint == Endpoint::Reply)
    );
    pair.scene.is_sound().await;
}

#[tokio::test]
async fn stopped_after_line_accepted_there_is_no_push() {
    let pair = Pair::new(options()).await;
    let replies = Match::endpoint(Endpoint::Reply);
    let hold = pair.scene.world.line.hold(replies, Stage::AfterAccepting);
    let event = pair.event().await;
    hold.reached().await;
    pair.first.pause().await;
    hold.release();
    pair.scene.ends_as(&event, "unknown").await;
    pair.goes_on().await;
    let expected = [(Endpoint::Reply, Some(200)), (Endpoint::Reply, Some(400))];
    assert_eq!(pair.scene.calls(&event), expected);
    pair.scene.is_sound().await;
}

#[tokio::test]
async fn stopped_while_settling_what_it_knows_corrects_unknown() {
    let pair = Pair::new(options()).await;
    let gate = pair.gate("INSERT ON turn FOR EACH ROW").await;
    let event = pair.event().await;
    gate.reached().await;
    pair.first.pause().await;
    gate.sever().await;
    gate.open().await;
    pair.scene.ends_as(&event, "unknown").await;
    pair.first.resume();
    let turn = pair.scene.ends_as(&event, "answered").await;
    assert_eq!(
        (turn.reason, turn.sent_by.as_deref()),
        (None, Some("reply"))
    );
    assert_eq!(pair.scene.accepted(&event), 1);
    pair.scene.is_sound().await;
}

#[tokio::test]
async fn stopped_while_its_settling_commits_nobody_sends_again() {
    let pair = Pair::new(options()).await;
    let gate = pair.gate("INSERT ON turn FOR EACH ROW").await;
    let event = pair.event().await;
    gate.reached().await;
    pair.first.pause().await;
    gate.open().await;
    pair.scene.ends_as(&event, "answered").await;
    pair.goes_on().await;
    assert_eq!(pair.scene.calls(&event), ONE_REPLY);
    pair.scene.is_sound().await;
}

#[tokio::test]
async fn stopped_at_the_step_to_a_push_the_other_pushes_alone() {
    let pair = Pair::new(pushing()).await;
    let gate = pair.gate("UPDATE ON outbox FOR EACH ROW WHEN (NEW.state = 'pushing')");
    let gate = gate.await;
    let event = pair.event().await;
    gate.reached().await;
    pair.first.pause().await;
    gate.open().await;
    pair.scene.ends_as(&event, "answered").await;
    pair.goes_on().await;
    let expected = [(Endpoint::Reply, Some(400)), (Endpoint::Push, Some(200))];
    assert_eq!(pair.scene.calls(&event), expected);
    pair.scene.is_sound().await;
}

#[tokio::test]
async fn stopped_with_its_push_on_the_way_both_use_one_retry_key() {
    pushed_twice(Stage::BeforeReading, 2).await;
}

#[tokio::test]
async fn stopped_after_line_accepted_its_push_the_other_learns_it() {
    pushed_twice(Stage::AfterAccepting, 1).await;
}

/// Stopped with its push at `stage`; LINE goes on when `calls` have come there.
async fn pushed_twice(stage: Stage, calls: u32) {
    let pair = Pair::new(pushing()).await;
    let pushes = Match::endpoint(Endpoint::Push);
    let hold = pair.scene.world.line.hold(pushes, stage);
    let event = pair.event().await;
    hold.reached().await;
    pair.first.pause().await;
    hold.reached_by(calls).await;
    hold.release();
    let turn = pair.scene.ends_as(&event, "answered").await;
    assert_eq!(turn.sent_by.as_deref(), Some("push"));
    pair.goes_on().await;
    assert_eq!(pair.scene.accepted(&event), 1);
    let statuses: Vec<_> = pair.scene.calls(&event).into_iter().skip(1).collect();
    let expected = [(Endpoint::Push, Some(200)), (Endpoint::Push, Some(409))];
    assert_eq!(statuses[..2], expected, "{statuses:?}");
    pair.scene.is_sound().await;
}
