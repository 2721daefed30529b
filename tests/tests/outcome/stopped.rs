//! A worker that is stopped (SIGSTOP) at each step until past its lease, while another takes over, and then goes on:
//! one accepted message.

use sabai_tests::bot::Bot;
use sabai_tests::line::Endpoint;
use sabai_tests::line::faults::Match;
use sabai_tests::line::hold::Stage;
use sabai_tests::webhook::Event;
use sabai_tests::world::Options;

use super::gate::Gate;
use super::scene::{SHORT, Scene, Turn, options, patient, pushing};

const REPLIED: (Endpoint, Option<u16>) = (Endpoint::Reply, Some(200));
const REFUSED: (Endpoint, Option<u16>) = (Endpoint::Reply, Some(400));
const PUSHED: (Endpoint, Option<u16>) = (Endpoint::Push, Some(200));
const KNOWN: (Endpoint, Option<u16>) = (Endpoint::Push, Some(409));

/// What becomes of the statement that the stopped bot had sent.
#[derive(Clone, Copy)]
enum Statement {
    /// It is executed; the bot learns it when it goes on.
    Commits,
    /// Its session ends and nothing of it stays.
    Dies,
}

/// The first gets the event and is stopped; the second takes over.
struct Pair {
    scene: Scene,
    first: Bot,
    _second: Bot,
}

impl Pair {
    async fn new(options: Options) -> Self {
        let scene = Scene::new(patient(options.env("SABAI_LEASE", SHORT))).await;
        let (first, second) = tokio::join!(scene.bot(), scene.bot());
        Self {
            scene,
            first,
            _second: second,
        }
    }

    /// The first is stopped while a statement of it stands at `gate`.
    async fn stop_at_gate(&self, gate: &str, then: Statement) -> Event {
        let gate = Gate::close(&self.scene.world.database, gate).await;
        let event = self.scene.text(&self.first, "ann").await;
        gate.reached().await;
        self.first.pause().await;
        if let Statement::Dies = then {
            gate.sever().await;
        }
        gate.open().await;
        event
    }

    /// The first is stopped while its call stands at `stage`; LINE goes on when `calls` have come there.
    async fn stop_in_call(&self, endpoint: Endpoint, stage: Stage, calls: u32) -> Event {
        let hold = self.scene.world.line.hold(Match::endpoint(endpoint), stage);
        let event = self.scene.text(&self.first, "ann").await;
        hold.reached().await;
        self.first.pause().await;
        hold.reached_by(calls).await;
        hold.release();
        event
    }

    /// The second ends it, then the first goes on and has its time; returns how it ended before that.
    async fn ends_as(&self, event: &Event, outcome: &str) -> Turn {
        let turn = self.scene.ends_as(event, outcome).await;
        self.goes_on(event).await;
        turn
    }

    async fn goes_on(&self, event: &Event) {
        self.first.resume();
        self.scene.works(&self.first).await;
        assert_eq!(self.scene.accepted(event), 1);
        self.scene.is_sound().await;
    }
}

#[tokio::test]
async fn stopped_before_the_outbox_row_it_sends_nothing_later() {
    let pair = Pair::new(options()).await;
    let gate = "INSERT ON outbox FOR EACH ROW";
    let event = pair.stop_at_gate(gate, Statement::Dies).await;
    pair.ends_as(&event, "answered").await;
    assert_eq!(pair.scene.calls(&event), [REPLIED]);
}

#[tokio::test]
async fn stopped_between_outbox_row_and_call_it_does_not_call_later() {
    let pair = Pair::new(options()).await;
    let gate = "INSERT ON outbox FOR EACH ROW";
    let event = pair.stop_at_gate(gate, Statement::Commits).await;
    pair.ends_as(&event, "answered").await;
    assert_eq!(pair.scene.calls(&event), [REPLIED]);
}

#[tokio::test]
async fn stopped_with_its_reply_on_the_way_line_accepts_one_of_both() {
    let pair = Pair::new(options()).await;
    let stop = pair.stop_in_call(Endpoint::Reply, Stage::BeforeReading, 2);
    let event = stop.await;
    let turn = pair.scene.end(&event).await;
    let possible = ["answered", "unknown"];
    assert!(possible.contains(&&*turn.outcome), "{turn:?}");
    pair.goes_on(&event).await;
    let calls = pair.scene.calls(&event);
    assert!(
        calls.iter().all(|(to, _)| *to == Endpoint::Reply),
        "{calls:?}"
    );
}

#[tokio::test]
async fn stopped_after_line_accepted_there_is_no_push() {
    let pair = Pair::new(options()).await;
    let stop = pair.stop_in_call(Endpoint::Reply, Stage::AfterAccepting, 1);
    let event = stop.await;
    pair.ends_as(&event, "unknown").await;
    assert_eq!(pair.scene.calls(&event), [REPLIED, REFUSED]);
}

#[tokio::test]
async fn stopped_while_settling_what_it_knows_corrects_unknown() {
    let pair = Pair::new(options()).await;
    let gate = "INSERT ON turn FOR EACH ROW";
    let event = pair.stop_at_gate(gate, Statement::Dies).await;
    pair.ends_as(&event, "unknown").await;
    let turn = pair.scene.ends_as(&event, "answered").await;
    let how = (turn.reason, turn.sent_by.as_deref());
    assert_eq!(how, (None, Some("reply")));
}

#[tokio::test]
async fn stopped_while_its_settling_commits_nobody_sends_again() {
    let pair = Pair::new(options()).await;
    let gate = "INSERT ON turn FOR EACH ROW";
    let event = pair.stop_at_gate(gate, Statement::Commits).await;
    pair.ends_as(&event, "answered").await;
    assert_eq!(pair.scene.calls(&event), [REPLIED]);
}

#[tokio::test]
async fn stopped_at_the_step_to_a_push_the_other_pushes_alone() {
    let pair = Pair::new(pushing()).await;
    let gate = "UPDATE ON outbox FOR EACH ROW WHEN (NEW.state = 'pushing')";
    let event = pair.stop_at_gate(gate, Statement::Commits).await;
    pair.ends_as(&event, "answered").await;
    assert_eq!(pair.scene.calls(&event), [REFUSED, PUSHED]);
}

#[tokio::test]
async fn stopped_with_its_push_on_the_way_both_use_one_retry_key() {
    pushed_twice(Stage::BeforeReading, 2).await;
}

#[tokio::test]
async fn stopped_after_line_accepted_its_push_the_other_learns_it() {
    pushed_twice(Stage::AfterAccepting, 1).await;
}

async fn pushed_twice(stage: Stage, calls: u32) {
    let pair = Pair::new(pushing()).await;
    let event = pair.stop_in_call(Endpoint::Push, stage, calls).await;
    let turn = pair.ends_as(&event, "answered").await;
    assert_eq!(turn.sent_by.as_deref(), Some("push"));
    let calls = pair.scene.calls(&event);
    assert_eq!(calls[1..3], [PUSHED, KNOWN], "{calls:?}");
}
