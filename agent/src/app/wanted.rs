//! What the bot should hold, and its digest: worked out anew only when what it follows from has changed.

use sabai_wire::settings::PoolSettings;

use crate::canary::Finding;
use crate::orders::Orders;

/// Settings and their digest, and what they follow from.
#[derive(Default)]
pub(super) struct Wanted {
    by: Option<(Orders, Option<Finding>)>,
    settings: Option<PoolSettings>,
    digest: Option<String>,
}

impl Wanted {
    /// These orders are in force, and this is what our own canaries have found.
    pub(super) fn follow(&mut self, orders: &Orders, own: Option<Finding>) {
        let same = |(by, found): &(Orders, Option<Finding>)| by == orders && *found == own;
        if self.by.as_ref().is_some_and(same) {
            return;
        }
        let settings = orders.wanted(own);
        *self = Self {
            digest: settings.as_ref().map(PoolSettings::digest),
            settings,
            by: Some((orders.clone(), own)),
        };
    }

    /// Nobody says so when absent.
    pub(super) fn settings(&self) -> Option<&PoolSettings> {
        self.settings.as_ref()
    }

    pub(super) fn digest(&self) -> Option<&str> {
        self.digest.as_deref()
    }
}
