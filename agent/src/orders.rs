//! What the agent obeys and has the bot hold: what its environment says, until a `PoolConfig` says otherwise.

use sabai_wire::settings::PoolSettings;

use crate::canary::Finding;
use crate::canary::recommendation::{Recommendation, effective};
use crate::settings::{AgentSettings, Discovery};

/// What is in force for this pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Orders {
    pub agent: AgentSettings,
    pub pool: PoolSettings,
    /// The pool's settings are a `PoolConfig`'s, so the bot is to hold them; what the environment says it has read itself.
    pub told: bool,
    /// The path's idle timeout as another agent of the release has found it.
    pub found: Option<Finding>,
}

impl Orders {
    /// As the environment has them.
    #[must_use]
    pub const fn of_environment(agent: AgentSettings, pool: PoolSettings) -> Self {
        Self {
            agent,
            pool,
            told: false,
            found: None,
        }
    }

    /// What the bot should hold; `None` when nobody says so. `own` is what this agent's canaries have found: it is newer than
    /// what another has told.
    #[must_use]
    pub fn wanted(&self, own: Option<Finding>) -> Option<PoolSettings> {
        match own.or(self.found) {
            Some(finding) if self.agent.discovery == Discovery::Apply => {
                Some(effective(&self.pool, Recommendation::of(&finding)))
            }
            _ => self.told.then(|| self.pool.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::canary::ClosedBy;

    #[test]
    fn the_bot_is_to_hold_what_it_was_told_lowered_by_what_was_found_if_that_is_to_be_applied() {
        let found = |seconds| {
            Some(Finding {
                alive_after: Duration::from_secs(seconds),
                dead_after: Duration::from_secs(seconds + 1),
                closed_by: ClosedBy::Silent,
            })
        };
        let (recommend, apply) = (Discovery::Recommend, Discovery::Apply);
        // Told by a PoolConfig, policy, found by another, found by us; the idle timeout in seconds that the bot should hold.
        let table = [
            (false, recommend, None, None, None),
            (false, recommend, found(100), found(100), None),
            (false, apply, None, None, None),
            (false, apply, found(100), None, Some(40)),
            (false, apply, found(100), found(50), Some(20)),
            (true, recommend, found(100), found(100), Some(150)),
            (true, apply, None, None, Some(150)),
            (true, apply, None, found(50), Some(20)),
        ];
        for (told, discovery, by_another, own, expected) in table {
            let agent = AgentSettings {
                discovery,
                ..AgentSettings::default()
            };
            let orders = Orders {
                told,
                found: by_another,
                ..Orders::of_environment(agent, PoolSettings::default())
            };
            let wanted = orders.wanted(own);
            let idle = wanted.map(|settings| settings.idle_timeout().as_secs());
            assert_eq!(
                idle, expected,
                "{told} {discovery:?} {by_another:?} {own:?}"
            );
        }
    }
}
