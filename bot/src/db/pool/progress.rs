//! What a pool has done since the process began: whoever compares two reports sees whether it still moves.

use std::sync::atomic::{AtomicU64, Ordering};

#[derive(Debug, Default)]
pub(super) struct Counters {
    acquired: AtomicU64,
    refused: AtomicU64,
    opened: AtomicU64,
    not_opened: AtomicU64,
    closed: AtomicU64,
    statements: AtomicU64,
    cut: AtomicU64,
}

/// Counts since the process began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Links lent.
    pub acquired: u64,
    /// Callers who got none in time.
    pub refused: u64,
    /// Sessions opened.
    pub opened: u64,
    /// Sessions that could not be opened.
    pub not_opened: u64,
    /// Sessions closed, by whomever.
    pub closed: u64,
    /// Statements that Postgres answered.
    pub statements: u64,
    /// Statements that a replacement of the pool cut off.
    pub cut: u64,
}

fn one(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

impl Counters {
    pub(super) fn acquired(&self, well: bool) {
        one(if well { &self.acquired } else { &self.refused });
    }

    pub(super) fn opened(&self, well: bool) {
        one(if well { &self.opened } else { &self.not_opened });
    }

    pub(super) fn closed(&self) {
        one(&self.closed);
    }

    pub(super) fn answered(&self) {
        one(&self.statements);
    }

    pub(super) fn cut(&self) {
        one(&self.cut);
    }

    pub(super) fn now(&self) -> Progress {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Progress {
            acquired: read(&self.acquired),
            refused: read(&self.refused),
            opened: read(&self.opened),
            not_opened: read(&self.not_opened),
            closed: read(&self.closed),
            statements: read(&self.statements),
            cut: read(&self.cut),
        }
    }
}

impl std::ops::Add for Progress {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            acquired: self.acquired + other.acquired,
            refused: self.refused + other.refused,
            opened: self.opened + other.opened,
            not_opened: self.not_opened + other.not_opened,
            closed: self.closed + other.closed,
            statements: self.statements + other.statements,
            cut: self.cut + other.cut,
        }
    }
}
