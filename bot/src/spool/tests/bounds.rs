use std::fs;

use super::scene::{Scene, bodies, keep, sized, webhook};
use crate::spool::{NotKept, State};

#[tokio::test]
async fn a_full_spool_refuses_until_there_is_room() {
    let mut scene = Scene::new();
    scene.options.max_bytes = 10_000;
    let spool = scene.open();
    let mut ids = vec![];
    let refusal = loop {
        match spool.append(sized("one", 900)).await {
            Ok(id) => ids.push(id),
            Err(refusal) => break refusal,
        }
    };
    assert_eq!((refusal, spool.state()), (NotKept::Full, State::Full));
    assert!((9..=10).contains(&ids.len()), "{}", ids.len());
    assert!(spool.depth().bytes <= 10_000);
    assert_eq!(
        spool.append(sized("too large", 10_000)).await,
        Err(NotKept::TooLarge)
    );
    spool.remove(&ids[..5]);
    assert_eq!(spool.state(), State::Open, "a segment has gone");
    keep(&spool, "next").await;
    // The bound holds over a restart.
    let killed = scene.killed();
    let spool = killed.open();
    assert_eq!(spool.append(sized("next", 6_000)).await, Err(NotKept::Full));
}

#[tokio::test]
async fn what_waits_is_bounded_too() {
    let mut scene = Scene::new();
    scene.options.max_bytes = 10_000;
    let spool = scene.open();
    let tickets: Vec<_> = (0..20).map(|_| spool.append(sized("one", 900))).collect();
    let mut kept = 0;
    for ticket in tickets {
        kept += usize::from(ticket.await.is_ok());
    }
    assert!((9..=10).contains(&kept), "{kept}");
}

#[tokio::test]
async fn a_record_larger_than_a_segment_has_one_of_its_own() {
    let scene = Scene::new();
    let spool = scene.open();
    let tickets = [
        spool.append(webhook("small")),
        spool.append(sized("large", 100_000)),
        spool.append(webhook("small again")),
    ];
    for ticket in tickets {
        ticket.await.expect("kept");
    }
    assert_eq!(bodies(&spool).await, ["small", "large", "small again"]);
    let killed = scene.killed();
    let spool = killed.open();
    assert_eq!(bodies(&spool).await, ["small", "large", "small again"]);
}

#[tokio::test]
async fn rejected_is_bounded_and_nothing_in_it_is_dropped() {
    let mut scene = Scene::new();
    scene.options.max_bytes = 8 << 20;
    let spool = scene.open();
    let mut aside = vec![];
    for n in 0..6 {
        let id = spool
            .append(sized(&n.to_string(), 300_000))
            .await
            .expect("kept");
        aside.push(spool.set_aside(id, "data_refused").await.is_ok());
    }
    assert_eq!(aside, [true, true, true, false, false, false], "1 MiB");
    assert_eq!(scene.rejected().len(), 3);
    assert_eq!(spool.depth().rejected, 6);
    assert!(spool.depth().is_empty());
    let bytes: u64 = scene
        .rejected()
        .iter()
        .map(|path| fs::metadata(path).expect("there").len())
        .sum();
    assert!(bytes <= 1 << 20);
    // Somebody has looked at them.
    fs::remove_dir_all(scene.options.folder.join("rejected")).expect("writable");
    drop(spool);
    let killed = scene.killed();
    assert_eq!(bodies(&killed.open()).await, ["3", "4", "5"]);
}
