//! Whether a spool takes more, and why not. Pure.

use std::io;
use std::time::{Duration, Instant};

/// Why a record was not kept. It may be on disk all the same, which is harmless: its key is known by then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotKept {
    /// The bound is reached, of the spool or of what waits to be written, or the disk is full.
    #[error("the spool is full")]
    Full,
    /// The disk cannot be written.
    #[error("the spool's disk is failing")]
    Failing,
    /// The spool was closed.
    #[error("the spool is closed")]
    Stopped,
    /// Larger than a record, or the whole spool, may be.
    #[error("too large for the spool")]
    TooLarge,
}

impl NotKept {
    /// In a word, for logs and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Failing => "failing",
            Self::Stopped => "stopped",
            Self::TooLarge => "too_large",
        }
    }
}

/// Whether records are taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// They are.
    Open,
    /// Not until space is freed.
    Full,
    /// The last write or fsync failed, with this; it is tried again with the next append, and each second.
    Failing(String),
    /// A write or fsync has lasted for more than a second, since then.
    Hung(Instant),
}

/// A disk that takes longer than this for one write is told as hung.
const HUNG: Duration = Duration::from_secs(1);
/// A failing disk is tried at most this often.
const RETRY: Duration = Duration::from_millis(250);
/// When nobody appends, the writer itself tries it so long after that.
const PROBE: Duration = Duration::from_millis(750);

/// What is wrong, until something can be written.
#[derive(Clone, Debug)]
pub(super) enum Trouble {
    /// Our own bound.
    Bound,
    /// What the disk said.
    Disk {
        full: bool,
        text: String,
        /// Appends before that are refused without trying.
        retry_at: Instant,
    },
}

impl Trouble {
    pub(super) fn of(what: &str, error: &io::Error, now: Instant) -> Self {
        let full = matches!(
            error.kind(),
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
        );
        Self::Disk {
            full,
            text: format!("{what}: {error}"),
            retry_at: now + RETRY,
        }
    }

    pub(super) const fn not_kept(&self) -> NotKept {
        match self {
            Self::Bound | Self::Disk { full: true, .. } => NotKept::Full,
            Self::Disk { full: false, .. } => NotKept::Failing,
        }
    }

    /// What an append is told without trying.
    pub(super) fn refuses(&self, now: Instant) -> Option<NotKept> {
        match self {
            Self::Disk { retry_at, .. } if now < *retry_at => Some(self.not_kept()),
            Self::Disk { .. } | Self::Bound => None,
        }
    }

    /// When the disk is tried without an append: who is told that nothing is taken may send nothing any more.
    pub(super) fn probe_at(&self) -> Option<Instant> {
        match self {
            Self::Disk { retry_at, .. } => Some(*retry_at + PROBE),
            Self::Bound => None,
        }
    }
}

/// The state of a spool whose writer has been at one write since `busy`.
pub(super) fn state(busy: Option<Instant>, trouble: Option<&Trouble>, now: Instant) -> State {
    match (busy, trouble) {
        (Some(since), _) if now.saturating_duration_since(since) > HUNG => State::Hung(since),
        (_, None) => State::Open,
        (
            _,
            Some(Trouble::Disk {
                full: false, text, ..
            }),
        ) => State::Failing(text.clone()),
        (_, Some(_)) => State::Full,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_state_follows_from_the_writer_and_its_last_error() {
        let start = Instant::now();
        let disk = |kind| Trouble::of("fsync", &io::Error::from(kind), start);
        let failing = disk(io::ErrorKind::ReadOnlyFilesystem);
        let text = "fsync: read-only filesystem or storage medium".to_owned();
        let full = disk(io::ErrorKind::StorageFull);
        let quota = disk(io::ErrorKind::QuotaExceeded);
        let second = Duration::from_secs(1);
        let later = start + second + Duration::from_millis(1);
        for (busy, trouble, now, expected) in [
            (None, None, later, State::Open),
            (Some(start), None, start + second, State::Open),
            (Some(start), None, later, State::Hung(start)),
            (Some(start), Some(&full), later, State::Hung(start)),
            (None, Some(&Trouble::Bound), start, State::Full),
            (None, Some(&full), start, State::Full),
            (None, Some(&quota), start, State::Full),
            (None, Some(&failing), start, State::Failing(text)),
        ] {
            assert_eq!(state(busy, trouble, now), expected);
        }
        for (trouble, told) in [(&full, NotKept::Full), (&failing, NotKept::Failing)] {
            assert_eq!(trouble.refuses(start), Some(told));
            assert_eq!(trouble.refuses(start + RETRY), None);
        }
        assert_eq!(Trouble::Bound.refuses(start), None);
    }
}
