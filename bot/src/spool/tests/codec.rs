use std::time::{Duration, SystemTime};

use bytes::Bytes;

use super::scene::webhook;
use crate::spool::frame::{self, HEADER_LEN, Header};
use crate::spool::{Record, SentBy, SpooledOutcome, SpooledWebhook};
use crate::trace::TraceId;

fn records() -> Vec<Record> {
    let epoch = SystemTime::UNIX_EPOCH;
    let call = |received, signature: &'static str, body: &'static [u8]| {
        Record::Webhook(SpooledWebhook {
            received,
            trace: TraceId::from_bytes([0xFF; 16]),
            events: 17,
            signature: Bytes::from_static(signature.as_bytes()),
            body: Bytes::from_static(body),
        })
    };
    let outcome = |event, request_id: Option<&str>, sent_by| {
        Record::Outcome(SpooledOutcome {
            event,
            accepted_at: epoch + Duration::from_micros(1_790_000_000_123_456),
            request_id: request_id.map(str::to_owned),
            sent_by,
        })
    };
    vec![
        call(epoch + Duration::from_micros(1), "c2ln", b"{\"events\":[]}"),
        call(epoch - Duration::from_micros(1), "", b""),
        call(epoch, "c2ln", &[0; 1000]),
        call(epoch, "c2ln", b"\xF7Sb\xFE not UTF-8"),
        outcome(1, Some("461230966842064897"), SentBy::Reply),
        outcome(i64::MIN, None, SentBy::Push),
        outcome(i64::MAX, Some(""), SentBy::Push),
    ]
}

#[test]
fn every_record_comes_back_as_it_was() {
    for (ordinal, record) in records().into_iter().enumerate() {
        let ordinal = u32::try_from(ordinal).expect("small");
        let mut bytes = Vec::new();
        let id = frame::encode(&record, 9, 480, ordinal, &mut bytes);
        assert_eq!(bytes.len() as u64, frame::len(&record));
        let header = Header::read(&bytes, 9, 480).expect("a header");
        assert_eq!((header.id(), header.end()), (id, 480 + bytes.len() as u64));
        let payload = Bytes::from(bytes[HEADER_LEN..].to_vec());
        assert_eq!(crc32fast::hash(&payload), header.checksum);
        let back = Record::decode(header.kind, header.at, header.events, &payload);
        match (&record, back.expect("a record")) {
            (Record::Webhook(one), Record::Webhook(other)) => assert_eq!(*one, other),
            (Record::Outcome(one), Record::Outcome(other)) => assert_eq!(*one, other),
            (one, other) => panic!("{one:?} came back as {other:?}"),
        }
    }
}

#[test]
fn a_header_counts_only_where_it_was_written_and_whole() {
    let mut bytes = Vec::new();
    frame::encode(&webhook("hello"), 9, 480, 3, &mut bytes);
    assert!(Header::read(&bytes, 9, 480).is_some());
    assert_eq!(Header::read(&bytes, 8, 480), None, "another segment's");
    assert_eq!(Header::read(&bytes, 9, 528), None, "moved");
    for length in 0..HEADER_LEN {
        assert_eq!(Header::read(&bytes[..length], 9, 480), None);
    }
    for at in 0..HEADER_LEN {
        for bit in 0..8 {
            let mut flipped = bytes.clone();
            flipped[at] ^= 1 << bit;
            assert_eq!(Header::read(&flipped, 9, 480), None, "byte {at}, bit {bit}");
        }
    }
}

#[test]
fn a_payload_of_an_unknown_form_is_no_record() {
    let mut outcome = vec![0; 10];
    for (kind, payload) in [
        (0, &[0; 100][..]),
        (3, &[0; 100]),
        (1, &[0; 19]),
        (1, &[0xFF; 100]),
        (2, &[0; 9]),
        (2, &outcome.clone()),
        (2, b"01234567\x01\x01\xFF"),
    ] {
        let payload = Bytes::copy_from_slice(payload);
        let read = Record::decode(kind, 0, 1, &payload);
        assert!(read.is_none(), "{kind} {payload:?}: {read:?}");
    }
    outcome[8] = 2;
    assert!(Record::decode(2, 0, 1, &Bytes::from(outcome)).is_some());
}

#[test]
fn debug_shows_no_text_and_no_signature() {
    let shown = format!("{:?} {:#?}", webhook("sawasdee"), webhook("sawasdee"));
    assert!(
        !shown.contains("sawasdee") && !shown.contains("c2ln"),
        "{shown}"
    );
    assert!(shown.contains("8 bytes"), "{shown}");
}
