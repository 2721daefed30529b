//! Goes through a segment frame by frame, in little memory, and finds its way again behind damage.

use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::ops::Range;

use super::frame::{self, HEADER_LEN, Header};

const CHUNK: usize = 64 * 1024;

/// What comes next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// A record: to be loaded, checked or skipped.
    Header(Header),
    /// Bytes that are no record, before the next one or the end.
    Damaged(Range<u64>),
    /// The end is a frame that was not written in full: nobody was told that it is kept.
    Torn(Range<u64>),
    /// Nothing.
    End,
}

/// Goes through one segment.
pub(super) struct Scanner<R> {
    reader: BufReader<R>,
    segment: u64,
    at: u64,
    end: u64,
}

impl<R: Read + Seek> Scanner<R> {
    /// From offset `at`, where a frame begins, to `end`.
    pub(super) fn new(mut inner: R, segment: u64, at: u64, end: u64) -> io::Result<Self> {
        inner.seek(SeekFrom::Start(at))?;
        let reader = BufReader::with_capacity(CHUNK, inner);
        Ok(Self {
            reader,
            segment,
            at,
            end,
        })
    }

    /// After `Header`, one of [`Self::payload`], [`Self::check`] and [`Self::skip`] must come first.
    pub(super) fn step(&mut self) -> io::Result<Step> {
        let rest = self.end.saturating_sub(self.at);
        if rest == 0 {
            return Ok(Step::End);
        }
        if rest < HEADER_LEN as u64 {
            return Ok(self.torn());
        }
        let mut bytes = [0; HEADER_LEN];
        self.reader.read_exact(&mut bytes)?;
        match Header::read(&bytes, self.segment, self.at) {
            Some(header) if header.end() > self.end => Ok(self.torn()),
            Some(header) => {
                self.at += HEADER_LEN as u64;
                Ok(Step::Header(header))
            }
            None => self.search(),
        }
    }

    /// The payload, or `None` when its checksum is wrong.
    pub(super) fn payload(&mut self, header: &Header) -> io::Result<Option<Vec<u8>>> {
        let mut payload = vec![0; header.length as usize];
        self.reader.read_exact(&mut payload)?;
        self.at = header.end();
        Ok((crc32fast::hash(&payload) == header.checksum).then_some(payload))
    }

    /// Whether the payload's checksum is right.
    pub(super) fn check(&mut self, header: &Header) -> io::Result<bool> {
        let mut hasher = crc32fast::Hasher::new();
        let mut left = header.length as usize;
        while left > 0 {
            let bytes = self.reader.fill_buf()?;
            if bytes.is_empty() {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let chunk = bytes.len().min(left);
            hasher.update(&bytes[..chunk]);
            self.reader.consume(chunk);
            left -= chunk;
        }
        self.at = header.end();
        Ok(hasher.finalize() == header.checksum)
    }

    /// Goes on behind the payload.
    pub(super) fn skip(&mut self, header: &Header) -> io::Result<()> {
        self.reader.seek_relative(i64::from(header.length))?;
        self.at = header.end();
        Ok(())
    }

    fn torn(&mut self) -> Step {
        let torn = self.at..self.end;
        self.at = self.end;
        Step::Torn(torn)
    }

    /// No header stands at `at`: finds the next one. A rest of zeros is a file whose size came to the disk before its
    /// bytes did.
    fn search(&mut self) -> io::Result<Step> {
        let start = self.at;
        let mut zeros = true;
        let mut bytes = Vec::new();
        // Where `bytes` begins.
        let mut offset = start;
        self.reader.seek(SeekFrom::Start(start))?;
        loop {
            let left = self.end - offset - bytes.len() as u64;
            (&mut self.reader)
                .take(left.min(CHUNK as u64))
                .read_to_end(&mut bytes)?;
            zeros &= bytes.iter().all(|byte| *byte == 0);
            let from = usize::from(offset == start);
            if let Some(found) = frame::find(&bytes, self.segment, offset, from) {
                self.at = offset + found as u64;
                self.reader.seek(SeekFrom::Start(self.at))?;
                return Ok(Step::Damaged(start..self.at));
            }
            if offset + bytes.len() as u64 >= self.end || left == 0 {
                self.at = self.end;
                let rest = start..self.end;
                return Ok(if zeros {
                    Step::Torn(rest)
                } else {
                    Step::Damaged(rest)
                });
            }
            // A header may begin in the last bytes of this chunk.
            let keep = bytes.len().min(HEADER_LEN - 1);
            offset += (bytes.len() - keep) as u64;
            bytes.drain(..bytes.len() - keep);
        }
    }
}
