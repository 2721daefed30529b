//! What the callers, the readers and the writer share: the queue, the index, and what is wrong. One lock, never held
//! over an operation on the disk.

use std::ops::Range;
use std::path::PathBuf;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::sync::watch;

use super::Options;
use super::bits::Bits;
use super::frame::{self, MOST_PAYLOAD};
use super::index::{Depth, Index};
use super::open::Found;
use super::queue::{Answer, Queue, Queued};
use super::record::{Record, RecordId, time};
use super::rejected::Rejected;
use super::segment::{self, Front, Loss};
use super::state::{NotKept, State, Trouble, state};

/// Offsets in a segment are 32 bits.
const MOST_SEGMENT: u64 = 1 << 30;

#[derive(Debug)]
pub(super) struct Shared {
    pub(super) options: Options,
    pub(super) rejected: Rejected,
    inner: Mutex<Inner>,
    /// Something waits for the writer.
    wake: Condvar,
    ended: watch::Sender<bool>,
}

#[derive(Debug, Default)]
struct Inner {
    queue: Queue,
    index: Index,
    /// Segments whose files are to be deleted.
    done: Vec<u64>,
    /// The segment that is written to.
    active: Option<u64>,
    /// Since when the writer has been at one group.
    busy: Option<Instant>,
    /// It is writing to the active segment, or will in a moment.
    writing: bool,
    trouble: Option<Trouble>,
    stopping: bool,
}

/// What the writer is to do.
#[derive(Debug)]
pub(super) enum Task {
    /// Write these, in the order of their coming; delete those.
    Work {
        group: Vec<Queued>,
        done: Vec<u64>,
        /// The segment to go on with, if any.
        active: Option<u64>,
        /// The last group failed.
        failing: bool,
    },
    /// See whether the disk takes something again.
    Probe,
    End,
}

/// What reading needs to know of a segment.
#[derive(Debug)]
pub(super) struct View {
    pub(super) number: u64,
    pub(super) end: u64,
    pub(super) count: u32,
    pub(super) front: Front,
    pub(super) removed: Bits,
    pub(super) damaged: Vec<Range<u64>>,
}

impl Shared {
    pub(super) fn new(mut options: Options, found: Found) -> Self {
        options.segment_bytes = options.segment_bytes.min(MOST_SEGMENT);
        let inner = Inner {
            index: found.index,
            ..Inner::default()
        };
        Self {
            options,
            rejected: found.rejected,
            inner: Mutex::new(inner),
            wake: Condvar::new(),
            ended: watch::Sender::new(false),
        }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn path(&self, number: u64) -> PathBuf {
        segment::path(&self.options.folder, number)
    }

    pub(super) fn append(&self, record: Record, answer: Answer) {
        let mut inner = self.inner();
        if let Some(refusal) = inner.refusal(&record, self.options.max_bytes) {
            // Nobody listens: nobody needs to know.
            let _ = answer.send(Err(refusal));
            return;
        }
        inner.queue.push(Queued { record, answer });
        drop(inner);
        self.wake.notify_one();
    }

    pub(super) fn remove(&self, ids: &[RecordId]) {
        let mut inner = self.inner();
        for id in ids {
            inner
                .index
                .change(id.segment, |segment| segment.remove(id.ordinal, id.events));
            inner.retire(id.segment);
        }
        drop(inner);
        self.wake.notify_one();
    }

    /// Something of a segment is out of the way.
    pub(super) fn lose(&self, number: u64, loss: Loss) {
        let mut inner = self.inner();
        inner.index.change(number, |segment| segment.lose(loss));
        inner.retire(number);
        drop(inner);
        self.wake.notify_one();
    }

    /// Its file is not there any more.
    pub(super) fn forget(&self, number: u64) -> bool {
        let mut inner = self.inner();
        let known = inner.index.get(number).is_some();
        inner.index.take(number);
        known
    }

    /// The first record that was not removed stands there.
    pub(super) fn front(&self, number: u64, front: Front, at: i64) {
        self.inner().index.change(number, |segment| {
            if front.offset >= segment.front.offset {
                segment.front = front;
                segment.oldest = Some(at);
            }
        });
    }

    /// The first segment from `number` on that holds something.
    pub(super) fn view(&self, mut number: u64) -> Option<View> {
        let inner = self.inner();
        loop {
            let (found, segment) = inner.index.from(number)?;
            if segment.live > 0 {
                return Some(View {
                    number: found,
                    end: segment.end,
                    count: segment.count,
                    front: segment.front,
                    removed: segment.removed.clone(),
                    damaged: segment.damaged.clone(),
                });
            }
            number = found + 1;
        }
    }

    pub(super) fn is_removed(&self, id: RecordId) -> bool {
        let inner = self.inner();
        inner
            .index
            .get(id.segment)
            .is_none_or(|segment| segment.removed.contains(id.ordinal))
    }

    pub(super) fn depth(&self) -> Depth {
        let inner = self.inner();
        let mut depth = inner.index.depth();
        depth.records += inner.queue.records;
        depth.queued = inner.queue.records;
        depth.events += inner.queue.events;
        depth.oldest = depth.oldest.or(inner.queue.oldest.map(time));
        depth.rejected += self.rejected.files();
        depth
    }

    pub(super) fn state(&self, now: Instant) -> State {
        if *self.ended.borrow() {
            return State::Failing("its writer has ended".to_owned());
        }
        let inner = self.inner();
        state(inner.busy, inner.trouble.as_ref(), now)
    }

    #[cfg(test)]
    pub(super) fn is_busy(&self) -> bool {
        self.inner().busy.is_some()
    }

    pub(super) fn stop(&self) {
        self.inner().stopping = true;
        self.wake.notify_one();
    }

    pub(super) async fn ended(&self) {
        // The sender is ours, so it cannot be gone.
        let _ = self.ended.subscribe().wait_for(|ended| *ended).await;
    }

    // What follows is the writer's.

    /// Waits for something to do. Takes everything that waits, at most `most` bytes.
    pub(super) fn task(&self, most: u64) -> Task {
        let mut inner = self.inner();
        inner.busy = None;
        loop {
            if !inner.queue.is_empty() || !inner.done.is_empty() {
                break;
            }
            if inner.stopping {
                return Task::End;
            }
            let Some(at) = inner.trouble.as_ref().and_then(Trouble::probe_at) else {
                inner = self
                    .wake
                    .wait(inner)
                    .unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            let left = at.saturating_duration_since(Instant::now());
            if left.is_zero() {
                inner.busy = Some(Instant::now());
                return Task::Probe;
            }
            (inner, _) = self
                .wake
                .wait_timeout(inner, left)
                .unwrap_or_else(PoisonError::into_inner);
        }
        inner.busy = Some(Instant::now());
        let group = inner.queue.take(most);
        inner.writing = !group.is_empty();
        Task::Work {
            group,
            done: std::mem::take(&mut inner.done),
            active: inner.active,
            failing: matches!(inner.trouble, Some(Trouble::Disk { .. })),
        }
    }

    pub(super) fn next_number(&self) -> u64 {
        self.inner().index.next()
    }

    /// The group is durable in segment `number`, which is still the active one if it `goes_on`.
    pub(super) fn kept(&self, number: u64, goes_on: bool, group: Vec<Queued>, ids: &[RecordId]) {
        let mut inner = self.inner();
        inner.writing = false;
        inner.index.put(number, |segment| {
            for (one, id) in group.iter().zip(ids) {
                let end = u64::from(id.offset) + frame::len(&one.record);
                segment.add(*id, one.record.at(), end);
            }
        });
        inner.active = goes_on.then_some(number);
        self.heal(&mut inner);
        // In the lock, so that the depth is never empty while a ticket is open.
        inner.queue.answer(group, |at| Ok(ids[at]));
    }

    /// The disk was tried without a record.
    pub(super) fn probed(&self, told: Result<(), Trouble>) {
        let mut inner = self.inner();
        match told {
            Ok(()) => self.heal(&mut inner),
            Err(trouble) => inner.trouble = Some(trouble),
        }
    }

    fn heal(&self, inner: &mut Inner) {
        if let Some(trouble) = inner.trouble.take()
            && matches!(trouble, Trouble::Disk { .. })
        {
            tracing::info!(spool = %self.options.folder.display(), "the spool's disk takes records again");
        }
    }

    /// The group was not kept.
    pub(super) fn refused(&self, group: Vec<Queued>, trouble: Trouble) {
        let mut inner = self.inner();
        inner.writing = false;
        let refusal = trouble.not_kept();
        if !matches!(inner.trouble, Some(Trouble::Disk { .. })) {
            let told = state(None, Some(&trouble), Instant::now());
            tracing::error!(spool = %self.options.folder.display(), state = ?told, "the spool cannot keep records");
        }
        inner.trouble = Some(trouble);
        // In the lock, so that the depth is never empty while a ticket is open.
        inner.queue.answer(group, |_| Err(refusal));
    }

    /// Nothing more is written to this segment. Says whether it holds nothing.
    pub(super) fn seal(&self, number: u64) {
        let mut inner = self.inner();
        inner.active = None;
        if inner.index.get(number).is_none() {
            inner.done.push(number);
        }
        inner.retire(number);
    }

    /// The writer has gone: nobody waits for it any more.
    pub(super) fn end(&self) {
        let mut inner = self.inner();
        inner.stopping = true;
        inner.busy = None;
        inner.queue.give_up();
        self.ended.send_replace(true);
    }
}

impl Inner {
    fn refusal(&mut self, record: &Record, max_bytes: u64) -> Option<NotKept> {
        if self.stopping {
            return Some(NotKept::Stopped);
        }
        let bytes = frame::len(record);
        if record.payload_len() > MOST_PAYLOAD || bytes > max_bytes {
            return Some(NotKept::TooLarge);
        }
        let trouble = self.trouble.as_ref();
        if let Some(refusal) = trouble.and_then(|trouble| trouble.refuses(Instant::now())) {
            return Some(refusal);
        }
        let total = self.index.bytes() + self.queue.bytes + bytes;
        if self.queue.is_crowded(bytes) || total > max_bytes {
            self.trouble.get_or_insert(Trouble::Bound);
            return Some(NotKept::Full);
        }
        None
    }

    /// Lets a segment go that serves nobody. Not the one that the writer is at: it may just get a record.
    fn retire(&mut self, number: u64) {
        let is_active = self.active == Some(number);
        let is_done = self
            .index
            .get(number)
            .is_some_and(|segment| segment.is_done());
        if !is_done || (is_active && self.writing) {
            return;
        }
        self.index.take(number);
        self.done.push(number);
        if is_active {
            self.active = None;
        }
        // There is room again, and the disk may have some too.
        let full = self.trouble.as_ref().map(Trouble::not_kept);
        if full == Some(NotKept::Full) {
            self.trouble = None;
        }
    }
}
