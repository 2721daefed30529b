//! Asks the bot for its report each second, for whoever judges.

use std::time::Duration;

use sabai_daemon::control::{AskError, Client};
use sabai_wire::control::Report;
use sabai_wire::fault::Fault;
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::clock::Clock;
use crate::moment::Moment;
use crate::said::one_line;

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
    let mut asked = None;
    let (mut awake, mut instant) = (clock.now(), Instant::now());
    // Not told yet.
    let mut standstill = false;
    loop {
        if let Some(asked) = asked {
            clock.ticked_after(asked, EVERY).await;
        }
        asked = Some(Instant::now());
        let answer = client.report().await;
        let now = (clock.now(), Instant::now());
        let stood_still = now.1.duration_since(instant) > now.0.since(awake) + BLINK;
        (awake, instant) = now;
        let answer = answer.map_err(|error| (fault_of(&error), one_line(&error.to_string())));
        // What was asked before a standstill is not late for that. It is told with the next answer instead.
        if stood_still && answer.is_err() {
            standstill = true;
            continue;
        }
        let one = Heard {
            at: awake,
            answer,
            stood_still: stood_still || std::mem::take(&mut standstill),
        };
        if heard.send(one).await.is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_a_standstill_spoiled_is_left_out_and_the_standstill_told_with_the_next()
    {
        let clock = Clock::start();
        tokio::spawn(clock.clone().run());
        let (sender, mut heard) = mpsc::channel(1);
        let nobody = Client::new("/nowhere/bot.sock".into(), LIMIT);
        tokio::spawn(ask(nobody, clock, sender));
        let mut next = async || heard.recv().await.expect("it goes on");
        assert!(!next().await.stood_still);
        let before = next().await;
        assert!(!before.stood_still);
        advance(Duration::from_secs(60)).await;
        let after = next().await;
        assert!(after.stood_still && after.answer.is_err());
        let apart = after.at.since(before.at);
        assert!(apart < Duration::from_secs(3), "{apart:?} by awake time");
        assert!(!next().await.stood_still);
    }
}
