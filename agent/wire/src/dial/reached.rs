//! Where a name led to: all its addresses, and how it went with those that were tried.

use std::net::SocketAddr;
use std::time::Duration;

use super::Failure;
use crate::fault::Fault;

/// Where a name led to. Empty when it led nowhere.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reached {
    /// The name, as configured.
    pub host: String,
    /// The port, as configured.
    pub port: u16,
    /// All addresses of the name, in the resolver's order.
    pub addresses: Vec<SocketAddr>,
    /// Those that were tried, in their order. Only the last can have answered.
    pub attempts: Vec<Attempt>,
}

/// One address that was tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// Which one.
    pub address: SocketAddr,
    /// Time until it was known.
    pub took: Duration,
    /// How TCP to it failed, if it did.
    pub refusal: Option<Refusal>,
}

/// How TCP to one address failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// In one word.
    pub fault: Fault,
    /// In a sentence for people.
    pub detail: String,
}

impl Reached {
    /// The address that answered.
    #[must_use]
    pub fn peer(&self) -> Option<SocketAddr> {
        let last = self.attempts.last()?;
        last.refusal.is_none().then_some(last.address)
    }

    /// Notes the address that was being tried when the time of the whole stage, `took`, was up.
    pub(super) fn interrupted(&mut self, took: Duration) {
        let Some(&address) = self.addresses.get(self.attempts.len()) else {
            return;
        };
        let before: Duration = self.attempts.iter().map(|attempt| attempt.took).sum();
        let took = took.saturating_sub(before);
        self.attempts.push(Attempt {
            address,
            took,
            refusal: Some(Refusal::silent(address, took)),
        });
    }
}

impl Refusal {
    pub(super) fn silent(address: SocketAddr, after: Duration) -> Self {
        Self {
            fault: Fault::TimedOut,
            detail: format!("{address} did not answer within {} ms", after.as_millis()),
        }
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::new(refusal.fault, refusal.detail)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(last: u8) -> SocketAddr {
        SocketAddr::from(([192, 0, 2, last], 5432))
    }

    fn attempt(last: u8, refusal: Option<Refusal>) -> Attempt {
        Attempt {
            address: address(last),
            took: Duration::from_millis(300),
            refusal,
        }
    }

    #[test]
    fn the_peer_is_who_answered_and_who_was_being_tried_is_not_forgotten() {
        let refused = Refusal::silent(address(1), Duration::from_millis(300));
        let mut reached = Reached {
            addresses: vec![address(1), address(2)],
            ..Reached::default()
        };
        assert_eq!(reached.peer(), None);
        reached.attempts.push(attempt(1, Some(refused)));
        assert_eq!(reached.peer(), None);

        let mut cut = reached.clone();
        cut.interrupted(Duration::from_millis(500));
        let last = cut.attempts.last().expect("noted");
        assert_eq!(
            (last.address, last.took.as_millis()),
            (address(2), 200),
            "{last:?}"
        );
        cut.interrupted(Duration::from_millis(500));
        assert_eq!(cut.attempts.len(), 2, "there is no third address");

        reached.attempts.push(attempt(2, None));
        assert_eq!(reached.peer(), Some(address(2)));
    }
}
