//! Asks the bot for its report each second, for whoever judges.

use std::time::Duration;

use sabai_daemon::control::{AskError, Client};
use sabai_wire::control::Report;
use sabai_wire::fault::Fault;
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::clock::Clock;
use crate::moment::Moment;

const EVERY: Duration = Duration::from_secs(1);
/// Of one question: a bot that takes longer is not well.
pub(super) const LIMIT: Duration = Duration::from_millis(500);
/// By so much the two clocks may differ while nobody stood still.
const BLINK: Duration = Duration::from_millis(250);

/// One answer, or why there is none.
pub(super) struct Heard {
    pub(super) at: Moment,
    pub(super) answer: Result<Report, (Fault, String)>,
    /// The process stood still since the last.
    pub(super) stood_still: bool,
}

/// What is wrong with the bot, in one word.
pub(super) fn fault_of(error: &AskError) -> Fault {
    match error {
        AskError::Unreachable { .. } => Fault::BotUnreachable,
        AskError::Silent { .. } => Fault::BotSilent,
        AskError::Nonsense(_) | AskError::Refused { .. } => Fault::BotGarbled,
    }
}

/// Asks until nobody listens.
pub(super) async fn ask(client: Client, clock: Clock, heard: mpsc::Sender<Heard>) {
    let mut turns = interval(EVERY);
    turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut awake, mut instant) = (clock.now(), Instant::now());
    loop {
        turns.tick().await;
        let answer = client.report().await;
        let now = (clock.now(), Instant::now());
        let stood_still = now.1.duration_since(instant) > now.0.since(awake) + BLINK;
        (awake, instant) = now;
        let answer = answer.map_err(|error| (fault_of(&error), error.to_string()));
        // What was asked before a standstill is not late for that.
        if stood_still && answer.is_err() {
            continue;
        }
        let one = Heard {
            at: awake,
            answer,
            stood_still,
        };
        if heard.send(one).await.is_err() {
            return;
        }
    }
}
