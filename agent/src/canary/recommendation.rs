//! What a finding means for the bot's pool: pure. It only ever lowers what the settings say.

use std::time::Duration;

use sabai_wire::duration::GepDuration;
use sabai_wire::settings::PoolSettings;
use sabai_wire::settings::field::{IDLE_TIMEOUT, KEEPALIVE_IDLE};
use serde::Serialize;

use super::{Finding, whole_milliseconds};

/// A session is closed by ourselves when it was idle for 2/5 of what the path allows.
const IDLE_SHARE: (u32, u32) = (2, 5);
/// Two keepalives may be lost.
const KEEPALIVES: u32 = 3;
const LONGEST_KEEPALIVE: Duration = Duration::from_secs(60);
/// Neither setting takes less.
const LEAST: Duration = Duration::from_secs(1);

/// What is recommended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Recommendation {
    /// For `pool.idleTimeout`; whole milliseconds, at least a second.
    #[serde(
        rename = "idleTimeoutMilliseconds",
        serialize_with = "whole_milliseconds"
    )]
    pub idle_timeout: Duration,
    /// For `path.keepaliveIdle`; whole seconds, at least one.
    #[serde(
        rename = "keepaliveIdleMilliseconds",
        serialize_with = "whole_milliseconds"
    )]
    pub keepalive_idle: Duration,
}

impl Recommendation {
    /// What follows from a finding. An idle timeout of the path below three seconds leaves no room: then both are a second.
    #[must_use]
    pub fn of(finding: &Finding) -> Self {
        let alive = finding.alive_after;
        let idle_timeout = (alive * IDLE_SHARE.0 / IDLE_SHARE.1).max(LEAST);
        let keepalive_idle = (alive / KEEPALIVES).clamp(LEAST, LONGEST_KEEPALIVE);
        Self {
            idle_timeout: Duration::from_millis(
                u64::try_from(idle_timeout.as_millis()).unwrap_or(u64::MAX),
            ),
            keepalive_idle: Duration::from_secs(keepalive_idle.as_secs()),
        }
    }
}

/// These settings with what is recommended, where that is less.
#[must_use]
pub fn effective(settings: &PoolSettings, recommended: Recommendation) -> PoolSettings {
    let entries = settings.entries();
    let lowered = PoolSettings::from_lookup(|field| {
        let bound = match field {
            field if *field == IDLE_TIMEOUT => settings.idle_timeout() > recommended.idle_timeout,
            field if *field == KEEPALIVE_IDLE => {
                settings.keepalive_idle() > recommended.keepalive_idle
            }
            _ => false,
        };
        let recommended = match field {
            field if *field == IDLE_TIMEOUT => recommended.idle_timeout,
            _ => recommended.keepalive_idle,
        };
        let lower = GepDuration::new(recommended).ok().filter(|_| bound);
        let given = entries.iter().find(|(of, _)| *of == field);
        let text = lower.map(|lower| lower.to_string());
        text.or_else(|| given.map(|(_, text)| text.clone()))
    });
    lowered.expect("no field goes below its range, and no rule asks for more of these two")
}

#[cfg(test)]
mod tests {
    use super::super::ClosedBy;
    use super::*;

    fn recommended(alive: u64) -> Recommendation {
        Recommendation::of(&Finding {
            alive_after: Duration::from_millis(alive),
            dead_after: Duration::from_millis(alive + alive / 25),
            closed_by: ClosedBy::Silent,
        })
    }

    #[test]
    fn both_follow_from_the_age_that_was_alive() {
        // All in milliseconds.
        let table = [
            (340_000, 136_000, 60_000),
            (58_700, 23_480, 19_000),
            (9_800, 3_920, 3_000),
            (2_501, 1_000, 1_000),
            (290, 1_000, 1_000),
        ];
        for (alive, idle_timeout, keepalive_idle) in table {
            let expected = Recommendation {
                idle_timeout: Duration::from_millis(idle_timeout),
                keepalive_idle: Duration::from_millis(keepalive_idle),
            };
            assert_eq!(recommended(alive), expected, "{alive}");
        }
    }

    #[test]
    fn settings_are_lowered_and_never_raised_and_nothing_else_changes() {
        // Given: pool.idleTimeout and path.keepaliveIdle; alive, in milliseconds; what is in force.
        let table = [
            ("150s", "60s", 340_000, "2m16s", "1m"),
            ("100s", "20s", 340_000, "1m40s", "20s"),
            ("100s", "20s", 9_800, "3s920ms", "3s"),
            ("1s", "1s", 290, "1s", "1s"),
        ];
        for (idle, keepalive, alive, idle_in_force, keepalive_in_force) in table {
            let with = |idle: &str, keepalive: &str| {
                PoolSettings::from_lookup(|field| match field.path {
                    "pool.idleTimeout" => Some(idle.to_owned()),
                    "path.keepaliveIdle" => Some(keepalive.to_owned()),
                    "pool.maxConnections" => Some("9".to_owned()),
                    _ => None,
                })
                .expect("valid")
            };
            let lowered = effective(&with(idle, keepalive), recommended(alive));
            let expected = with(idle_in_force, keepalive_in_force);
            assert_eq!(lowered, expected, "{idle} {keepalive} {alive}");
        }
    }
}
