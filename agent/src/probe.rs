//! The probe: looks at the path to Postgres with the dialer that the bot uses, stage by stage.
//!
//! - [`path`]: goes the whole way once, to a session of its own, with a row written on request ([`mod@write`])
//! - [`report`]: what it met, for verdict, status and people; [`mod@print`] is the page of it
//! - [`cadence`]: when to look next, pure; [`prober`] is the loop that does

pub mod cadence;
pub mod path;
pub mod print;
pub mod prober;
pub mod report;
#[cfg(test)]
mod sample;
pub mod write;

use std::time::Duration;

use sabai_wire::dial::SocketOptions;
use sabai_wire::settings::PoolSettings;

use crate::settings::AgentSettings;

/// How to probe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProbeSettings {
    /// From one path to the next while all is well, give or take a fifth.
    pub interval: Duration,
    /// The whole of a path, writing included.
    pub timeout: Duration,
    /// From one written row to the next.
    pub write_interval: Duration,
    /// So many good paths in a row end a trouble.
    pub success_threshold: u32,
    /// Options of the sockets: those of the bot's.
    pub socket: SocketOptions,
}

impl ProbeSettings {
    /// How these settings have it probed: over sockets such as the bot's.
    #[must_use]
    pub fn of(agent: &AgentSettings, pool: &PoolSettings) -> Self {
        let times = agent.probe;
        Self {
            interval: times.interval,
            timeout: times.timeout,
            write_interval: times.write_interval,
            success_threshold: agent.thresholds.successes,
            socket: SocketOptions::from(pool),
        }
    }
}
