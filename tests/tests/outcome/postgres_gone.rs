//! Postgres is gone while LINE accepts, and back after the lease ran out: the acceptance is written, not `unknown`.

use std::time::{Duration, Instant};

use sabai_tests::bot::Bot;
use sabai_tests::line::Endpoint;
use sabai_tests::line::faults::Match;
use sabai_tests::line::hold::{Hold, Stage};
use sabai_tests::postgres::Stop;
use sabai_tests::wait::eventually;
use sabai_tests::webhook::Event;

use super::scene::{LIMIT, Scene, options, postgres};

const LEASE: Duration = Duration::from_secs(6);

/// A bot whose reply LINE has accepted and not answered yet.
struct Caller {
    scene: Scene,
    bot: Bot,
    rival: Option<Bot>,
    event: Event,
    hold: Option<Hold>,
}

impl Caller {
    /// Reaches the hold and stays there.
    async fn call(scene: Scene, bot: Bot, rival: Option<Bot>) -> Self {
        let replies = Match::endpoint(Endpoint::Reply);
        let hold = scene.world.line.hold(replies, Stage::AfterAccepting);
        let event = scene.text(&bot, "ann").await;
        hold.reached().await;
        Self {
            scene,
            bot,
            rival,
            event,
            hold: Some(hold),
        }
    }

    async fn ends_answered_once(self) {
        let turn = self.scene.ends_as(&self.event, "answered").await;
        assert_eq!(turn.sent_by.as_deref(), Some("reply"));
        let calls = self.scene.calls(&self.event);
        assert_eq!(calls, [(Endpoint::Reply, Some(200))]);
        for bot in [Some(&self.bot), self.rival.as_ref()].into_iter().flatten() {
            let unknown = [("outcome", "unknown")];
            self.scene
                .metric(bot, "sabai_events_total", &unknown, 0.0)
                .await;
        }
        self.scene.is_sound().await;
    }
}

/// Alone; with what it knows kept aside at once; and with another bot that waits for the lane.
#[tokio::test]
async fn an_acceptance_learned_while_postgres_was_gone_is_written_when_it_is_back() {
    let server = postgres().await;
    let options = || {
        let options = options().env("SABAI_LEASE", format!("{}s", LEASE.as_secs()));
        options.on(server.clone())
    };
    let hasty = || options().env("SABAI_RETRY_DEADLINE", "600ms");
    let (alone, aside, watched) = tokio::join!(
        Scene::new(options()),
        Scene::new(hasty()),
        Scene::new(hasty())
    );
    let (first, second) = tokio::join!(alone.bot(), aside.bot());
    let (third, rival) = tokio::join!(watched.bot(), watched.bot());
    let (alone, aside, watched) = tokio::join!(
        Caller::call(alone, first, None),
        Caller::call(aside, second, None),
        Caller::call(watched, third, Some(rival))
    );
    server.stop(Stop::Immediate).await.expect("it stops");
    let gone = Instant::now();
    let mut callers = [alone, aside, watched];
    for caller in &mut callers {
        drop(caller.hold.take());
    }
    for caller in &callers {
        let answered = [("endpoint", "reply"), ("outcome", "accepted")];
        let name = "sabai_line_requests_total";
        caller.scene.metric(&caller.bot, name, &answered, 1.0).await;
    }
    eventually(LIMIT, "the leases to run out", async || {
        match gone.elapsed() > LEASE {
            true => Ok(()),
            false => Err(format!("{:?}", gone.elapsed())),
        }
    })
    .await;
    server.start_again().await.expect("it comes back");
    for caller in callers {
        caller.ends_answered_once().await;
    }
}
