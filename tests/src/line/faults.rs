//! Faults on demand: which calls meet one, what it does, how often. Decides; acting is for `intervene`.

use std::time::Duration;

pub use super::answer::Refusal;
use super::endpoint::Endpoint;

/// Which calls are meant; what is not named matches all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Match {
    endpoint: Option<Endpoint>,
    chat: Option<String>,
}

impl Match {
    #[must_use]
    pub fn any() -> Self {
        Self::default()
    }

    #[must_use]
    pub fn endpoint(endpoint: Endpoint) -> Self {
        Self {
            endpoint: Some(endpoint),
            chat: None,
        }
    }

    /// Only calls about this user, group or room: whom a reply's token belongs to, a push goes to, a path names.
    #[must_use]
    pub fn about(mut self, chat: &str) -> Self {
        self.chat = Some(chat.to_owned());
        self
    }

    pub(super) fn matches(&self, endpoint: Endpoint, chat: Option<&str>) -> bool {
        self.endpoint.is_none_or(|wanted| wanted == endpoint)
            && self
                .chat
                .as_deref()
                .is_none_or(|wanted| chat == Some(wanted))
    }
}

/// What happens to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Answered later, otherwise as usual.
    Delay(Duration),
    /// Not accepted, and told so.
    Refuse(Refusal),
    /// The connection is reset (RST) before the call is accepted.
    ResetBefore,
    /// No answer, ever; not accepted.
    HangBefore,
    /// Accepted, then answered 500.
    FailAfter,
    /// Accepted, then the connection is reset.
    ResetAfter,
    /// Accepted, then no answer, ever.
    HangAfter,
}

#[derive(Debug)]
struct Fault {
    matching: Match,
    action: Action,
    left: Option<u32>,
}

/// The faults in force, oldest first: a call meets the first that matches.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    list: Vec<Fault>,
    met: u64,
}

impl Faults {
    pub(super) fn add(&mut self, matching: Match, action: Action, times: Option<u32>) {
        self.list.push(Fault {
            matching,
            action,
            left: times,
        });
    }

    pub(super) fn clear(&mut self) {
        self.list.clear();
    }

    pub(super) fn met(&self) -> u64 {
        self.met
    }

    /// The action for this call, counted.
    pub(super) fn take(&mut self, endpoint: Endpoint, chat: Option<&str>) -> Option<Action> {
        let index = self
            .list
            .iter()
            .position(|fault| fault.left != Some(0) && fault.matching.matches(endpoint, chat))?;
        let fault = &mut self.list[index];
        let action = fault.action;
        fault.left = fault.left.map(|left| left - 1);
        if fault.left == Some(0) {
            self.list.remove(index);
        }
        self.met += 1;
        Some(action)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_matching_fault_comes_first_and_runs_out() {
        let mut faults = Faults::default();
        faults.add(
            Match::endpoint(Endpoint::Reply).about("U1"),
            Action::ResetAfter,
            Some(1),
        );
        faults.add(Match::endpoint(Endpoint::Reply), Action::FailAfter, None);
        assert_eq!(faults.take(Endpoint::Push, Some("U1")), None);
        assert_eq!(
            faults.take(Endpoint::Reply, Some("U2")),
            Some(Action::FailAfter)
        );
        assert_eq!(
            faults.take(Endpoint::Reply, Some("U1")),
            Some(Action::ResetAfter)
        );
        assert_eq!(
            faults.take(Endpoint::Reply, Some("U1")),
            Some(Action::FailAfter)
        );
        assert_eq!(faults.met(), 3);
        faults.clear();
        assert_eq!(faults.take(Endpoint::Reply, Some("U1")), None);
    }
}
