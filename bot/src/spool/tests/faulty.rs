//! Disks that fail: what was answered stays, what was not kept is told, and the disk is tried again.

use std::io;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use super::scene::{Scene, bodies, close, keep, until, webhook};
use crate::spool::disk::{Disk, LocalDisk, SegmentFile};
use crate::spool::{NotKept, State};

/// What the disk does next; what is not told succeeds.
#[derive(Default)]
struct Plan {
    create: Vec<io::ErrorKind>,
    write: Vec<io::ErrorKind>,
    sync: Vec<io::ErrorKind>,
    /// Syncs wait.
    hung: bool,
    syncs: usize,
    /// Files that were written or synced after an error.
    touched: usize,
}

#[derive(Clone, Default)]
struct Faulty(Arc<(Mutex<Plan>, Condvar)>);

struct FaultyFile {
    inner: Box<dyn SegmentFile>,
    plan: Faulty,
    failed: bool,
}

impl Faulty {
    fn plan<T>(&self, change: impl FnOnce(&mut Plan) -> T) -> T {
        let told = change(&mut self.0.0.lock().unwrap());
        self.0.1.notify_all();
        told
    }
}

fn next(plan: &mut Vec<io::ErrorKind>) -> io::Result<()> {
    plan.pop().map_or(Ok(()), |kind| Err(kind.into()))
}

impl Disk for Faulty {
    fn create(&self, path: &Path) -> io::Result<Box<dyn SegmentFile>> {
        self.plan(|plan| next(&mut plan.create))?;
        Ok(Box::new(FaultyFile {
            inner: LocalDisk.create(path)?,
            plan: self.clone(),
            failed: false,
        }))
    }
}

impl FaultyFile {
    fn note<T>(&mut self, result: io::Result<T>) -> io::Result<T> {
        if self.failed {
            self.plan.plan(|plan| plan.touched += 1);
        }
        self.failed |= result.is_err();
        result
    }
}

impl SegmentFile for FaultyFile {
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        // As a full disk does it: a part is there.
        let told = match self.plan.plan(|plan| next(&mut plan.write)) {
            Ok(()) => self.inner.write_all(bytes),
            Err(error) => self
                .inner
                .write_all(&bytes[..bytes.len() / 2])
                .and(Err(error)),
        };
        self.note(told)
    }

    fn sync(&mut self) -> io::Result<()> {
        let (plan, wake) = &*self.plan.0;
        let mut plan = wake
            .wait_while(plan.lock().unwrap(), |plan| plan.hung)
            .unwrap();
        plan.syncs += 1;
        let told = next(&mut plan.sync);
        drop(plan);
        let told = told.and_then(|()| self.inner.sync());
        self.note(told)
    }
}

const FULL: io::ErrorKind = io::ErrorKind::StorageFull;
const READ_ONLY: io::ErrorKind = io::ErrorKind::ReadOnlyFilesystem;
/// Stands for EIO, which has no kind of its own.
const BROKEN: io::ErrorKind = io::ErrorKind::Other;

#[tokio::test]
async fn one_failure_is_not_seen_by_who_appends() {
    let faults: [fn(&mut Plan); 3] = [
        |plan| plan.create.push(BROKEN),
        |plan| plan.write.push(FULL),
        |plan| plan.sync.push(BROKEN),
    ];
    for fault in faults {
        let (scene, disk) = (Scene::new(), Faulty::default());
        let spool = scene.open_on(Box::new(disk.clone()));
        keep(&spool, "before").await;
        disk.plan(fault);
        for name in ["one", "two"] {
            keep(&spool, name).await;
        }
        assert_eq!(bodies(&spool).await, ["before", "one", "two"]);
        assert_eq!(spool.state(), State::Open);
        close(spool).await;
        assert_eq!(
            disk.plan(|plan| plan.touched),
            0,
            "a segment that failed is left alone"
        );
        let mut found = bodies(&scene.open()).await;
        // What an fsync denied may be there all the same.
        found.dedup();
        assert_eq!(found, ["before", "one", "two"], "after a restart");
    }
}

#[tokio::test]
async fn a_disk_that_fails_twice_refuses_and_is_tried_again() {
    type Fault = fn(&mut Plan);
    let faults: [(Fault, NotKept); 4] = [
        (|plan| plan.sync.extend([BROKEN; 2]), NotKept::Failing),
        (|plan| plan.write.extend([FULL; 2]), NotKept::Full),
        (
            |plan| (plan.sync.push(BROKEN), plan.create.push(READ_ONLY)).0,
            NotKept::Failing,
        ),
        (
            |plan| (plan.write.push(BROKEN), plan.create.push(FULL)).0,
            NotKept::Full,
        ),
    ];
    for (fault, refusal) in faults {
        let (scene, disk) = (Scene::new(), Faulty::default());
        let spool = scene.open_on(Box::new(disk.clone()));
        keep(&spool, "before").await;
        disk.plan(fault);
        assert_eq!(spool.append(webhook("refused")).await, Err(refusal));
        match (refusal, spool.state()) {
            (NotKept::Full, State::Full) | (NotKept::Failing, State::Failing(_)) => {}
            (refusal, state) => panic!("{refusal:?} and {state:?}"),
        }
        assert_eq!(spool.depth().records, 1, "what is refused does not count");
        let syncs = disk.plan(|plan| plan.syncs);
        assert_eq!(spool.append(webhook("at once")).await, Err(refusal));
        assert_eq!(disk.plan(|plan| plan.syncs), syncs, "not tried that soon");
        assert_eq!(
            bodies(&spool).await,
            ["before"],
            "what was kept can be drained"
        );
        let again = tokio::time::timeout(Duration::from_secs(20), async {
            while spool.append(webhook("after")).await.is_err() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        });
        again.await.expect("the disk takes records again");
        assert_eq!(spool.state(), State::Open);
        assert_eq!(bodies(&spool).await, ["before", "after"]);
    }
}

#[tokio::test]
async fn a_disk_that_freed_space_is_tried_at_once() {
    let (scene, disk) = (Scene::new(), Faulty::default());
    let spool = scene.open_on(Box::new(disk.clone()));
    let before = keep(&spool, "before").await;
    disk.plan(|plan| plan.write.extend([FULL; 2]));
    assert_eq!(spool.append(webhook("refused")).await, Err(NotKept::Full));
    spool.remove(&[before]);
    assert_eq!(spool.state(), State::Open);
    keep(&spool, "after").await;
}

/// Who is told that the spool takes nothing may send nothing any more: a pod that is not ready gets no webhook.
#[tokio::test]
async fn a_disk_that_is_well_again_is_noticed_without_an_append() {
    for fault in [FULL, READ_ONLY, BROKEN] {
        let (scene, disk) = (Scene::new(), Faulty::default());
        let spool = scene.open_on(Box::new(disk.clone()));
        keep(&spool, "before").await;
        // The append's two tries, and the first of those without one.
        disk.plan(|plan| plan.sync.extend([fault; 3]));
        spool.append(webhook("refused")).await.expect_err("refused");
        until("the disk is seen to be well", || {
            spool.state() == State::Open
        })
        .await;
        assert_eq!(bodies(&spool).await, ["before"]);
        assert_eq!(scene.segments().len(), 1, "nothing stays of the tries");
        keep(&spool, "after").await;
        assert_eq!(
            bodies(&scene.killed().open())
                .await
                .last()
                .map(String::as_str),
            Some("after")
        );
    }
}

#[tokio::test]
async fn a_hung_fsync_blocks_nobody_but_the_writer() {
    let (scene, disk) = (Scene::new(), Faulty::default());
    let spool = scene.open_on(Box::new(disk.clone()));
    keep(&spool, "before").await;
    disk.plan(|plan| plan.hung = true);
    let tickets: Vec<_> = ["one", "two"]
        .map(|name| spool.append(webhook(name)))
        .into();
    until("the hang is told", || {
        matches!(spool.state(), State::Hung(_))
    })
    .await;
    assert_eq!(
        bodies(&spool).await,
        ["before"],
        "reading goes on, and shows what is durable alone"
    );
    assert_eq!(spool.depth().records, 3, "what is queued counts");
    assert!(
        !spool.close(Duration::from_millis(10)).await,
        "closing does not wait for ever"
    );
    assert_eq!(spool.append(webhook("late")).await, Err(NotKept::Stopped));
    disk.plan(|plan| plan.hung = false);
    for ticket in tickets {
        ticket.await.expect("kept in the end");
    }
    assert_eq!(bodies(&spool).await, ["before", "one", "two"]);
}

/// It is closed, or its thread has panicked: either way nothing is taken any more.
#[tokio::test]
async fn a_spool_whose_writer_has_ended_is_not_open() {
    let spool = Scene::new().open();
    assert!(spool.close(Duration::from_secs(20)).await);
    assert_eq!(spool.append(webhook("late")).await, Err(NotKept::Stopped));
    assert!(
        matches!(spool.state(), State::Failing(_)),
        "{:?}",
        spool.state()
    );
}

#[tokio::test]
async fn all_that_wait_share_one_fsync() {
    let (scene, disk) = (Scene::new(), Faulty::default());
    let spool = scene.open_on(Box::new(disk.clone()));
    disk.plan(|plan| plan.hung = true);
    let first = spool.append(webhook("first"));
    until("the writer is at it", || spool.shared().is_busy()).await;
    let rest: Vec<_> = (0..20).map(|_| spool.append(webhook("rest"))).collect();
    disk.plan(|plan| plan.hung = false);
    first.await.expect("kept");
    for ticket in rest {
        ticket.await.expect("kept");
    }
    assert_eq!(disk.plan(|plan| plan.syncs), 2);
}
