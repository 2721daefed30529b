//! Order, removal, restarts.

use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, SystemTime};

use super::scene::{MOST, Scene, bodies, body, close, keep, sized, until, webhook};
use crate::spool::{NotKept, Record, SentBy, Spool, SpooledOutcome};

async fn keep_all(spool: &Spool, range: std::ops::Range<usize>) {
    let tickets: Vec<_> = range
        .map(|n| spool.append(sized(&n.to_string(), 300)))
        .collect();
    let mut last = None;
    for ticket in tickets {
        let id = ticket.await.expect("kept");
        assert!(last < Some(id), "in the order of the calls");
        last = Some(id);
    }
}

fn numbers(range: std::ops::Range<usize>) -> Vec<String> {
    range.map(|n| n.to_string()).collect()
}

#[tokio::test]
async fn records_come_back_in_order_over_segments_and_restarts() {
    let scene = Scene::new();
    let spool = scene.open();
    keep_all(&spool, 0..50).await;
    assert!(scene.segments().len() > 3, "{:?}", scene.segments());
    assert_eq!(bodies(&spool).await, numbers(0..50));
    let killed = scene.killed();
    let spool = killed.open();
    assert_eq!(spool.depth().records, 50);
    keep_all(&spool, 50..100).await;
    assert_eq!(bodies(&spool).await, numbers(0..100));
    close(spool).await;
    assert_eq!(bodies(&killed.open()).await, numbers(0..100));
}

#[tokio::test]
async fn reading_is_bounded_and_goes_on_after_any_record() {
    let scene = Scene::new();
    let spool = scene.open();
    keep_all(&spool, 0..40).await;
    for (most, most_bytes) in [(1, MOST), (7, MOST), (MOST, 1), (MOST, 1000), (100, 20_000)] {
        let (mut after, mut seen) = (None, vec![]);
        loop {
            let records = spool.read(after, most, most_bytes).await.expect("readable");
            let Some((last, _)) = records.last() else {
                break;
            };
            assert!(records.len() <= most);
            after = Some(*last);
            seen.extend(records.iter().map(|(_, record)| body(record)));
        }
        assert_eq!(seen, numbers(0..40), "{most} {most_bytes}");
    }
}

#[tokio::test]
async fn what_is_removed_is_not_read_again_and_its_segment_goes() {
    let scene = Scene::new();
    let spool = scene.open();
    keep_all(&spool, 0..40).await;
    let records = spool.read(None, MOST, MOST).await.expect("readable");
    let ids: Vec<_> = records.iter().map(|(id, _)| *id).collect();
    let (odd, even): (Vec<_>, Vec<_>) = ids.iter().copied().partition(|id| id.ordinal % 2 == 1);
    spool.remove(&odd);
    spool.remove(&odd);
    assert_eq!(spool.depth().records, even.len() as u64);
    assert_eq!(spool.depth().events, even.len() as u64);
    assert_eq!(bodies(&spool).await.len(), even.len());
    spool.remove(&even);
    assert!(spool.depth().is_empty());
    let depth = spool.depth();
    assert_eq!(
        (depth.bytes, depth.events, depth.oldest),
        (0, 0, None),
        "an empty spool has no bytes"
    );
    until("all segments are deleted", || scene.segments().is_empty()).await;
    keep(&spool, "next").await;
    assert_eq!(bodies(&spool).await, ["next"]);
}

#[tokio::test]
async fn a_partly_drained_segment_comes_again_after_a_kill() {
    let scene = Scene::new();
    let spool = scene.open();
    for name in ["one", "two", "three"] {
        let id = keep(&spool, name).await;
        if name != "three" {
            spool.remove(&[id]);
        }
    }
    assert_eq!(bodies(&spool).await, ["three"]);
    let killed = scene.killed();
    let again = bodies(&killed.open()).await;
    assert_eq!(again.last().map(String::as_str), Some("three"));
}

#[tokio::test]
async fn the_depth_tells_what_there_is() {
    let scene = Scene::new();
    let spool = scene.open();
    assert!(spool.depth().is_empty());
    let at = SystemTime::UNIX_EPOCH + Duration::from_secs(1_790_000_001);
    let outcome = Record::Outcome(SpooledOutcome {
        event: 7,
        accepted_at: at,
        request_id: None,
        sent_by: SentBy::Push,
    });
    let ticket = spool.append(outcome);
    assert_eq!(spool.depth().records, 1, "at once, before it is durable");
    assert_eq!(spool.depth().oldest, Some(at));
    let first = ticket.await.expect("kept");
    keep(&spool, "next").await;
    let depth = spool.depth();
    assert_eq!(
        (depth.records, depth.events, depth.oldest),
        (2, 2, Some(at))
    );
    let bytes: u64 = scene
        .segments()
        .iter()
        .map(|path| path.metadata().expect("there").len())
        .sum();
    assert_eq!(depth.bytes, bytes);
    spool.remove(&[first]);
    assert_eq!(bodies(&spool).await, ["next"]);
    assert_ne!(spool.depth().oldest, Some(at), "seen when reading");
    let mode =
        |path: &std::path::Path| path.metadata().expect("there").permissions().mode() & 0o777;
    assert_eq!(mode(&scene.options.folder), 0o700);
    assert_eq!(mode(&scene.segments()[0]), 0o600);
}

#[tokio::test]
async fn the_last_handle_ends_the_writer_when_all_is_written() {
    let scene = Scene::new();
    let spool = scene.open();
    let ticket = spool.append(webhook("kept"));
    drop(spool.clone());
    drop(spool);
    ticket.await.expect("kept");
    let spool = scene.open();
    assert_eq!(bodies(&spool).await, ["kept"]);
    assert!(spool.close(Duration::from_secs(20)).await);
    assert_eq!(spool.append(webhook("late")).await, Err(NotKept::Stopped));
    assert_eq!(bodies(&spool).await, ["kept"]);
}
