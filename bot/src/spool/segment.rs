//! What is known of a segment in memory: a few numbers, and a bit for each record that was removed. Pure, but for the
//! names of the files.

use std::fs;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::bits::Bits;
use super::frame::Header;
use super::record::RecordId;

/// The ending of a segment's file.
const ENDING: &str = "segment";

/// The file of segment `number`.
pub(super) fn path(folder: &Path, number: u64) -> PathBuf {
    folder.join(format!("{number:016}.{ENDING}"))
}

/// The segments in the folder, in order.
pub(super) fn numbers(folder: &Path) -> io::Result<Vec<u64>> {
    let mut numbers = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let digits = name.to_str().and_then(|name| name.split_once('.'));
        let number = digits.and_then(|(digits, _)| digits.parse::<u64>().ok());
        // Others' files are none of ours.
        numbers.extend(number.filter(|number| path(folder, *number) == entry.path()));
    }
    numbers.sort_unstable();
    Ok(numbers)
}

/// Where the first record stands that was not removed, as far as is known: reading begins there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Front {
    pub(super) offset: u64,
    pub(super) ordinal: u32,
}

/// What is out of the way without having been taken.
#[derive(Clone, Debug, Default)]
pub(super) struct Loss {
    /// The records.
    pub(super) ordinals: Range<u32>,
    /// In each of them, where that is known.
    pub(super) events: u32,
    /// Bytes that are no records.
    pub(super) damaged: Option<Range<u64>>,
    /// How many records or damaged places could not be kept elsewhere.
    pub(super) parked: u64,
}

/// One segment.
#[derive(Clone, Debug, Default)]
pub(super) struct Segment {
    /// What is durable ends here.
    pub(super) end: u64,
    /// Ordinals given so far.
    pub(super) count: u32,
    /// Records that can be read and were not removed.
    pub(super) live: u64,
    /// In them; less exact after damage.
    pub(super) events: u64,
    /// Records, and damaged places, that could not be kept in `rejected/`: the file must stay.
    pub(super) parked: u64,
    pub(super) removed: Bits,
    pub(super) front: Front,
    /// Of the record at the front; microseconds since 1970.
    pub(super) oldest: Option<i64>,
    /// Bytes that are no records, where that is known already.
    pub(super) damaged: Vec<Range<u64>>,
}

impl Segment {
    /// A durable record more.
    pub(super) fn add(&mut self, id: RecordId, at: i64, end: u64) {
        self.end = end;
        self.count = id.ordinal + 1;
        self.live += 1;
        self.events += u64::from(id.events);
        self.oldest.get_or_insert(at);
    }

    /// A record found when the spool is opened. What is missing before it is lost.
    pub(super) fn find(&mut self, header: &Header) {
        for lost in self.count..header.ordinal {
            self.removed.insert(lost);
        }
        self.add(header.id(), header.at, header.end());
    }

    /// Whether it was there.
    pub(super) fn remove(&mut self, ordinal: u32, events: u32) -> bool {
        let there = ordinal < self.count && self.removed.insert(ordinal);
        if there {
            self.live = self.live.saturating_sub(1);
            self.events = self.events.saturating_sub(u64::from(events));
            if self.live == 0 {
                self.events = 0;
            }
        }
        there
    }

    pub(super) fn lose(&mut self, loss: Loss) {
        for ordinal in loss.ordinals {
            self.remove(ordinal, loss.events);
        }
        self.damaged.extend(loss.damaged);
        self.parked += loss.parked;
    }

    /// Its file serves nobody any more.
    pub(super) const fn is_done(&self) -> bool {
        self.live == 0 && self.parked == 0
    }
}
