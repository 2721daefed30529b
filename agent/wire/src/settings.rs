//! `PoolSettings`: what may be tuned about the pool, its TCP paths and its retries. Private fields and one door,
//! `from_lookup`, so that a value that exists is valid, whoever fed it: environment, PoolConfig or control socket.
//! Holds no address and no secret. The fields are listed in `settings/field.rs`, the rules between them in
//! `settings/between.rs`.

mod between;
mod check;
pub mod field;
mod json;
mod problem;

use std::fmt::Write;
use std::time::Duration;

pub use between::{AGENT_RULES, Between, RULES, Relation};
pub use check::Reading;
pub use field::{AGENT_FIELDS, FIELDS, Field};
pub use json::{PathProblem, from_values};
pub use problem::SettingProblem;

use check::text;

/// Valid settings. Equal settings have equal digests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoolSettings {
    max_connections: u16,
    min_idle: u16,
    acquire_timeout: Duration,
    connect_timeout: Duration,
    idle_timeout: Duration,
    max_lifetime: Duration,
    lifetime_jitter_percent: u16,
    statement_timeout: Duration,
    check_after_idle: Duration,
    check_timeout: Duration,
    keepalive_idle: Duration,
    keepalive_interval: Duration,
    keepalive_count: u16,
    unacknowledged_timeout: Duration,
    retry_deadline: Duration,
    retry_initial_delay: Duration,
    retry_max_delay: Duration,
}

impl Default for PoolSettings {
    fn default() -> Self {
        Self::from_lookup(|_| None).expect("the defaults keep the rules; a test says so")
    }
}

impl PoolSettings {
    /// Reads every field by `lookup`, which answers with the field's text, or `None` for its default.
    ///
    /// # Errors
    /// All problems at once, in the order of [`FIELDS`], then the rules between fields.
    pub fn from_lookup(
        lookup: impl FnMut(&'static Field) -> Option<String>,
    ) -> Result<Self, Vec<SettingProblem>> {
        let mut read = Reading::new(lookup);
        let settings = Self {
            max_connections: read.count(&field::MAX_CONNECTIONS),
            min_idle: read.count(&field::MIN_IDLE),
            acquire_timeout: read.duration(&field::ACQUIRE_TIMEOUT),
            connect_timeout: read.duration(&field::CONNECT_TIMEOUT),
            idle_timeout: read.duration(&field::IDLE_TIMEOUT),
            max_lifetime: read.duration(&field::MAX_LIFETIME),
            lifetime_jitter_percent: read.count(&field::LIFETIME_JITTER_PERCENT),
            statement_timeout: read.duration(&field::STATEMENT_TIMEOUT),
            check_after_idle: read.duration(&field::CHECK_AFTER_IDLE),
            check_timeout: read.duration(&field::CHECK_TIMEOUT),
            keepalive_idle: read.duration(&field::KEEPALIVE_IDLE),
            keepalive_interval: read.duration(&field::KEEPALIVE_INTERVAL),
            keepalive_count: read.count(&field::KEEPALIVE_COUNT),
            unacknowledged_timeout: read.duration(&field::UNACKNOWLEDGED_TIMEOUT),
            retry_deadline: read.duration(&field::RETRY_DEADLINE),
            retry_initial_delay: read.duration(&field::RETRY_INITIAL_DELAY),
            retry_max_delay: read.duration(&field::RETRY_MAX_DELAY),
        };
        read.finish(settings, RULES)
    }

    /// Every field with its value as text, in the order of [`FIELDS`]; `from_lookup` reads it back to the same settings.
    #[must_use]
    pub fn entries(&self) -> Vec<(&'static Field, String)> {
        let values = [
            self.max_connections.to_string(),
            self.min_idle.to_string(),
            text(self.acquire_timeout),
            text(self.connect_timeout),
            text(self.idle_timeout),
            text(self.max_lifetime),
            self.lifetime_jitter_percent.to_string(),
            text(self.statement_timeout),
            text(self.check_after_idle),
            text(self.check_timeout),
            text(self.keepalive_idle),
            text(self.keepalive_interval),
            self.keepalive_count.to_string(),
            text(self.unacknowledged_timeout),
            text(self.retry_deadline),
            text(self.retry_initial_delay),
            text(self.retry_max_delay),
        ];
        FIELDS.iter().copied().zip(values).collect()
    }

    /// The revision of these settings: the first 8 hex digits of the SHA-256 of [`Self::entries`].
    #[must_use]
    pub fn digest(&self) -> String {
        let mut content = String::new();
        for (field, value) in self.entries() {
            writeln!(content, "{}={value}", field.path).expect("a String takes all");
        }
        let hash = ring::digest::digest(&ring::digest::SHA256, content.as_bytes());
        let bytes = hash.as_ref().first_chunk().expect("SHA-256 has 32 bytes");
        format!("{:08x}", u32::from_be_bytes(*bytes))
    }
}

/// Getters; what each field means is said once, in [`field`].
impl PoolSettings {
    #[must_use]
    pub const fn max_connections(&self) -> u16 {
        self.max_connections
    }
    #[must_use]
    pub const fn min_idle(&self) -> u16 {
        self.min_idle
    }
    #[must_use]
    pub const fn acquire_timeout(&self) -> Duration {
        self.acquire_timeout
    }
    #[must_use]
    pub const fn connect_timeout(&self) -> Duration {
        self.connect_timeout
    }
    #[must_use]
    pub const fn idle_timeout(&self) -> Duration {
        self.idle_timeout
    }
    #[must_use]
    pub const fn max_lifetime(&self) -> Duration {
        self.max_lifetime
    }
    #[must_use]
    pub const fn lifetime_jitter_percent(&self) -> u16 {
        self.lifetime_jitter_percent
    }
    #[must_use]
    pub const fn statement_timeout(&self) -> Duration {
        self.statement_timeout
    }
    /// What the server is told as `statement_timeout`: 10 % below ours, so that its answer (57014) comes before
    /// our own deadline closes the link.
    #[must_use]
    pub fn server_statement_timeout(&self) -> Duration {
        self.statement_timeout * 9 / 10
    }
    #[must_use]
    pub const fn check_after_idle(&self) -> Duration {
        self.check_after_idle
    }
    #[must_use]
    pub const fn check_timeout(&self) -> Duration {
        self.check_timeout
    }
    #[must_use]
    pub const fn keepalive_idle(&self) -> Duration {
        self.keepalive_idle
    }
    #[must_use]
    pub const fn keepalive_interval(&self) -> Duration {
        self.keepalive_interval
    }
    #[must_use]
    pub const fn keepalive_count(&self) -> u16 {
        self.keepalive_count
    }
    #[must_use]
    pub const fn unacknowledged_timeout(&self) -> Duration {
        self.unacknowledged_timeout
    }
    #[must_use]
    pub const fn retry_deadline(&self) -> Duration {
        self.retry_deadline
    }
    #[must_use]
    pub const fn retry_initial_delay(&self) -> Duration {
        self.retry_initial_delay
    }
    #[must_use]
    pub const fn retry_max_delay(&self) -> Duration {
        self.retry_max_delay
    }
}

#[cfg(test)]
mod tests;
