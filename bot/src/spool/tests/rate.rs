//! Measured by hand: `cargo test --release -p sabai-bot --lib spool::tests::rate -- --ignored --nocapture`.

use std::time::{Duration, Instant};

use super::scene::{MOST, Scene, sized};
use crate::spool::SEGMENT_BYTES;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement"]
#[expect(clippy::print_stdout, reason = "a measurement")]
async fn appends_of_1_kib_by_64_tasks() {
    let mut scene = Scene::new();
    scene.options.segment_bytes = SEGMENT_BYTES;
    scene.options.max_bytes = 4 << 30;
    let spool = scene.open();
    let begun = Instant::now();
    let tasks: Vec<_> = (0..64)
        .map(|_| {
            let spool = spool.clone();
            tokio::spawn(async move {
                let mut kept = 0_u32;
                while begun.elapsed() < Duration::from_secs(5) {
                    spool.append(sized("", 1024)).await.expect("kept");
                    kept += 1;
                }
                kept
            })
        })
        .collect();
    let mut kept = 0;
    for task in tasks {
        kept += task.await.expect("no panic");
    }
    let rate = f64::from(kept) / begun.elapsed().as_secs_f64();
    let begun = Instant::now();
    let (mut after, mut read) = (None, 0_u32);
    loop {
        let records = spool.read(after, 1000, MOST).await.expect("readable");
        let Some((last, _)) = records.last() else {
            break;
        };
        after = Some(*last);
        for (id, _) in &records {
            spool.remove(&[*id]);
            read += 1;
        }
    }
    let reading = f64::from(read) / begun.elapsed().as_secs_f64();
    println!("{kept} records of 1 KiB: {rate:.0} appended/s, {reading:.0} read and removed/s");
}

/// Memory in use, in KiB (Linux).
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|line| line.split_whitespace().next());
    number.and_then(|number| number.parse().ok()).unwrap_or(0)
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement"]
#[expect(clippy::print_stdout, reason = "a measurement")]
async fn opening_and_draining_1_gib() {
    let mut scene = Scene::new();
    scene.options.segment_bytes = SEGMENT_BYTES;
    scene.options.max_bytes = 4 << 30;
    let spool = scene.open();
    for _ in 0..1024 {
        let tickets: Vec<_> = (0..1024).map(|_| spool.append(sized("", 1024))).collect();
        for ticket in tickets {
            ticket.await.expect("kept");
        }
    }
    super::scene::close(spool).await;
    let (before, begun) = (resident(), Instant::now());
    let spool = scene.open();
    let (opened, open) = (begun.elapsed(), resident());
    let (mut most, begun) = (open, Instant::now());
    while !spool.depth().is_empty() {
        let records = spool.read(None, 256, 4 << 20).await.expect("readable");
        let ids: Vec<_> = records.iter().map(|(id, _)| *id).collect();
        spool.remove(&ids);
        most = most.max(resident());
    }
    let drained = begun.elapsed();
    println!(
        "opened in {opened:?}, drained in {drained:?}; {before} KiB before, {open} open, {most} at most"
    );
}
