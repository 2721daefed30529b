//! Looking at a spool from outside: read only, without the lock, also while a bot runs. A segment that is deleted
//! meanwhile is no error; what the bot is just writing may look torn.

use std::fs::File;
use std::io;
use std::path::Path;

use bytes::Bytes;

use super::record::Record;
pub use super::rejected::Held;
use super::scan::{Scanner, Step};
use super::{rejected, segment};

/// What a segment holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct SegmentReport {
    /// Its number, the name of its file.
    pub number: u64,
    /// Size of the file.
    pub bytes: u64,
    /// That can be read.
    pub records: u64,
    /// In them.
    pub events: u64,
    /// Places that cannot be read.
    pub damaged_places: u64,
    /// Their size.
    pub damaged_bytes: u64,
    /// At the end, of a record that was not finished, and so never answered for. No damage.
    pub torn_bytes: u64,
}

/// Goes through the spool in `folder`, oldest record first, and gives each record with its size on disk to `visit`.
/// A folder that is not there is an empty spool.
///
/// # Errors
/// What kept it from reading on, or what `visit` returned.
pub fn visit(
    folder: &Path,
    mut visit: impl FnMut(Record, u64) -> io::Result<()>,
) -> io::Result<Vec<SegmentReport>> {
    let numbers = match segment::numbers(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        numbers => numbers?,
    };
    let mut reports = Vec::new();
    for number in numbers {
        match File::open(segment::path(folder, number)) {
            Ok(file) => reports.push(segment(file, number, &mut visit)?),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(reports)
}

/// What was set aside from the spool in `folder`.
///
/// # Errors
/// When the folder is there and cannot be listed.
pub fn rejected(folder: &Path) -> io::Result<Held> {
    rejected::held(folder)
}

fn segment(
    file: File,
    number: u64,
    visit: &mut impl FnMut(Record, u64) -> io::Result<()>,
) -> io::Result<SegmentReport> {
    let bytes = file.metadata()?.len();
    let mut report = SegmentReport {
        number,
        bytes,
        ..SegmentReport::default()
    };
    let mut scanner = Scanner::new(file, number, 0, bytes)?;
    loop {
        let damaged = match scanner.step()? {
            Step::Header(header) => {
                let payload = scanner.payload(&header)?.filter(|_| header.is_known());
                let record = payload.and_then(|payload| {
                    Record::decode(header.kind, header.at, header.events, &Bytes::from(payload))
                });
                if let Some(record) = record {
                    report.records += 1;
                    report.events += u64::from(header.events);
                    visit(record, header.frame_len())?;
                    continue;
                }
                header.start()..header.end()
            }
            Step::Damaged(range) => range,
            Step::Torn(range) => {
                report.torn_bytes = range.end - range.start;
                return Ok(report);
            }
            Step::End => return Ok(report),
        };
        report.damaged_places += 1;
        report.damaged_bytes += damaged.end - damaged.start;
    }
}
