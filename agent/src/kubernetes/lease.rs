//! Who of a release's agents holds its Lease: pure. A Lease has expired when it was seen not to change for as long as it says,
//! by the clock of whoever looks; the times in it are for people. A holder holds from before it asked, and less long than
//! others wait, so that it has stopped before another begins, even when it stood still.

pub(super) mod account;
#[cfg(test)]
mod tests;
mod times;

use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, OwnerReference};
use tokio::time::Instant;

use crate::config::ClusterConfig;
use account::Account;
pub(super) use times::Times;

/// What kind of object a release's account is.
const ACCOUNT: &str = "ServiceAccount";

/// What is to be done now.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Turn {
    /// There is no Lease: write this one.
    Create(Box<Lease>),
    /// It is ours: write it anew.
    Renew(Box<Lease>),
    /// Its holder has gone: write it as ours.
    TakeOver(Box<Lease>),
    /// Another holds it: look again then.
    Wait(Instant),
    /// It is another release's: look again then.
    NameInUse(Instant),
}

/// An agent that would hold the Lease.
#[derive(Debug)]
pub(super) struct Candidate {
    config: ClusterConfig,
    times: Times,
    account: Option<Account>,
    /// Another holder's record, and since when it has not changed before our eyes.
    seen: Option<(LeaseSpec, Instant)>,
    until: Option<Instant>,
}

impl Candidate {
    pub(super) fn new(config: ClusterConfig) -> Self {
        Self {
            times: Times::of(config.report_interval),
            config,
            account: None,
            seen: None,
            until: None,
        }
    }

    /// The release's account, once it is known.
    pub(super) fn belongs_to(&mut self, account: Option<Account>) {
        self.account = account;
    }

    /// Until when this agent holds the Lease without another word.
    pub(super) const fn holds_until(&self) -> Option<Instant> {
        self.until
    }

    /// The Lease was looked at. `roll` is 0..=1; `clock` is what people are shown.
    pub(super) fn look(
        &mut self,
        found: Option<&Lease>,
        now: Instant,
        roll: f64,
        clock: &MicroTime,
    ) -> Turn {
        let Some(lease) = found else {
            (self.seen, self.until) = (None, None);
            return Turn::Create(Box::new(self.written(None, clock)));
        };
        let again = now + self.times.renewal(roll);
        if self.is_anothers(lease) {
            (self.seen, self.until) = (None, None);
            return Turn::NameInUse(again);
        }
        let record = lease.spec.clone().unwrap_or_default();
        let holder = record.holder_identity.as_deref().unwrap_or_default();
        if holder == self.identity() {
            self.seen = None;
            return Turn::Renew(Box::new(self.written(Some(lease), clock)));
        }
        self.until = None;
        let given_up = holder.is_empty();
        let lasts = self.times.of_record(record.lease_duration_seconds);
        let since = match self.seen.take() {
            Some((before, since)) if before == record => since,
            _ => now,
        };
        self.seen = Some((record, since));
        let end = since + lasts;
        if given_up || now >= end {
            Turn::TakeOver(Box::new(self.written(Some(lease), clock)))
        } else {
            Turn::Wait(end.min(again))
        }
    }

    /// The write that was sent at this moment was done. When to renew it is returned.
    pub(super) fn wrote(&mut self, sent: Instant, roll: f64) -> Instant {
        self.seen = None;
        self.until = Some(sent + self.times.hold());
        sent + self.times.renewal(roll)
    }

    /// In one namespace an account's name is one release; made anew it has another uid, and the Lease goes with the old one.
    fn is_anothers(&self, lease: &Lease) -> bool {
        let owners = lease.metadata.owner_references.iter().flatten();
        let owner = owners.into_iter().find(|owner| owner.kind == ACCOUNT);
        let both = self.account.as_ref().zip(owner);
        both.is_some_and(|(ours, owner)| owner.name != ours.name)
    }

    fn identity(&self) -> String {
        format!("{}_{}", self.config.pod, self.config.pod_uid)
    }

    /// The Lease as ours.
    fn written(&self, found: Option<&Lease>, clock: &MicroTime) -> Lease {
        let mut lease = found.cloned().unwrap_or_default();
        if found.is_none() {
            lease.metadata.name = Some(self.config.pool_config.clone());
            lease.metadata.namespace = Some(self.config.namespace.clone());
        }
        if let Some(account) = &self.account {
            let owners = lease.metadata.owner_references.get_or_insert_default();
            owners.retain(|owner| owner.kind != ACCOUNT);
            owners.push(OwnerReference {
                api_version: "v1".to_owned(),
                kind: ACCOUNT.to_owned(),
                name: account.name.clone(),
                uid: account.uid.clone(),
                ..OwnerReference::default()
            });
        }
        let spec = lease.spec.get_or_insert_default();
        let identity = Some(self.identity());
        if spec.holder_identity != identity {
            let before = spec.lease_transitions;
            let others = before.map_or(0, |count| count.saturating_add(1));
            spec.lease_transitions = Some(others);
            spec.holder_identity = identity;
            spec.acquire_time = Some(clock.clone());
        }
        spec.lease_duration_seconds = Some(self.times.seconds());
        spec.renew_time = Some(clock.clone());
        lease
    }
}
