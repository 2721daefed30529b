//! What was appended and is not answered yet: it waits for the writer, or is being written. Bounded. Pure.

use tokio::sync::oneshot;

use super::frame;
use super::record::{Record, RecordId};
use super::state::NotKept;

/// Most records, and bytes, that wait: a disk that hangs must not fill the memory.
const MOST_RECORDS: u64 = 16_384;
const MOST_BYTES: u64 = 32 << 20;

pub(super) type Answer = oneshot::Sender<Result<RecordId, NotKept>>;

/// One record that waits.
#[derive(Debug)]
pub(super) struct Queued {
    pub(super) record: Record,
    pub(super) answer: Answer,
}

/// In the order of their coming.
#[derive(Debug, Default)]
pub(super) struct Queue {
    waiting: Vec<Queued>,
    /// What follows counts until it is answered.
    pub(super) records: u64,
    pub(super) events: u64,
    pub(super) bytes: u64,
    /// When the first came; microseconds since 1970.
    pub(super) oldest: Option<i64>,
}

impl Queue {
    /// Whether nothing waits to be written.
    pub(super) const fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Whether so many bytes more are too much. A single record never is.
    pub(super) const fn is_crowded(&self, bytes: u64) -> bool {
        self.records >= MOST_RECORDS || (self.bytes > 0 && self.bytes + bytes > MOST_BYTES)
    }

    pub(super) fn push(&mut self, queued: Queued) {
        let record = &queued.record;
        self.records += 1;
        self.events += u64::from(record.events());
        self.bytes += frame::len(record);
        self.oldest.get_or_insert(record.at());
        self.waiting.push(queued);
    }

    /// The first ones, `most` bytes of them, at least one if there is one. They count until they are answered.
    pub(super) fn take(&mut self, most: u64) -> Vec<Queued> {
        let mut bytes = 0;
        let first_left = self.waiting.iter().position(|one| {
            bytes += frame::len(&one.record);
            bytes > most
        });
        let rest = match first_left {
            Some(first) => self.waiting.split_off(first.max(1)),
            None => Vec::new(),
        };
        std::mem::replace(&mut self.waiting, rest)
    }

    pub(super) fn answer(
        &mut self,
        group: Vec<Queued>,
        told: impl Fn(usize) -> Result<RecordId, NotKept>,
    ) {
        for (at, Queued { record, answer }) in group.into_iter().enumerate() {
            // Whoever has gone away does not need it.
            let _ = answer.send(told(at));
            self.records -= 1;
            self.events -= u64::from(record.events());
            self.bytes -= frame::len(&record);
        }
        self.oldest = self.waiting.first().map(|one| one.record.at());
    }

    /// Nobody will write any more.
    pub(super) fn give_up(&mut self) {
        let group = std::mem::take(&mut self.waiting);
        self.answer(group, |_| Err(NotKept::Stopped));
        *self = Self::default();
    }
}
