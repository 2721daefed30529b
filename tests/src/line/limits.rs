//! What the channel may still do: calls a second, pushes a month, and the retry keys that keep a push single.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use uuid::Uuid;

use super::endpoint::Endpoint;

/// How long LINE remembers a retry key; reused later, it sends again.
const RETRY_KEY_LIFE: Duration = Duration::from_secs(24 * 60 * 60);

/// One token bucket per endpoint, a second's worth deep.
#[derive(Debug, Default)]
pub(super) struct Rate {
    buckets: HashMap<Endpoint, (f64, Instant)>,
}

impl Rate {
    pub(super) fn allows(&mut self, limit: Option<u32>, endpoint: Endpoint, now: Instant) -> bool {
        let Some(limit) = limit.map(f64::from) else {
            return true;
        };
        let (left, since) = self.buckets.entry(endpoint).or_insert((limit, now));
        *left = limit.min(*left + now.saturating_duration_since(*since).as_secs_f64() * limit);
        *since = now;
        let allowed = *left >= 1.0;
        if allowed {
            *left -= 1.0;
        }
        allowed
    }
}

/// What an accepted push left behind under its key.
#[derive(Clone, Debug)]
pub(super) struct Accepted {
    pub(super) request_id: String,
    pub(super) sent_messages: String,
    at: Instant,
}

#[derive(Debug, Default)]
pub(crate) struct Pushes {
    keys: HashMap<Uuid, Accepted>,
    events: HashMap<Uuid, Arc<str>>,
    used: u64,
}

impl Pushes {
    pub(super) fn name(&mut self, key: Uuid, event: &str) {
        self.events.insert(key, event.into());
    }

    pub(super) fn event(&self, key: Uuid) -> Option<&Arc<str>> {
        self.events.get(&key)
    }

    pub(super) fn accepted_before(&self, key: Uuid, now: Instant) -> Option<&Accepted> {
        self.keys
            .get(&key)
            .filter(|accepted| now.saturating_duration_since(accepted.at) < RETRY_KEY_LIFE)
    }

    pub(super) fn accept(
        &mut self,
        key: Option<Uuid>,
        recipients: u64,
        request_id: &str,
        sent_messages: &str,
        now: Instant,
    ) {
        self.used += recipients;
        if let Some(key) = key {
            let accepted = Accepted {
                request_id: request_id.into(),
                sent_messages: sent_messages.into(),
                at: now,
            };
            self.keys.insert(key, accepted);
        }
    }

    pub(super) fn forget_keys(&mut self) {
        self.keys.clear();
    }

    pub(super) fn used(&self) -> u64 {
        self.used
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_fills_again_with_time() {
        let (mut rate, now) = (Rate::default(), Instant::now());
        let allowed = (0..5)
            .filter(|_| rate.allows(Some(2), Endpoint::Reply, now))
            .count();
        assert_eq!(allowed, 2);
        assert!(
            rate.allows(Some(2), Endpoint::Push, now),
            "each endpoint has its own"
        );
        assert!(rate.allows(Some(2), Endpoint::Reply, now + Duration::from_millis(500)));
        assert!(!rate.allows(Some(2), Endpoint::Reply, now + Duration::from_millis(500)));
        assert!(rate.allows(None, Endpoint::Reply, now));
    }

    #[test]
    fn a_retry_key_is_known_for_a_day() {
        let (mut pushes, now, key) = (Pushes::default(), Instant::now(), Uuid::new_v4());
        pushes.accept(Some(key), 5, "r", "[]", now);
        assert_eq!(pushes.used(), 5);
        assert!(
            pushes
                .accepted_before(key, now + RETRY_KEY_LIFE / 2)
                .is_some()
        );
        assert!(pushes.accepted_before(key, now + RETRY_KEY_LIFE).is_none());
    }
}
