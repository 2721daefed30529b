//! All segments, and what they hold together. Pure.

use std::collections::BTreeMap;
use std::time::SystemTime;

use super::record::time;
use super::segment::Segment;

/// How much there is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Depth {
    /// Records, queued ones included.
    pub records: u64,
    /// Of them those that wait for the disk: nobody was told yet that they are kept.
    pub queued: u64,
    /// Events in all of them; an outcome is one.
    pub events: u64,
    /// On disk, in segments that hold something.
    pub bytes: u64,
    /// When the oldest came, as far as the last reading has seen.
    pub oldest: Option<SystemTime>,
    /// Files in `rejected/`, and what could not be kept there and stays in its segment.
    pub rejected: u64,
}

impl Depth {
    /// Whether nothing waits: no record, and no ticket is open.
    pub const fn is_empty(&self) -> bool {
        self.records == 0
    }
}

/// The segments by number.
#[derive(Debug, Default)]
pub(super) struct Index {
    segments: BTreeMap<u64, Segment>,
    /// Of all of them.
    bytes: u64,
    /// The highest number given.
    last: u64,
}

impl Index {
    /// Changes a segment that is there; `None` when it is not.
    pub(super) fn change<T>(
        &mut self,
        number: u64,
        change: impl FnOnce(&mut Segment) -> T,
    ) -> Option<T> {
        let segment = self.segments.get_mut(&number)?;
        let before = segment.end;
        let told = change(segment);
        self.bytes = self.bytes - before + segment.end;
        Some(told)
    }

    /// As [`Self::change`]; makes the segment when it is not there.
    pub(super) fn put<T>(
        &mut self,
        number: u64,
        change: impl FnOnce(&mut Segment) -> T,
    ) -> Option<T> {
        self.segments.entry(number).or_default();
        self.change(number, change)
    }

    /// There is, or was, a segment of this number.
    pub(super) fn begin_after(&mut self, number: u64) {
        self.last = self.last.max(number);
    }

    /// The number of a new segment.
    pub(super) fn next(&mut self) -> u64 {
        self.last += 1;
        self.last
    }

    pub(super) fn take(&mut self, number: u64) {
        if let Some(segment) = self.segments.remove(&number) {
            self.bytes -= segment.end;
        }
    }

    pub(super) fn get(&self, number: u64) -> Option<&Segment> {
        self.segments.get(&number)
    }

    /// The first segment from `number` on.
    pub(super) fn from(&self, number: u64) -> Option<(u64, &Segment)> {
        let (number, segment) = self.segments.range(number..).next()?;
        Some((*number, segment))
    }

    pub(super) const fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(super) fn depth(&self) -> Depth {
        let mut depth = Depth::default();
        for segment in self.segments.values() {
            depth.records += segment.live;
            depth.events += segment.events;
            depth.rejected += segment.parked;
            if segment.live > 0 && depth.oldest.is_none() {
                depth.oldest = segment.oldest.map(time);
            }
        }
        depth.bytes = self.bytes;
        depth
    }
}
