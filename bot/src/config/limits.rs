//! Bounds of the webhook, of leases, attempts and pushes, each within a range that cannot hurt. Numbers derived from
//! the lease are in `lease.rs`.

use std::time::Duration;

use sabai_daemon::config::{Reader, value};

use super::lease::Lease;
use super::table;

/// How much, how long, how often.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Largest webhook body, in bytes.
    pub body_bytes: usize,
    /// Most webhook connections open at once.
    pub http_connections: usize,
    pub lease: Lease,
    /// Claims of an event before it becomes a dead letter.
    pub max_attempts: u32,
    /// Beyond this age of the event there is no push.
    pub push_max_age: Duration,
    /// Most pushes a month; `None` is no limit of ours.
    pub push_monthly_budget: Option<u64>,
}

pub(super) fn read(reader: &mut Reader<'_>) -> Option<Limits> {
    const MIB: u64 = 1 << 20;
    let seconds = Duration::from_secs;
    let body_bytes = reader.get(&table::SABAI_BODY_LIMIT, |text| {
        value::bytes(text, 1024..=64 * MIB)
    });
    let http_connections = reader.get(&table::SABAI_HTTP_CONNECTIONS, |text| {
        value::number(text, 1..=65_535)
    });
    let lease = reader.get(&table::SABAI_LEASE, |text| {
        value::duration(text, seconds(1)..=seconds(3_600))
    });
    let max_attempts = reader.get(&table::SABAI_MAX_ATTEMPTS, |text| {
        value::number(text, 1..=100)
    });
    let push_max_age = reader.get(&table::SABAI_PUSH_MAX_AGE, |text| {
        value::duration(text, seconds(1)..=seconds(23 * 3_600))
    });
    let push_monthly_budget = reader.get(&table::SABAI_PUSH_MONTHLY_BUDGET, |text| {
        value::number(text, 0..=1_000_000_000)
    });
    Some(Limits {
        body_bytes: usize::try_from(body_bytes?).ok()?,
        http_connections: usize::try_from(http_connections?).ok()?,
        lease: Lease::new(lease?),
        max_attempts: u32::try_from(max_attempts?).ok()?,
        push_max_age: push_max_age?,
        push_monthly_budget,
    })
}
