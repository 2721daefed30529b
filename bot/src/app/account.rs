//! What LINE's console says that the bot cannot work without: the webhook switched on, messages left in the plan.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};

use crate::line::LineClient;
use crate::metrics::Metrics;

const ROUND: Duration = Duration::from_secs(600);
/// Above this part of the month's messages a person should know.
const HIGH: f64 = 0.8;

/// Looks at start and every ten minutes, until it is dropped.
pub(super) async fn watch(line: Arc<LineClient>, metrics: Metrics) {
    let mut rounds = interval(ROUND);
    rounds.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut webhook_told, mut quota_told) = (false, false);
    loop {
        rounds.tick().await;
        // `None`: no webhook is registered, which is off as well.
        if let Ok(endpoint) = line.webhook_endpoint().await {
            let off = endpoint.is_none_or(|endpoint| !endpoint.active);
            if off && !webhook_told {
                tracing::warn!(
                    "LINE sends nothing: switch on \"Use webhook\" in the channel's Messaging API settings"
                );
            }
            webhook_told = off;
        }
        if let Ok(quota) = line.quota().await {
            let used = quota
                .limit
                .map(|limit| quota.used as f64 / (limit as f64).max(1.0));
            metrics.line_quota_used(used);
            let high = used.is_some_and(|used| used >= HIGH);
            if high && !quota_told {
                tracing::warn!(
                    used = quota.used,
                    limit = quota.limit,
                    "most of the month's LINE messages are used"
                );
            }
            quota_told = high;
        }
    }
}
