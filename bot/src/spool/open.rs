//! Takes stock at the start: each segment is gone through once; a torn tail is cut off, damage set aside.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::Options;
use super::disk;
use super::index::Index;
use super::rejected::{Rejected, What};
use super::scan::{Scanner, Step};
use super::segment::{self, Segment};

/// What was found.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) index: Index,
    pub(super) rejected: Rejected,
}

pub(super) fn open(options: &Options) -> io::Result<Found> {
    let folder = &options.folder;
    disk::folder(folder)?;
    let rejected = Rejected::open(folder, options.max_bytes)?;
    let mut index = Index::default();
    for number in segment::numbers(folder)? {
        let path = segment::path(folder, number);
        index.begin_after(number);
        let found = match stock(&path, number, &rejected) {
            Ok(found) => found,
            Err(error) => {
                tracing::error!(%error, "spool: {} cannot be read; it is left as it is, and tried again at the next start", path.display());
                Segment {
                    parked: 1,
                    end: fs::metadata(&path).map_or(0, |metadata| metadata.len()),
                    ..Segment::default()
                }
            }
        };
        if found.is_done() {
            // It comes again at the next start, as empty as now.
            let _ = fs::remove_file(&path);
        } else {
            index.put(number, |segment| *segment = found);
        }
    }
    Ok(Found { index, rejected })
}

fn stock(path: &Path, number: u64, rejected: &Rejected) -> io::Result<Segment> {
    let mut source = File::open(path)?;
    let end = source.metadata()?.len();
    let mut scanner = Scanner::new(File::open(path)?, number, 0, end)?;
    let mut segment = Segment::default();
    loop {
        let damaged = match scanner.step()? {
            Step::Header(header) if scanner.check(&header)? => {
                segment.find(&header);
                continue;
            }
            Step::Header(header) => header.start()..header.end(),
            Step::Damaged(range) => range,
            Step::Torn(range) => {
                tracing::info!(
                    bytes = range.end - range.start,
                    "spool: {} ends in a record that was never finished; it is cut off",
                    path.display()
                );
                if let Err(error) = cut(path, range.start) {
                    tracing::warn!(%error, "spool: cannot cut {}", path.display());
                }
                break;
            }
            Step::End => break,
        };
        let kept = rejected.keep(&mut source, damaged.clone(), What::Damaged);
        tell(path, &damaged, "damaged", &kept);
        segment.parked += u64::from(kept.is_err());
        segment.end = damaged.end;
        segment.damaged.push(damaged);
    }
    Ok(segment)
}

/// Says once what was set aside, and where it is.
pub(super) fn tell(path: &Path, range: &Range<u64>, why: &str, kept: &io::Result<PathBuf>) {
    let (path, offset, bytes) = (path.display(), range.start, range.end - range.start);
    match kept {
        Ok(kept) => {
            tracing::error!(
                offset,
                bytes,
                why,
                "spool: part of {path} is set aside as {}",
                kept.display()
            );
        }
        Err(error) => {
            tracing::error!(offset, bytes, why, %error, "spool: part of {path} is left out and stays in it");
        }
    }
}

fn cut(path: &Path, length: u64) -> io::Result<()> {
    let file = OpenOptions::new().write(true).open(path)?;
    file.set_len(length)?;
    file.sync_all()
}
