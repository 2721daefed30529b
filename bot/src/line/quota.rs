//! The month's message quota, and with it what a 429 to a push means. The
//! verdict is kept for a moment, so that a storm of 429 is not doubled.

use std::time::Duration;

use serde::Deserialize;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout_at};

use crate::line::client::Unsigned;
use crate::line::{Endpoint, LineClient, LookupError};

const VERDICT_AGE: Duration = Duration::from_secs(10);

/// Messages of this month; replies do not count, a push counts once for each
/// of its recipients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// `None`: no limit.
    pub limit: Option<u64>,
    /// LINE calls it approximate.
    pub used: u64,
}

impl Quota {
    pub fn is_exhausted(&self) -> bool {
        self.limit.is_some_and(|limit| self.used >= limit)
    }
}

/// The last verdict and when it was reached.
#[derive(Default)]
pub(crate) struct Spent(Mutex<Option<(Instant, bool)>>);

#[derive(Deserialize)]
struct Limit {
    #[serde(rename = "type")]
    kind: String,
    value: Option<u64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Consumption {
    total_usage: u64,
}

impl LineClient {
    /// Two calls: the limit, then the use.
    pub async fn quota(&self) -> Result<Quota, LookupError> {
        let limit = Unsigned::get(&self.routes.quota);
        let limit: Limit = self.must_find(Endpoint::Quota, limit).await?;
        let used = Unsigned::get(&self.routes.consumption);
        let used: Consumption = self.must_find(Endpoint::Quota, used).await?;
        Ok(Quota {
            limit: limit.value.filter(|_| limit.kind == "limited"),
            used: used.total_usage,
        })
    }

    /// False if it is not known in time: a push that is tried again costs
    /// less than one given up for nothing.
    pub(crate) async fn is_quota_spent(&self, deadline: Instant) -> bool {
        let ask = async {
            let mut last = self.spent.0.lock().await;
            if let Some((at, spent)) = *last
                && Instant::now() < at + VERDICT_AGE
            {
                return spent;
            }
            let spent = self.quota().await.is_ok_and(|quota| quota.is_exhausted());
            *last = Some((Instant::now(), spent));
            spent
        };
        timeout_at(deadline, ask).await.unwrap_or(false)
    }
}

#[cfg(test)]
mod tests {
    use super::Quota;

    #[test]
    fn exhausted_at_the_limit() {
        for (limit, used, exhausted) in [
            (None, u64::MAX, false),
            (Some(300), 299, false),
            (Some(300), 300, true),
            (Some(0), 0, true),
        ] {
            assert_eq!(Quota { limit, used }.is_exhausted(), exhausted);
        }
    }
}
