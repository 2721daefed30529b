//! Calls that stand still until a test lets them go: how a bot is stopped exactly before LINE took a message, or
//! exactly after.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::connection::Cut;
use super::endpoint::Endpoint;
use super::faults::Match;

/// Longer than any lease that a test waits out.
const LIMIT: Duration = Duration::from_secs(60);

/// Where a call stands still.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// It has arrived, nothing is decided. Released, it goes on even when its sender is dead by then, as LINE would.
    BeforeReading,
    /// It is accepted and journaled (or refused); the answer is not written.
    AfterAccepting,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Door {
    Closed,
    Open,
    Abandoned,
}

/// A test's handle. Dropping it releases what it holds.
#[derive(Debug)]
pub struct Hold {
    gate: Arc<Gate>,
}

#[derive(Debug)]
pub(crate) struct Gate {
    matching: Match,
    stage: Stage,
    held: watch::Sender<u32>,
    door: watch::Sender<Door>,
}

impl Hold {
    pub(super) fn new(matching: Match, stage: Stage) -> Self {
        let (held, door) = (watch::Sender::new(0), watch::Sender::new(Door::Closed));
        Self {
            gate: Arc::new(Gate {
                matching,
                stage,
                held,
                door,
            }),
        }
    }

    pub(super) fn gate(&self) -> Arc<Gate> {
        Arc::clone(&self.gate)
    }

    /// Waits until a call stands here.
    ///
    /// # Panics
    /// As [`Hold::reached_by`].
    pub async fn reached(&self) {
        self.reached_by(1).await;
    }

    /// Waits until `calls` calls have come here in all.
    ///
    /// # Panics
    /// After a minute, with how many have come.
    pub async fn reached_by(&self, calls: u32) {
        let mut held = self.gate.held.subscribe();
        let reached = held.wait_for(|&count| count >= calls);
        match tokio::time::timeout(LIMIT, reached).await {
            Ok(reached) => drop(reached.expect("the gate lives as long as its hold")),
            Err(_) => panic!(
                "waited {LIMIT:?} for {calls} calls at {:?}; {} came",
                self.gate.matching,
                self.count()
            ),
        }
    }

    /// How many calls have come here in all.
    #[must_use]
    pub fn count(&self) -> u32 {
        *self.gate.held.borrow()
    }

    /// Lets held and later calls pass.
    pub fn release(self) {
        self.gate.open(Door::Open);
    }

    /// Resets the connections of held calls: before reading, they were never accepted. Later calls pass.
    pub fn abandon(self) {
        self.gate.open(Door::Abandoned);
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.gate.open(Door::Open);
    }
}

impl Gate {
    fn open(&self, how: Door) {
        self.door.send_if_modified(|door| {
            let closed = *door == Door::Closed;
            if closed {
                *door = how;
            }
            closed
        });
    }

    pub(super) fn is_open(&self) -> bool {
        *self.door.borrow() != Door::Closed
    }

    pub(super) fn stops(&self, stage: Stage, endpoint: Endpoint, chat: Option<&str>) -> bool {
        self.stage == stage && !self.is_open() && self.matching.matches(endpoint, chat)
    }

    pub(super) async fn pass(&self) -> Result<(), Cut> {
        let mut door = self.door.subscribe();
        self.held.send_modify(|count| *count += 1);
        match door.wait_for(|door| *door != Door::Closed).await.as_deref() {
            Ok(Door::Open) => Ok(()),
            _ => Err(Cut),
        }
    }
}
