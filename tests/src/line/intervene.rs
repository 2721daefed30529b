//! What a test has in store for a call, drawn once when it arrives, and acted out before and after the decision.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use super::answer::{Answer, Refusal};
use super::connection::Cut;
use super::faults::Action;
use super::hold::{Gate, Stage};
use super::state::{Arrival, State};

/// Instead of a decision.
#[derive(Debug)]
pub(super) enum Before {
    Nothing,
    Refuse(Answer),
    Reset,
    Hang,
}

/// Instead of the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum After {
    Nothing,
    Fail,
    Reset,
    Hang,
}

#[derive(Debug)]
pub(super) struct Plan {
    delay: Option<Duration>,
    gate_before: Option<Arc<Gate>>,
    pub(super) before: Before,
    gate_after: Option<Arc<Gate>>,
    pub(super) after: After,
}

impl Plan {
    pub(super) fn draw(state: &mut State, arrival: &Arrival) -> Self {
        let (endpoint, chat) = (arrival.endpoint, arrival.chat.as_deref());
        state.holds.retain(|gate| !gate.is_open());
        let gate = |stage| {
            state
                .holds
                .iter()
                .find(|gate| gate.stops(stage, endpoint, chat))
                .map(Arc::clone)
        };
        let (gate_before, gate_after) = (gate(Stage::BeforeReading), gate(Stage::AfterAccepting));
        let mut plan = Self {
            delay: None,
            gate_before,
            before: Before::Nothing,
            gate_after,
            after: After::Nothing,
        };
        match state.faults.take(endpoint, chat) {
            None => {}
            Some(Action::Delay(time)) => plan.delay = Some(time),
            Some(Action::Refuse(refusal)) => plan.before = Before::Refuse(refusal.answer()),
            Some(Action::ResetBefore) => plan.before = Before::Reset,
            Some(Action::HangBefore) => plan.before = Before::Hang,
            Some(Action::FailAfter) => plan.after = After::Fail,
            Some(Action::ResetAfter) => plan.after = After::Reset,
            Some(Action::HangAfter) => plan.after = After::Hang,
        }
        plan
    }

    /// What keeps the call from being decided now.
    pub(super) async fn wait_before(&self) -> Result<(), Cut> {
        if let Some(time) = self.delay {
            tokio::time::sleep(time).await;
        }
        match &self.gate_before {
            Some(gate) => gate.pass().await,
            None => Ok(()),
        }
    }

    /// What the bot is to see, given the answer that was decided.
    pub(super) async fn finish(&self, answer: Answer) -> Result<Answer, Cut> {
        if let Some(gate) = &self.gate_after {
            gate.pass().await?;
        }
        if matches!(self.before, Before::Reset) || self.after == After::Reset {
            return Err(Cut);
        }
        if matches!(self.before, Before::Hang) || self.after == After::Hang {
            pending::<()>().await;
        }
        Ok(if self.after == After::Fail {
            Refusal::ServerError.answer()
        } else {
            answer
        })
    }

    /// The status that the bot will see of this answer, if it sees one.
    pub(super) fn status(&self, answer: &Answer) -> Option<u16> {
        match (&self.before, self.after) {
            (Before::Reset | Before::Hang, _) | (_, After::Reset | After::Hang) => None,
            (_, After::Fail) => Some(500),
            _ => Some(answer.status),
        }
    }
}
