//! The roll of all sessions of the process, in whatever place they are: what is known of each, and how it stands.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sabai_wire::fault::Fault;
use sabai_wire::link::{Cutter, Link, SessionFacts};
use tokio::time::Instant;

use super::pool::Why;
use super::shape::Duty;

/// How a session stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stand {
    /// Open and waiting for a user.
    Idle,
    /// Lent.
    Busy,
    /// Said goodbye; the end has not been seen.
    Closing,
    /// The same for so long that the server is asked about it.
    Outlived,
}

impl Stand {
    /// Its name in reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Idle => "Idle",
            Self::Busy => "Busy",
            Self::Closing => "Closing",
            Self::Outlived => "Outlived",
        }
    }
}

/// One session.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its number in this process.
    pub id: u64,
    /// What is known from its first moment.
    pub facts: Arc<SessionFacts>,
    /// What it is for.
    pub duty: Duty,
    /// How it stands.
    pub stand: Stand,
    /// Since when.
    pub since: Instant,
    /// How often it was lent.
    pub lent: u64,
    cutter: Cutter,
}

/// All sessions. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Roll(Arc<Mutex<Inner>>);

#[derive(Debug, Default)]
struct Inner {
    entries: BTreeMap<u64, Entry>,
    last: u64,
}

impl Roll {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Enters a session that was opened; gives its number.
    pub(super) fn enter(&self, link: &Link, duty: Duty) -> u64 {
        let mut inner = self.inner();
        inner.last += 1;
        let id = inner.last;
        let entry = Entry {
            id,
            facts: Arc::new(link.facts().clone()),
            duty,
            stand: Stand::Busy,
            since: Instant::now(),
            lent: 0,
            cutter: link.cutter(),
        };
        inner.entries.insert(id, entry);
        id
    }

    /// It stands otherwise from now on.
    pub(super) fn stands(&self, id: u64, stand: Stand) {
        if let Some(entry) = self.inner().entries.get_mut(&id)
            && entry.stand != stand
        {
            entry.lent += u64::from(stand == Stand::Busy);
            entry.stand = stand;
            entry.since = Instant::now();
        }
    }

    /// What it is for, while it is on the roll.
    pub(super) fn duty(&self, id: u64) -> Option<Duty> {
        self.inner().entries.get(&id).map(|entry| entry.duty)
    }

    /// It goes from one user to the next.
    pub(super) fn lent_again(&self, id: u64) {
        if let Some(entry) = self.inner().entries.get_mut(&id) {
            entry.lent += 1;
            entry.since = Instant::now();
        }
    }

    /// It takes another place.
    pub(super) fn serves(&self, id: u64, duty: Duty) {
        if let Some(entry) = self.inner().entries.get_mut(&id) {
            entry.duty = duty;
        }
    }

    /// It has ended, or is given up.
    pub(super) fn leaves(&self, id: u64, why: Why) {
        let Some(entry) = self.inner().entries.remove(&id) else {
            return;
        };
        tracing::debug!(
            pid = entry.facts.backend_pid,
            generation = entry.facts.generation,
            duty = entry.duty.as_str(),
            age_s = entry.facts.opened.elapsed().as_secs(),
            lent = entry.lent,
            by = why.by(),
            why = why.as_str(),
            "a session ended"
        );
    }

    /// Cuts every session of `duty` that is older than `generation` and in somebody's hands; how many. One that still
    /// stands as idle is on its way there.
    pub(super) fn cut_busy(&self, duty: Duty, generation: u64, fault: Fault) -> usize {
        let inner = self.inner();
        let busy = inner.entries.values().filter(|entry| {
            entry.duty == duty
                && matches!(entry.stand, Stand::Busy | Stand::Idle)
                && entry.facts.generation < generation
        });
        busy.map(|entry| entry.cutter.cut(fault)).count()
    }

    /// All of them, the oldest first.
    pub fn entries(&self) -> Vec<Entry> {
        self.inner().entries.values().cloned().collect()
    }

    /// Counts those for which `is` holds.
    pub fn count(&self, is: impl Fn(&Entry) -> bool) -> usize {
        self.inner()
            .entries
            .values()
            .filter(|entry| is(entry))
            .count()
    }
}
