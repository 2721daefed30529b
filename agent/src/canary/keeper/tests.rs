//! The keeper over a simulated path, on a paused clock.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use sabai_wire::dial::DialError;
use sabai_wire::fault::Fault;
use sabai_wire::link::End;
use sabai_wire::stage::Stage;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until, timeout};

use super::super::path::Canary;
use super::super::{ClosedBy, Finding};
use super::*;

/// What all sessions of a path share.
#[derive(Debug, Default)]
struct State {
    /// In milliseconds; 0 is none.
    idle_timeout: AtomicUsize,
    resets: AtomicBool,
    refuses: AtomicBool,
    open: AtomicUsize,
    peak: AtomicUsize,
    opened: AtomicUsize,
}

struct Simulated(Arc<State>);

struct Session {
    since: Instant,
    state: Arc<State>,
}

impl Session {
    fn death(&self) -> Option<Instant> {
        let millis = self.state.idle_timeout.load(Ordering::Relaxed) as u64;
        (millis > 0).then(|| self.since + Duration::from_millis(millis))
    }
}

impl Path for Simulated {
    type Canary = Session;

    async fn open(&self, _: Duration) -> Result<Session, DialError> {
        sleep(Duration::from_millis(5)).await;
        if self.0.refuses.load(Ordering::Relaxed) {
            return Err(DialError::new(Stage::Tcp, Fault::Refused, "refused"));
        }
        self.0.opened.fetch_add(1, Ordering::Relaxed);
        let open = self.0.open.fetch_add(1, Ordering::Relaxed) + 1;
        self.0.peak.fetch_max(open, Ordering::Relaxed);
        Ok(Session {
            since: Instant::now(),
            state: Arc::clone(&self.0),
        })
    }
}

impl Canary for Session {
    async fn ended(&self) -> End {
        match self.death() {
            Some(death) if self.state.resets.load(Ordering::Relaxed) => {
                sleep_until(death).await;
                End::Lost(Fault::ConnectionReset)
            }
            _ => std::future::pending().await,
        }
    }

    async fn ask(&self, deadline: Instant) -> Result<(), Fault> {
        if self.death().is_some_and(|death| death <= Instant::now())
            || self.state.refuses.load(Ordering::Relaxed)
        {
            sleep_until(deadline).await;
            return Err(Fault::Silent);
        }
        Ok(())
    }

    async fn close(self) {}
}

impl Drop for Session {
    fn drop(&mut self) {
        self.state.open.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A keeper at work; the process was asleep for as long as `asleep` says.
struct Scene {
    state: Arc<State>,
    asleep: watch::Sender<Duration>,
    known: watch::Receiver<Knowledge>,
    keeper: JoinHandle<()>,
}

impl Scene {
    fn new(idle_timeout: usize, resets: bool) -> Self {
        let state = Arc::new(State::default());
        state.idle_timeout.store(idle_timeout, Ordering::Relaxed);
        state.resets.store(resets, Ordering::Relaxed);
        let (asleep, read) = watch::channel(Duration::ZERO);
        let began = Instant::now();
        let awake = move || Moment(began.elapsed().saturating_sub(*read.borrow()));
        let path = Simulated(Arc::clone(&state));
        let (keeper, known) = Keeper::new(path, awake, Limits::default());
        Self {
            state,
            asleep,
            known,
            keeper: tokio::spawn(keeper.run()),
        }
    }

    /// Waits in virtual time until this is known.
    async fn until(&mut self, seconds: u64, what: impl Fn(&Knowledge) -> bool) -> Knowledge {
        let mut known = self.known.clone();
        let limit = Duration::from_secs(seconds);
        let waited = timeout(limit, known.wait_for(|known| what(known))).await;
        let last = || format!("{:?} {:?}", self.known.borrow(), self.state);
        let known = waited.unwrap_or_else(|_| panic!("{}", last()));
        known.expect("the keeper lives").clone()
    }
}

fn is_found(known: &Knowledge) -> bool {
    known.finding.is_some()
}

fn assert_is(known: &Knowledge, millis: u64, closed_by: ClosedBy) {
    let Some(Finding {
        alive_after,
        dead_after,
        closed_by: by,
    }) = known.finding
    else {
        panic!("{known:?}")
    };
    let timeout = Duration::from_millis(millis);
    assert!(alive_after < timeout && timeout <= dead_after, "{known:?}");
    assert!(dead_after <= alive_after.mul_f64(1.05), "{known:?}");
    assert_eq!(by, closed_by);
    assert!(known.confirmed_at.is_some());
}

#[tokio::test(start_paused = true)]
async fn it_finds_what_the_path_does_with_few_sessions() {
    for (resets, closed_by) in [(false, ClosedBy::Silent), (true, ClosedBy::Reset)] {
        let mut scene = Scene::new(10_000, resets);
        let known = scene.until(120, is_found).await;
        assert_is(&known, 10_000, closed_by);
        assert!(scene.state.peak.load(Ordering::Relaxed) <= 4);
        // Nothing is parked until it is looked again.
        assert!(!known.searching, "{known:?}");
        assert_eq!(scene.state.open.load(Ordering::Relaxed), 0);
        let opened = scene.state.opened.load(Ordering::Relaxed);
        sleep(Duration::from_secs(3_000)).await;
        assert_eq!(scene.state.opened.load(Ordering::Relaxed), opened);
        // Only the time of the confirmation changes.
        let first = known.confirmed_at;
        let again = scene.until(700, |known| known.confirmed_at != first).await;
        assert_eq!(again.finding, known.finding);
    }
}

#[tokio::test(start_paused = true)]
async fn a_path_that_fails_for_all_is_no_idle_timeout() {
    let mut scene = Scene::new(0, false);
    scene.until(60, |known| known.longest_alive.is_some()).await;
    // Nobody answers, and no fresh session can be had.
    scene.state.refuses.store(true, Ordering::Relaxed);
    let opened = scene.state.opened.load(Ordering::Relaxed);
    sleep(Duration::from_secs(600)).await;
    assert_eq!(scene.known.borrow().shortest_dead, None);
    assert_eq!(scene.state.open.load(Ordering::Relaxed), 0);
    assert_eq!(scene.state.opened.load(Ordering::Relaxed), opened);
    scene.state.refuses.store(false, Ordering::Relaxed);
    let known = scene.until(2_000, |known| !known.searching).await;
    assert_eq!((known.finding, known.shortest_dead), (None, None));
}

#[tokio::test(start_paused = true)]
async fn a_process_that_stood_still_learned_nothing_by_it() {
    let mut scene = Scene::new(60_000, false);
    let alive = |known: &Knowledge| known.longest_alive >= Some(Duration::from_secs(8));
    scene.until(60, alive).await;
    let before = scene.known.borrow().clone();
    sleep(Duration::from_secs(10)).await;
    // Four sessions of 16 s and more are parked; all were idle for longer than was counted.
    scene.asleep.send_replace(Duration::from_secs(8));
    sleep(Duration::from_secs(10)).await;
    assert_eq!(*scene.known.borrow(), before);
    let known = scene.until(600, is_found).await;
    assert_is(&known, 60_000, ClosedBy::Silent);
}

#[tokio::test(start_paused = true)]
async fn who_asks_late_learned_nothing_by_it() {
    let mut scene = Scene::new(0, false);
    let alive = |known: &Knowledge| known.longest_alive >= Some(Duration::from_secs(8));
    let before = scene.until(60, alive).await;
    sleep(Duration::from_secs(12)).await;
    assert_eq!(scene.state.open.load(Ordering::Relaxed), 4);
    // In one step: whatever was due in between comes late.
    tokio::time::advance(Duration::from_secs(200)).await;
    sleep(Duration::from_secs(1)).await;
    assert_eq!(*scene.known.borrow(), before);
    let known = scene.until(2_000, |known| !known.searching).await;
    assert_eq!((known.finding, known.shortest_dead), (None, None));
}

#[tokio::test(start_paused = true)]
async fn its_sessions_end_with_it() {
    let scene = Scene::new(0, false);
    // The second round: 16, 32, 64 and 128 s.
    sleep(Duration::from_secs(20)).await;
    assert_eq!(scene.state.open.load(Ordering::Relaxed), 4);
    scene.keeper.abort();
    assert!(scene.keeper.await.expect_err("aborted").is_cancelled());
    // The runtime drops an aborted task when it comes to it.
    timeout(Duration::from_secs(1), async {
        while scene.state.open.load(Ordering::Relaxed) > 0 {
            tokio::task::yield_now().await;
        }
    })
    .await
    .unwrap_or_else(|_| panic!("{:?}", scene.state));
}
