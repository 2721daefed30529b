//! The commands on a real folder.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use sabai_daemon::exit::Failure;
use serde_json::Value;
use tempfile::TempDir;

use super::{Command, OUTCOMES, Place, WEBHOOKS, run};
use crate::spool::{Options, Record, SentBy, Spool, SpooledOutcome, SpooledWebhook};
use crate::trace::TraceId;

const BODY: &str = "{\"events\":[{\"text\":\"sawasdee\u{1b}[2J\"}]}";

async fn spooled() -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let at = SystemTime::UNIX_EPOCH + Duration::from_secs(1_790_000_000);
    let webhook = || {
        Record::Webhook(SpooledWebhook {
            received: at,
            trace: TraceId::from_bytes([7; 16]),
            events: 3,
            signature: Bytes::from_static(b"c2lnbmF0dXJl"),
            body: Bytes::from_static(BODY.as_bytes()),
        })
    };
    let outcome = Record::Outcome(SpooledOutcome {
        event: 17,
        accepted_at: at,
        request_id: Some("request".to_owned()),
        sent_by: SentBy::Push,
    });
    for (name, records) in [
        (WEBHOOKS, vec![webhook(), webhook()]),
        (OUTCOMES, vec![outcome]),
    ] {
        let spool = Spool::open(Options {
            folder: folder.path().join(name),
            max_bytes: 1 << 20,
            segment_bytes: 1 << 20,
        });
        let spool = spool.expect("usable");
        for record in records {
            spool.append(record).await.expect("kept");
        }
        spool.close(Duration::from_secs(20)).await;
    }
    folder
}

fn told(folder: &Path, command: fn(Place) -> Command, json: bool) -> (String, Result<(), Failure>) {
    let mut out = Vec::new();
    let dir = Some(folder.to_owned());
    let outcome = run(&command(Place { dir, json }), &mut out);
    (String::from_utf8(out).expect("text"), outcome)
}

const LIST: fn(Place) -> Command = |place| Command::List {
    place,
    bodies: false,
};
const LIST_BODIES: fn(Place) -> Command = |place| Command::List {
    place,
    bodies: true,
};
const VERIFY: fn(Place) -> Command = |place| Command::Verify { place };

fn only_segment(folder: &Path) -> PathBuf {
    let mut entries = fs::read_dir(folder.join(WEBHOOKS)).expect("there");
    entries.next().expect("a segment").expect("readable").path()
}

#[tokio::test]
async fn list_tells_what_there_is_and_no_text_unless_asked() {
    let folder = spooled().await;
    let (text, outcome) = told(folder.path(), LIST, false);
    outcome.expect("readable");
    for part in [
        "2026-09-21T14:13:20Z",
        "07070707070707070707070707070707",
        "webhooks: 2 records, 6 events,",
        "in 1 segment",
        "17  push",
        "outcomes: 1 record, 1 event,",
    ] {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
    assert!(
        !text.contains("sawasdee") && !text.contains("c2ln"),
        "{text}"
    );
    let (text, _) = told(folder.path(), LIST_BODIES, false);
    assert!(text.contains("sawasdee\\u{1b}"), "{text}");
    let (text, _) = told(folder.path(), LIST, true);
    let lines: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    assert_eq!(lines.len(), 3);
    assert_eq!(
        (&lines[0]["kind"], &lines[0]["events"]),
        (&"webhook".into(), &3.into())
    );
    assert_eq!(
        (&lines[2]["kind"], &lines[2]["event"]),
        (&"outcome".into(), &17.into())
    );
    assert!(!text.contains("sawasdee"), "{text}");
    let (text, _) = told(folder.path(), LIST_BODIES, true);
    let first: Value = serde_json::from_str(text.lines().next().expect("a line")).expect("JSON");
    assert_eq!(first["body"], BODY);
}

#[tokio::test]
async fn verify_tells_damage_and_takes_a_torn_tail_for_sound() {
    let folder = spooled().await;
    let (text, outcome) = told(folder.path(), VERIFY, false);
    outcome.expect("sound");
    assert!(text.ends_with("sound\n"), "{text}");
    let segment = only_segment(folder.path());
    let bytes = fs::read(&segment).expect("readable");
    fs::write(&segment, &bytes[..bytes.len() - 1]).expect("writable");
    let (text, outcome) = told(folder.path(), VERIFY, true);
    outcome.expect("sound");
    let report: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(report["sound"], true);
    let torn = &report["spools"][0]["segments"][0];
    assert_eq!(
        (&torn["records"], &torn["damaged_bytes"]),
        (&1.into(), &0.into())
    );
    assert_eq!(torn["torn_bytes"], (bytes.len() / 2 - 1) as u64);
    let mut flipped = bytes.clone();
    flipped[60] ^= 1;
    fs::write(&segment, &flipped).expect("writable");
    let (text, outcome) = told(folder.path(), VERIFY, false);
    assert!(matches!(outcome, Err(Failure::Told)), "{outcome:?}");
    assert!(text.contains("damaged: 1 place"), "{text}");
    let (text, outcome) = told(folder.path(), LIST, false);
    outcome.expect("the rest is listed");
    assert!(text.contains("1 place cannot be read"), "{text}");
    assert_eq!(
        fs::read(&segment).expect("readable"),
        flipped,
        "nothing was changed"
    );
}

#[tokio::test]
async fn a_folder_without_spools_is_empty_and_none_is_an_error() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (text, outcome) = told(folder.path(), LIST, false);
    outcome.expect("empty");
    assert!(text.contains("webhooks: 0 records"), "{text}");
    told(folder.path(), VERIFY, false).1.expect("sound");
    let (_, outcome) = told(&folder.path().join("nowhere"), VERIFY, false);
    assert!(
        matches!(&outcome, Err(Failure::Command(error)) if error.to_string().contains("is not a folder"))
    );
}
