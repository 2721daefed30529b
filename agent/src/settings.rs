//! What the agent obeys: how often it looks, when it believes what it sees, what it may do about it. Read by the table of
//! `PoolConfig.spec`'s fields, as the pool's settings are, so that a value that exists is valid.

#[cfg(test)]
mod tests;

use std::time::Duration;

use sabai_wire::settings::field::{self as of, Field};
use sabai_wire::settings::{AGENT_RULES, Reading, SettingProblem};

use crate::pace::Limits;
use crate::verdict::Thresholds;

/// Valid settings of the agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentSettings {
    pub discovery: Discovery,
    pub probe: ProbeTimes,
    pub thresholds: Thresholds,
    /// A certificate that ends within this is warned of.
    pub certificate_expiry_warning: Duration,
    pub recycle: RecycleSettings,
    pub readiness: ReadinessSettings,
}

/// How often the path is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProbeTimes {
    /// From one path to the next while all is well.
    pub interval: Duration,
    /// All stages of a path together.
    pub timeout: Duration,
    /// From one write to the next.
    pub write_interval: Duration,
}

/// When and how sessions are renewed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecycleSettings {
    pub mode: RecycleMode,
    /// A recycle begins at random within this.
    pub spread: Duration,
    pub limits: Limits,
    /// A refresh ends at the latest after this.
    pub drain_timeout: Duration,
}

/// What withdraws the pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadinessSettings {
    pub policy: Policy,
    /// At most this share of the pods is withdrawn for what their peers do not see.
    pub max_unready_percent: u16,
    /// What only a person mends holds a pod that was never ready back for so long.
    pub startup_hold: Duration,
}

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$what:meta])* $word:ident,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$what])* $word,)+ }

        impl $name {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$word,)+];

            /// The word itself.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$word => stringify!($word),)+ }
            }

            fn read<L>(reading: &mut Reading<L>, field: &'static Field) -> Self
            where
                L: FnMut(&'static Field) -> Option<String>,
            {
                let word = reading.word(field);
                let mut all = Self::ALL.iter().copied();
                all.find(|one| one.as_str() == word).expect("the field's words are these; a test says so")
            }
        }
    };
}

words! {
    /// What is done about the path's idle timeout.
    Discovery {
        /// It is not looked for.
        Disabled,
        /// It is found and told.
        Recommend,
        /// It is found, and the bot's settings kept below it.
        Apply,
    }
}

words! {
    /// Who decides that sessions are renewed.
    RecycleMode {
        /// The agent, and people.
        Automatic,
        /// People alone.
        OnRequest,
    }
}

words! {
    /// What withdraws the pod from its Service.
    Policy {
        /// A fault of this pod alone.
        LocalFaults,
        /// Also a database that cannot be written, and a verdict that is too old.
        Strict,
    }
}

impl AgentSettings {
    /// Reads every field by `lookup`, which answers with the field's text, or `None` for its default.
    ///
    /// # Errors
    /// All problems at once, in the order of [`of::AGENT_FIELDS`], then the rules between fields.
    pub fn from_lookup(
        lookup: impl FnMut(&'static Field) -> Option<String>,
    ) -> Result<Self, Vec<SettingProblem>> {
        let mut read = Reading::new(lookup);
        let discovery = Discovery::read(&mut read, &of::IDLE_TIMEOUT_DISCOVERY);
        let probe_interval = read.duration(&of::PROBE_INTERVAL);
        let probe_timeout = read.duration(&of::PROBE_TIMEOUT);
        let thresholds = Thresholds {
            failures: read.count(&of::FAILURE_THRESHOLD).into(),
            successes: read.count(&of::SUCCESS_THRESHOLD).into(),
        };
        let settings = Self {
            discovery,
            probe: ProbeTimes {
                interval: probe_interval,
                timeout: probe_timeout,
                write_interval: read.duration(&of::WRITE_INTERVAL),
            },
            thresholds,
            certificate_expiry_warning: read.duration(&of::CERTIFICATE_EXPIRY_WARNING),
            recycle: RecycleSettings {
                mode: RecycleMode::read(&mut read, &of::RECYCLE_MODE),
                spread: read.duration(&of::RECYCLE_SPREAD),
                limits: Limits {
                    min_interval: read.duration(&of::RECYCLE_MIN_INTERVAL),
                    max_per_hour: read.count(&of::RECYCLE_MAX_PER_HOUR).into(),
                },
                drain_timeout: read.duration(&of::RECYCLE_DRAIN_TIMEOUT),
            },
            readiness: ReadinessSettings {
                policy: Policy::read(&mut read, &of::READINESS_POLICY),
                max_unready_percent: read.count(&of::MAX_UNREADY_PERCENT),
                startup_hold: read.duration(&of::STARTUP_HOLD),
            },
        };
        read.finish(settings, AGENT_RULES)
    }
}

impl Default for AgentSettings {
    fn default() -> Self {
        Self::from_lookup(|_| None).expect("the defaults keep the rules; a test says so")
    }
}
