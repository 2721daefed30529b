//! Putting settings in force: at once for whatever happens next; sessions that were opened with others are renewed.

use std::time::Duration;

use sabai_daemon::backoff::Backoff;
use sabai_wire::control::{RecycleKind, RecycleOutcome, RecycleReason};
use sabai_wire::settings::PoolSettings;
use tokio::time::{Instant, sleep};

use super::Db;

/// What a renewal for new settings may take, and the pause before it is tried again.
const RENEWAL: Duration = Duration::from_secs(30);
const AGAIN: (Duration, Duration) = (Duration::from_secs(5), Duration::from_secs(60));

/// How settings stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    /// Digest of those in force.
    pub digest: String,
    /// Sessions beyond the maximum, which are on their way out.
    pub surplus: usize,
    /// Sessions that were opened with other settings; they are being renewed.
    pub older: usize,
}

impl Applied {
    /// Whether no session stands above the maximum or is older than the change.
    pub fn is_complete(&self) -> bool {
        self.surplus == 0 && self.older == 0
    }
}

impl Db {
    /// Puts `settings` in force: whoever asks for a link from now on gets it by them. Nothing changes when they are in
    /// force already.
    pub fn apply(&self, settings: PoolSettings) -> Applied {
        let (digest, most) = (settings.digest(), settings.max_connections());
        let renews = touches_sessions(&self.settings(), &settings);
        let before = self.connector.live.replace(settings);
        if before.digest() != digest {
            tracing::info!(digest, before = before.digest(), renews, "settings applied");
        }
        self.intake.resize();
        self.work.resize();
        if renews {
            // A recycle that is running may just be opening its first session, with the settings before these.
            let running = u64::from(self.recycling.try_lock().is_err());
            self.wanted.send_replace(self.generation() + 1 + running);
        }
        self.metrics.settings(digest);
        self.metrics.pool_max(most.into());
        self.applied()
    }

    /// How the settings in force stand.
    pub fn applied(&self) -> Applied {
        let settings = self.settings();
        Applied {
            digest: settings.digest(),
            surplus: self
                .slots()
                .size()
                .saturating_sub(settings.max_connections().into()),
            older: self.older_than(*self.wanted.borrow()),
        }
    }

    /// Renews what is older than the settings, whenever they change.
    pub(super) async fn renew_for_settings(&self) {
        let mut wanted = self.wanted.subscribe();
        let mut backoff = Backoff::new(AGAIN.0, AGAIN.1);
        loop {
            let least = *wanted.borrow_and_update();
            if least <= self.generation() && self.older_than(least) == 0 {
                if wanted.changed().await.is_err() {
                    return;
                }
                continue;
            }
            let deadline = Instant::now() + RENEWAL;
            let kind = RecycleKind::Refresh;
            let done = self
                .recycle(
                    kind,
                    RecycleReason::SettingsChanged,
                    deadline,
                    &<_>::default(),
                )
                .await;
            if done.outcome == RecycleOutcome::Completed {
                backoff.reset();
            } else {
                sleep(backoff.pause()).await;
            }
        }
    }
}

/// Whether sessions that are open cannot obey a change: what they were told at their start, or their sockets.
fn touches_sessions(before: &PoolSettings, after: &PoolSettings) -> bool {
    let told = |settings: &PoolSettings| {
        (
            settings.statement_timeout(),
            settings.keepalive_idle(),
            settings.keepalive_interval(),
            settings.keepalive_count(),
            settings.unacknowledged_timeout(),
        )
    };
    told(before) != told(after)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_session_is_told_at_its_start_renews_it_and_nothing_else_does() {
        let defaults = PoolSettings::default();
        let with = |path: &str, value: &str| {
            PoolSettings::from_lookup(|field| (field.path == path).then(|| value.to_owned()))
                .expect("valid")
        };
        let table = [
            ("pool.maxConnections", "17", false),
            ("pool.minIdle", "5", false),
            ("pool.acquireTimeout", "4s", false),
            ("pool.connectTimeout", "1s", false),
            ("pool.idleTimeout", "61s", false),
            ("pool.maxLifetime", "31m", false),
            ("pool.lifetimeJitterPercent", "7", false),
            ("pool.statementTimeout", "6s", true),
            ("pool.checkAfterIdle", "0s", false),
            ("pool.checkTimeout", "401ms", false),
            ("path.keepaliveIdle", "62s", true),
            ("path.keepaliveInterval", "11s", true),
            ("path.keepaliveCount", "9", true),
            ("path.unacknowledgedTimeout", "33s", true),
            ("retry.deadline", "9s", false),
            ("retry.initialDelay", "6ms", false),
            ("retry.maxDelay", "501ms", false),
        ];
        assert_eq!(table.len(), sabai_wire::settings::FIELDS.len());
        for (path, value, expected) in table {
            assert_eq!(
                touches_sessions(&defaults, &with(path, value)),
                expected,
                "{path}"
            );
        }
    }
}
