//! The writer: one thread that writes what waits, all of it with one write and one fsync, and deletes what is done.
//!
//! After a write or fsync that failed, the segment is never written or fsynced again: what an fsync reports once, it
//! does not report twice, and the pages it could not write may be gone. The group goes to a new segment, once.

use std::fs;
use std::io;
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use super::disk::{Disk, SegmentFile};
use super::frame;
use super::queue::Queued;
use super::record::RecordId;
use super::shared::{Shared, Task};
use super::state::Trouble;

/// A buffer that was larger is not kept.
const BUFFER: usize = 1 << 20;
/// So many bytes show that the disk takes something: more than most webhooks have.
const PROBE: usize = 16 << 10;

/// Starts the thread. It ends when the spool is stopped and nothing waits.
pub(super) fn start(shared: Arc<Shared>, disk: Box<dyn Disk>) -> io::Result<()> {
    let ending = Ending(Arc::clone(&shared));
    let writer = Writer {
        shared,
        disk,
        active: None,
        buffer: Vec::new(),
    };
    let thread = thread::Builder::new().name("spool".to_owned());
    thread.spawn(move || {
        let _ending = ending;
        writer.run();
    })?;
    Ok(())
}

/// Also when the thread panics, or does not start.
struct Ending(Arc<Shared>);

impl Drop for Ending {
    fn drop(&mut self) {
        self.0.end();
    }
}

struct Writer {
    shared: Arc<Shared>,
    disk: Box<dyn Disk>,
    active: Option<Active>,
    buffer: Vec<u8>,
}

/// The segment that is written to.
struct Active {
    number: u64,
    file: Box<dyn SegmentFile>,
    len: u64,
    count: u32,
}

impl Writer {
    fn run(mut self) {
        loop {
            let room = self.active.as_ref().map_or(0, |active| active.len);
            let most = self.shared.options.segment_bytes.saturating_sub(room);
            let (group, done, active, failing) = match self.shared.task(most) {
                Task::Work {
                    group,
                    done,
                    active,
                    failing,
                } => (group, done, active, failing),
                Task::Probe => {
                    self.probe();
                    continue;
                }
                Task::End => return,
            };
            // All its records were removed, or it is full.
            self.active = self.active.take().filter(|one| Some(one.number) == active);
            for number in done {
                self.delete(number);
            }
            if !group.is_empty() {
                self.commit(group, if failing { 1 } else { 2 });
            }
            self.buffer.clear();
            self.buffer.shrink_to(BUFFER);
        }
    }

    fn commit(&mut self, group: Vec<Queued>, tries: u32) {
        let mut trouble = None;
        for _ in 0..tries {
            match self.write(&group) {
                Ok((number, ids)) => {
                    let most = self.shared.options.segment_bytes;
                    self.active = self.active.take().filter(|active| active.len < most);
                    let goes_on = self.active.is_some();
                    self.shared.kept(number, goes_on, group, &ids);
                    return;
                }
                Err((what, error)) => {
                    trouble = Some(Trouble::of(what, &error, Instant::now()));
                }
            }
        }
        if let Some(trouble) = trouble {
            self.shared.refused(group, trouble);
        }
    }

    /// Writes the group to the active segment, or a new one. One that failed is not the active one any more.
    fn write(
        &mut self,
        group: &[Queued],
    ) -> Result<(u64, Vec<RecordId>), (&'static str, io::Error)> {
        let mut active = match self.active.take() {
            Some(active) => active,
            None => self
                .create()
                .map_err(|error| ("creating a segment", error))?,
        };
        self.buffer.clear();
        let mut ids = Vec::with_capacity(group.len());
        for one in group {
            let offset = active.len + self.buffer.len() as u64;
            // A segment ends far below 4 GiB.
            let offset = u32::try_from(offset).unwrap_or(u32::MAX);
            let id = frame::encode(
                &one.record,
                active.number,
                offset,
                active.count,
                &mut self.buffer,
            );
            active.count += 1;
            ids.push(id);
        }
        let written = active
            .file
            .write_all(&self.buffer)
            .map_err(|error| ("write", error));
        let durable = written.and_then(|()| active.file.sync().map_err(|error| ("fsync", error)));
        let number = active.number;
        match durable {
            Ok(()) => {
                active.len += self.buffer.len() as u64;
                self.active = Some(active);
                Ok((number, ids))
            }
            Err(failed) => {
                drop(active);
                self.shared.seal(number);
                Err(failed)
            }
        }
    }

    /// Writes as much as a record may need, to a segment of its own, and deletes it. Zeros are no record.
    fn probe(&mut self) {
        let tried = self.create().and_then(|mut active| {
            let written = active.file.write_all(&[0; PROBE]);
            let durable = written.and_then(|()| active.file.sync());
            self.delete(active.number);
            durable
        });
        let trouble = |error| Trouble::of("writing", &error, Instant::now());
        self.shared.probed(tried.map_err(trouble));
    }

    fn create(&mut self) -> io::Result<Active> {
        let number = self.shared.next_number();
        let path = self.shared.path(number);
        match self.disk.create(&path) {
            Ok(file) => Ok(Active {
                number,
                file,
                len: 0,
                count: 0,
            }),
            Err(error) => {
                // It may be there all the same, if only its name could not be made durable.
                if error.kind() != io::ErrorKind::AlreadyExists {
                    self.delete(number);
                }
                Err(error)
            }
        }
    }

    fn delete(&self, number: u64) {
        let path = self.shared.path(number);
        match fs::remove_file(&path) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => {
                tracing::warn!(%error, "spool: cannot delete {}; its records come again at the next start, which is harmless", path.display());
            }
        }
    }
}
