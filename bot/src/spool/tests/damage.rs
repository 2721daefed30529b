//! What is torn, flipped or poisoned goes out of the way; everything else stays readable.

use std::fs;

use super::scene::{Scene, bodies, close, keep};
use crate::spool::{Spool, inspect};

const NAMES: [&str; 3] = ["first", "middle", "last"];

/// Three records in one segment, and where each of them begins and ends.
async fn three() -> (Scene, Vec<u8>, Vec<usize>) {
    let scene = Scene::new();
    let spool = scene.open();
    let mut bounds = vec![];
    for name in NAMES {
        bounds.push(keep(&spool, name).await.offset as usize);
    }
    close(spool).await;
    let bytes = fs::read(&scene.segments()[0]).expect("readable");
    bounds.push(bytes.len());
    (scene, bytes, bounds)
}

fn damaged(scene: &Scene) -> (u64, u64) {
    let reports = inspect::visit(&scene.options.folder, |_, _| Ok(())).expect("readable");
    let sum = |value: fn(&inspect::SegmentReport) -> u64| reports.iter().map(value).sum();
    (sum(|one| one.damaged_places), sum(|one| one.torn_bytes))
}

#[tokio::test]
async fn a_last_record_torn_at_any_byte_is_cut_off() {
    let (scene, bytes, bounds) = three().await;
    let path = &scene.segments()[0];
    for length in bounds[2]..bytes.len() {
        for zeros in [0, bytes.len() - length] {
            let mut torn = bytes[..length].to_vec();
            torn.resize(length + zeros, 0);
            // With zeros behind it, a header is damage, and zeros alone are a file without its bytes.
            if zeros > 0 && length > bounds[2] {
                continue;
            }
            fs::write(path, &torn).expect("writable");
            assert_eq!(damaged(&scene), (0, (torn.len() - bounds[2]) as u64));
            let spool = scene.open();
            assert_eq!(spool.depth().records, 2, "torn at {length}");
            assert_eq!(bodies(&spool).await, ["first", "middle"]);
            assert_eq!(spool.depth().rejected, 0);
            close(spool).await;
            assert_eq!(damaged(&scene), (0, 0), "it was cut off");
        }
    }
}

#[tokio::test]
async fn a_flipped_bit_anywhere_costs_one_record_and_its_bytes_are_kept() {
    let (scene, bytes, bounds) = three().await;
    for (at, lost) in (0..bytes.len()).map(|at| (at, bounds.iter().rposition(|start| *start <= at)))
    {
        let lost = lost.expect("the first begins at 0");
        let mut flipped = bytes.clone();
        flipped[at] ^= 1 << (at % 8);
        let left = Scene::new();
        fs::create_dir_all(&left.options.folder).expect("writable");
        let path = left
            .options
            .folder
            .join(scene.segments()[0].file_name().expect("a file"));
        fs::write(&path, &flipped).expect("writable");
        assert_eq!(damaged(&left), (1, 0), "at {at}");
        let spool = left.open();
        let mut rest = NAMES.to_vec();
        rest.remove(lost);
        assert_eq!(bodies(&spool).await, rest, "at {at}");
        assert_eq!((spool.depth().records, spool.depth().rejected), (2, 1));
        let kept = fs::read(&left.rejected()[0]).expect("readable");
        assert_eq!(kept, flipped[bounds[lost]..bounds[lost + 1]]);
        // Again, as after a restart: nothing is kept twice.
        close(spool).await;
        let spool = left.open();
        assert_eq!(bodies(&spool).await, rest);
        assert_eq!(spool.depth().rejected, 1);
        drain(&spool).await;
        close(spool).await;
        assert_eq!(left.segments(), [] as [std::path::PathBuf; 0]);
        assert_eq!(left.rejected().len(), 1, "it outlives its segment");
    }
}

/// As a broken directory or a changed right does it: the file is there and cannot be opened.
#[tokio::test]
async fn a_segment_that_cannot_be_opened_does_not_stand_before_the_others() {
    let mut scene = Scene::new();
    scene.options.segment_bytes = 1;
    let spool = scene.open();
    for name in NAMES {
        keep(&spool, name).await;
    }
    let path = &scene.segments()[0];
    let away = path.with_extension("away");
    fs::rename(path, &away).expect("writable");
    std::os::unix::fs::symlink(path, path).expect("writable");
    assert_eq!(bodies(&spool).await, ["middle", "last"]);
    let depth = spool.depth();
    assert_eq!(
        (depth.records, depth.rejected),
        (2, 1),
        "counted, not forgotten"
    );
    drain(&spool).await;
    close(spool).await;
    fs::rename(&away, path).expect("writable");
    assert_eq!(bodies(&scene.open()).await, ["first"], "in the next life");
}

#[tokio::test]
async fn damage_after_the_start_is_met_when_reading() {
    let (scene, bytes, bounds) = three().await;
    for at in 0..bytes.len() {
        fs::write(&scene.segments()[0], &bytes).expect("writable");
        let _ = fs::remove_dir_all(scene.options.folder.join("rejected"));
        let spool = scene.open();
        assert_eq!(spool.depth().records, 3);
        let mut flipped = bytes.clone();
        flipped[at] ^= 0x10;
        fs::write(&scene.segments()[0], &flipped).expect("writable");
        let lost = bounds.iter().rposition(|start| *start <= at).expect("0");
        let mut rest = NAMES.to_vec();
        rest.remove(lost);
        for _ in 0..2 {
            assert_eq!(bodies(&spool).await, rest, "at {at}");
            assert_eq!(
                (spool.depth().records, spool.depth().rejected),
                (2, 1),
                "at {at}"
            );
        }
        // From each record on, whatever lies before.
        let records = spool.read(None, 1, 1).await.expect("readable");
        let after = spool.read(Some(records[0].0), 9, 9999).await;
        assert_eq!(after.expect("readable").len(), 1);
        close(spool).await;
    }
}

#[tokio::test]
async fn garbage_in_the_middle_and_an_empty_or_foreign_file_are_no_end() {
    let (scene, bytes, bounds) = three().await;
    let mut garbage = bytes[..bounds[1]].to_vec();
    garbage.extend(std::iter::repeat_n(0xF7, 200_000));
    let again = fs::read(&scene.segments()[0]).expect("readable");
    assert_eq!(again, bytes);
    fs::write(&scene.segments()[0], &garbage).expect("writable");
    fs::write(scene.options.folder.join("0000000000000007.segment"), b"").expect("writable");
    fs::write(scene.options.folder.join("notes.txt"), b"mine").expect("writable");
    let spool = scene.open();
    assert_eq!(bodies(&spool).await, ["first"]);
    assert_eq!(spool.depth().rejected, 1);
    assert_eq!(keep(&spool, "next").await.segment, 8);
    assert_eq!(bodies(&spool).await, ["first", "next"]);
}

#[tokio::test]
async fn a_poisoned_record_is_set_aside_once_and_the_rest_goes_on() {
    let scene = Scene::new();
    let spool = scene.open();
    let poison = keep(&spool, "poison").await;
    keep(&spool, "next").await;
    for _ in 0..2 {
        let aside = spool.set_aside(poison, "data_refused").await;
        aside.expect("there is room");
        assert_eq!(bodies(&spool).await, ["next"]);
        assert_eq!((spool.depth().records, spool.depth().rejected), (1, 1));
    }
    let kept = fs::read(&scene.rejected()[0]).expect("readable");
    assert!(kept.ends_with(b"poison"), "the whole record is there");
    // After a kill it comes again, and is the same file.
    let killed = scene.killed();
    let spool = killed.open();
    assert_eq!(bodies(&spool).await, ["poison", "next"]);
    let records = spool.read(None, 1, 1).await.expect("readable");
    let aside = spool.set_aside(records[0].0, "data_refused").await;
    aside.expect("there is room");
    drain(&spool).await;
    assert_eq!(killed.rejected().len(), 1);
}

#[tokio::test]
async fn what_cannot_be_set_aside_stays_in_its_segment_and_out_of_the_way() {
    let scene = Scene::new();
    let spool = scene.open();
    let poison = keep(&spool, "poison").await;
    // Where the folder should be stands a file.
    fs::write(scene.options.folder.join("rejected"), b"").expect("writable");
    let aside = spool.set_aside(poison, "data_refused").await;
    assert!(aside.is_err(), "there is no place for it");
    assert!(spool.depth().is_empty());
    assert_eq!(spool.depth().rejected, 1);
    assert_eq!(bodies(&spool).await, [] as [String; 0]);
    keep(&spool, "next").await;
    drain(&spool).await;
    close(spool).await;
    fs::remove_file(scene.options.folder.join("rejected")).expect("writable");
    let spool = scene.open();
    assert_eq!(bodies(&spool).await, ["poison", "next"], "nothing was lost");
}

async fn drain(spool: &Spool) {
    for (id, _) in spool.read(None, 99, 1 << 20).await.expect("readable") {
        spool.remove(&[id]);
    }
    assert!(spool.depth().is_empty());
}
