//! A record on disk: a header with its own checksum, then the payload. Pure. All numbers are little endian.
//!
//! | bytes | what |
//! |---|---|
//! | 4 | magic; its ends cannot stand in a body, which is UTF-8 |
//! | 1, 1, 2 | version of the format, kind of the record, zero |
//! | 8 | number of the segment |
//! | 4, 4 | offset in the segment, ordinal of the record in it |
//! | 4, 4 | length and CRC-32 of the payload |
//! | 8 | when it happened, microseconds since 1970 |
//! | 4, 4 | events, CRC-32 of all of the above |
//!
//! A header that stands elsewhere than it says is none: neither a body that holds a copy of one nor a stale block of
//! the disk is taken for a record.

use bytes::{Buf, BufMut};

use super::record::{Record, RecordId};

const MAGIC: [u8; 4] = [0xF7, b'S', b'b', 0xFE];
const VERSION: u8 = 1;
pub(super) const HEADER_LEN: usize = 48;
/// Above the largest body that can be configured (64 MiB). A longer length in a header is damage.
pub(super) const MOST_PAYLOAD: usize = 80 << 20;

/// Of a record; its checksum was right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) version: u8,
    pub(super) kind: u8,
    pub(super) segment: u64,
    pub(super) offset: u32,
    pub(super) ordinal: u32,
    pub(super) length: u32,
    pub(super) checksum: u32,
    /// Microseconds since 1970.
    pub(super) at: i64,
    pub(super) events: u32,
}

impl Header {
    /// Header and payload, in bytes.
    pub(super) const fn frame_len(&self) -> u64 {
        HEADER_LEN as u64 + self.length as u64
    }

    pub(super) const fn start(&self) -> u64 {
        self.offset as u64
    }

    pub(super) const fn end(&self) -> u64 {
        self.start() + self.frame_len()
    }

    pub(super) const fn id(&self) -> RecordId {
        RecordId {
            segment: self.segment,
            offset: self.offset,
            ordinal: self.ordinal,
            events: self.events,
        }
    }

    /// Whether this program can read the payload.
    pub(super) const fn is_known(&self) -> bool {
        self.version == VERSION
    }

    fn write(&self, out: &mut Vec<u8>) {
        let start = out.len();
        out.put_slice(&MAGIC);
        out.put_slice(&[self.version, self.kind, 0, 0]);
        out.put_u64_le(self.segment);
        out.put_u32_le(self.offset);
        out.put_u32_le(self.ordinal);
        out.put_u32_le(self.length);
        out.put_u32_le(self.checksum);
        out.put_i64_le(self.at);
        out.put_u32_le(self.events);
        out.put_u32_le(crc32fast::hash(&out[start..]));
    }

    /// Reads the header that should stand at the beginning of `bytes`.
    pub(super) fn read(bytes: &[u8], segment: u64, offset: u64) -> Option<Self> {
        let bytes = bytes.get(..HEADER_LEN)?;
        let (told, mut checksum) = bytes.split_at(HEADER_LEN - 4);
        if !told.starts_with(&MAGIC) || checksum.get_u32_le() != crc32fast::hash(told) {
            return None;
        }
        let mut rest = &told[MAGIC.len()..];
        let (version, kind, _) = (rest.get_u8(), rest.get_u8(), rest.get_u16_le());
        let header = Self {
            version,
            kind,
            segment: rest.get_u64_le(),
            offset: rest.get_u32_le(),
            ordinal: rest.get_u32_le(),
            length: rest.get_u32_le(),
            checksum: rest.get_u32_le(),
            at: rest.get_i64_le(),
            events: rest.get_u32_le(),
        };
        let here = header.segment == segment && header.start() == offset;
        let possible = header.length as usize <= MOST_PAYLOAD
            && u64::from(header.ordinal) <= offset / HEADER_LEN as u64;
        (here && possible).then_some(header)
    }
}

/// Where in `bytes`, which begin at `offset`, the first header stands, from `from` on.
pub(super) fn find(bytes: &[u8], segment: u64, offset: u64, from: usize) -> Option<usize> {
    (from..bytes.len()).find(|at| {
        bytes[*at] == MAGIC[0]
            && Header::read(&bytes[*at..], segment, offset + *at as u64).is_some()
    })
}

/// What the record takes on disk, in bytes.
pub(super) fn len(record: &Record) -> u64 {
    (HEADER_LEN + record.payload_len()) as u64
}

/// Appends the record's frame to `out`. Its payload is within [`MOST_PAYLOAD`].
pub(super) fn encode(
    record: &Record,
    segment: u64,
    offset: u32,
    ordinal: u32,
    out: &mut Vec<u8>,
) -> RecordId {
    let start = out.len();
    out.resize(start + HEADER_LEN, 0);
    record.encode(out);
    let payload = &out[start + HEADER_LEN..];
    let header = Header {
        version: VERSION,
        kind: record.kind(),
        segment,
        offset,
        ordinal,
        length: u32::try_from(payload.len()).unwrap_or(u32::MAX),
        checksum: crc32fast::hash(payload),
        at: record.at(),
        events: record.events(),
    };
    let mut bytes = Vec::with_capacity(HEADER_LEN);
    header.write(&mut bytes);
    out[start..start + HEADER_LEN].copy_from_slice(&bytes);
    header.id()
}
