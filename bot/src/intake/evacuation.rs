//! Evacuation: when Postgres stays away, or the pod must go while it is away, spooled webhooks are posted to a peer,
//! signed as they came, and leave the spool only after its 200. A peer verifies them as LINE's; nobody need be trusted.

mod peer;

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;
use http::StatusCode;

use super::backlog::Backlog;
use super::window::arrivals;
use crate::metrics::Metrics;
use crate::spool::{Record, RecordId, SpooledWebhook};

pub use peer::{HOP, Peer};

/// Postgres is away for so long before a pod that stays asks its peers: they may have a path where this one has none.
const PATIENCE: Duration = Duration::from_secs(10);
/// Posted at a time, never two of one conversation.
const AT_ONCE: usize = 16;
const MOST: usize = 256;
const BYTES: usize = 4 << 20;

/// Moves webhooks to peers.
#[derive(Debug)]
pub struct Evacuation {
    peer: Peer,
    metrics: Metrics,
    /// The last of those that peers refuse for good (a secret was rotated): up to it, what is left stays for Postgres.
    kept: Mutex<Option<RecordId>>,
}

/// What a peer said to one webhook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Said {
    /// It has it.
    Taken,
    /// It will never take it.
    Never(StatusCode),
    /// It cannot now, or nobody answered.
    NotNow,
}

impl Evacuation {
    /// To this peer.
    pub fn new(peer: Peer, metrics: Metrics) -> Self {
        Self {
            peer,
            metrics,
            kept: Mutex::default(),
        }
    }

    /// Whether it is time: at once when leaving.
    pub(super) fn is_due(&self, ill_for: Duration, leaving: bool) -> bool {
        leaving || ill_for >= PATIENCE
    }

    /// Posts what is there until a peer refuses or nothing is left that one might take.
    pub(super) async fn round(&self, backlog: &Backlog) {
        loop {
            let after = *self.kept();
            let records = match backlog.spool.read(after, MOST, BYTES).await {
                Ok(records) if !records.is_empty() => records,
                Ok(_) if after.is_some() => return backlog.is_refused_by_peers(),
                Ok(_) => return,
                Err(error) => {
                    tracing::error!(%error, "the spool cannot be read");
                    return;
                }
            };
            for group in groups(records) {
                if !self.post(backlog, &group).await {
                    return;
                }
            }
        }
    }

    fn kept(&self) -> MutexGuard<'_, Option<RecordId>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Posts webhooks of different conversations side by side; whether it is worth going on.
    async fn post(&self, backlog: &Backlog, group: &[(RecordId, SpooledWebhook)]) -> bool {
        let said = join_all(group.iter().map(|(_, webhook)| self.peer.post(webhook))).await;
        let mut go_on = true;
        for ((id, webhook), status) in group.iter().zip(said) {
            match judge(status) {
                Said::Taken => {
                    backlog.spool.remove(&[*id]);
                    self.metrics.spool_evacuated(webhook.events.into());
                }
                Said::Never(status) => {
                    tracing::warn!(%status, trace = %webhook.trace, "a peer refuses a spooled webhook; it is kept for Postgres");
                    self.metrics.spool_rejected();
                    // Behind one that is to be posted again, it will be met again.
                    if go_on {
                        *self.kept() = Some(*id);
                    }
                }
                Said::NotNow => go_on = false,
            }
        }
        backlog.knock();
        go_on
    }
}

/// What a status means; `None` is no answer.
fn judge(status: Option<StatusCode>) -> Said {
    match status {
        Some(StatusCode::OK) => Said::Taken,
        Some(status) if status.is_client_error() && status != StatusCode::REQUEST_TIMEOUT => {
            Said::Never(status)
        }
        _ => Said::NotNow,
    }
}

/// Cuts records, in order, into groups in which no conversation is twice.
fn groups(records: Vec<(RecordId, Record)>) -> Vec<Vec<(RecordId, SpooledWebhook)>> {
    let mut groups: Vec<Vec<_>> = Vec::new();
    let mut lanes: HashSet<String> = HashSet::new();
    for (id, record) in records {
        let Record::Webhook(webhook) = record else {
            continue;
        };
        let own: HashSet<String> = arrivals(&webhook)
            .filter_map(|arrival| arrival.event()?.lane.clone())
            .collect();
        let full = groups.last().is_none_or(|group| group.len() >= AT_ONCE);
        if full || !lanes.is_disjoint(&own) {
            groups.push(Vec::new());
            lanes.clear();
        }
        lanes.extend(own);
        if let Some(group) = groups.last_mut() {
            group.push((id, webhook));
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_200_takes_a_webhook_off_the_spool_and_only_a_plain_no_keeps_it_for_good() {
        let table = [
            (Some(200), Said::Taken),
            (Some(401), Said::Never(StatusCode::UNAUTHORIZED)),
            (Some(404), Said::Never(StatusCode::NOT_FOUND)),
            (Some(413), Said::Never(StatusCode::PAYLOAD_TOO_LARGE)),
            (Some(408), Said::NotNow),
            (Some(302), Said::NotNow),
            (Some(503), Said::NotNow),
            (None, Said::NotNow),
        ];
        for (status, said) in table {
            let status = status.map(|code| StatusCode::from_u16(code).expect("a status"));
            assert_eq!(judge(status), said, "{status:?}");
        }
    }
}
