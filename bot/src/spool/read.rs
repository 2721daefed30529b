//! Reading back, in order, and setting aside what cannot be read or is not wanted. Blocking.

use std::fs::File;
use std::io;
use std::ops::Range;

use bytes::Bytes;

use super::frame::Header;
use super::open::tell;
use super::record::{Record, RecordId};
use super::rejected::What;
use super::scan::{Scanner, Step};
use super::segment::{Front, Loss};
use super::shared::{Shared, View};

/// What was read so far, and how much may be.
struct Batch {
    records: Vec<(RecordId, Record)>,
    bytes: u64,
    most: usize,
    most_bytes: u64,
}

impl Batch {
    fn has_room(&self, header: &Header) -> bool {
        let fits =
            self.records.len() < self.most && self.bytes + header.frame_len() <= self.most_bytes;
        self.records.is_empty() || fits
    }

    fn push(&mut self, header: &Header, record: Record) {
        self.bytes += header.frame_len();
        self.records.push((header.id(), record));
    }
}

pub(super) fn read(
    shared: &Shared,
    after: Option<RecordId>,
    most: usize,
    most_bytes: usize,
) -> io::Result<Vec<(RecordId, Record)>> {
    let mut batch = Batch {
        records: Vec::new(),
        bytes: 0,
        most,
        most_bytes: most_bytes as u64,
    };
    let mut number = after.map_or(0, |after| after.segment);
    while let Some(view) = shared.view(number) {
        number = view.number + 1;
        let file = match open(shared, view.number) {
            Ok(Some(file)) => file,
            Ok(None) => continue,
            Err(error) if is_of_the_process(&error) => return Err(error),
            Err(error) => {
                give_up(shared, &view, view.front.ordinal, &error);
                continue;
            }
        };
        let mut reading = Reading::new(shared, &view, after, file)?;
        match reading.run(&mut batch) {
            Ok(Full::Yes) => break,
            Ok(Full::No) => {}
            Err(error) => give_up(shared, &view, reading.expected, &error),
        }
    }
    Ok(batch.records)
}

pub(super) fn set_aside(shared: &Shared, id: RecordId, why: &str) -> io::Result<()> {
    if shared.is_removed(id) {
        return Ok(());
    }
    let Some(mut file) = open(shared, id.segment)? else {
        return Ok(());
    };
    let kept = frame_at(&mut file, id).and_then(|range| {
        let kept = shared.rejected.keep(&mut file, range.clone(), What::Record);
        tell(&shared.path(id.segment), &range, why, &kept);
        kept
    });
    let loss = Loss {
        ordinals: id.ordinal..id.ordinal + 1,
        events: id.events,
        parked: u64::from(kept.is_err()),
        ..Loss::default()
    };
    shared.lose(id.segment, loss);
    kept.map(drop)
}

fn frame_at(file: &mut File, id: RecordId) -> io::Result<Range<u64>> {
    let end = file.metadata()?.len();
    let mut scanner = Scanner::new(file, id.segment, u64::from(id.offset), end)?;
    Ok(match scanner.step()? {
        Step::Header(header) => header.start()..header.end(),
        Step::Damaged(range) | Step::Torn(range) => range,
        Step::End => return Err(io::ErrorKind::UnexpectedEof.into()),
    })
}

/// `None`: it was deleted, since all in it were removed meanwhile, or by somebody else.
fn open(shared: &Shared, number: u64) -> io::Result<Option<File>> {
    let path = shared.path(number);
    match File::open(&path) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            if shared.forget(number) {
                tracing::error!(
                    "spool: {} has vanished, with records that are nowhere else",
                    path.display()
                );
            }
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// The disk does not give the rest of the segment: it must not stand before the others.
fn give_up(shared: &Shared, view: &View, from: u32, error: &io::Error) {
    let ordinals = from..view.count;
    let left = ordinals.clone().filter(|one| !view.removed.contains(*one));
    let left = left.count();
    let path = shared.path(view.number);
    tracing::error!(%error, records = left, "spool: the rest of {} cannot be read; it is left as it is, and tried again at the next start", path.display());
    let parked = left as u64;
    shared.lose(
        view.number,
        Loss {
            ordinals,
            parked,
            ..Loss::default()
        },
    );
}

/// Whether it says nothing about the file: no descriptor or no memory is left just now.
fn is_of_the_process(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::OutOfMemory
        || matches!(error.raw_os_error(), Some(ENFILE | EMFILE))
}

/// Numbers of errors that std has no kind for, the same on every Unix (POSIX, errno.h).
const ENFILE: i32 = 23;
const EMFILE: i32 = 24;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Full {
    Yes,
    No,
}

/// One segment being read.
struct Reading<'a> {
    shared: &'a Shared,
    view: &'a View,
    after: Option<RecordId>,
    scanner: Scanner<File>,
    /// To copy damage from.
    source: File,
    /// The ordinal that the next record should have.
    expected: u32,
    /// All before were removed.
    at_front: bool,
}

impl<'a> Reading<'a> {
    fn new(
        shared: &'a Shared,
        view: &'a View,
        after: Option<RecordId>,
        file: File,
    ) -> io::Result<Self> {
        let front = view.front;
        let after = after.filter(|after| after.segment == view.number);
        let start = after
            .map(|after| Front {
                offset: u64::from(after.offset),
                ordinal: after.ordinal,
            })
            .filter(|after| after.offset > front.offset)
            .unwrap_or(front);
        let source = File::open(shared.path(view.number))?;
        Ok(Self {
            shared,
            view,
            after,
            scanner: Scanner::new(file, view.number, start.offset, view.end)?,
            source,
            expected: start.ordinal,
            at_front: start == front,
        })
    }

    fn run(&mut self, batch: &mut Batch) -> io::Result<Full> {
        loop {
            match self.scanner.step()? {
                Step::Header(header) => {
                    self.expect(header.ordinal);
                    if self.is_passed(&header) {
                        self.scanner.skip(&header)?;
                    } else if !batch.has_room(&header) {
                        return Ok(Full::Yes);
                    } else {
                        self.load(&header, batch)?;
                    }
                    self.expected = header.ordinal + 1;
                }
                Step::Damaged(range) | Step::Torn(range) => self.damaged(range),
                Step::End => {
                    self.expect(self.view.count);
                    return Ok(Full::No);
                }
            }
        }
    }

    /// Whether it was removed or lies before what is asked for.
    fn is_passed(&mut self, header: &Header) -> bool {
        if self.view.removed.contains(header.ordinal) {
            return true;
        }
        if self.at_front {
            self.at_front = false;
            let front = Front {
                offset: header.start(),
                ordinal: header.ordinal,
            };
            self.shared.front(self.view.number, front, header.at);
        }
        self.after.is_some_and(|after| header.id() <= after)
    }

    fn load(&mut self, header: &Header, batch: &mut Batch) -> io::Result<()> {
        let payload = self.scanner.payload(header)?.filter(|_| header.is_known());
        let record = payload.and_then(|payload| {
            Record::decode(header.kind, header.at, header.events, &Bytes::from(payload))
        });
        match record {
            Some(record) => batch.push(header, record),
            None => {
                let parked = self.keep(&(header.start()..header.end()));
                self.lose(Loss {
                    ordinals: header.ordinal..header.ordinal + 1,
                    events: header.events,
                    parked,
                    ..Loss::default()
                });
            }
        }
        Ok(())
    }

    /// Records before `ordinal` that were not met are lost in damage.
    fn expect(&self, ordinal: u32) {
        if self.expected < ordinal {
            self.lose(Loss {
                ordinals: self.expected..ordinal,
                ..Loss::default()
            });
        }
    }

    /// How many records are lost in it is seen behind it.
    fn damaged(&mut self, range: Range<u64>) {
        if !self.view.damaged.contains(&range) {
            let parked = self.keep(&range);
            self.lose(Loss {
                damaged: Some(range),
                parked,
                ..Loss::default()
            });
        }
    }

    /// Keeps the bytes in `rejected/`. Says how many places could not be kept.
    fn keep(&mut self, range: &Range<u64>) -> u64 {
        let kept = self
            .shared
            .rejected
            .keep(&mut self.source, range.clone(), What::Damaged);
        tell(&self.shared.path(self.view.number), range, "damaged", &kept);
        u64::from(kept.is_err())
    }

    fn lose(&self, loss: Loss) {
        self.shared.lose(self.view.number, loss);
    }
}
