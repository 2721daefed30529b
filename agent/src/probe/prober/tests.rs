//! A route that plays a script, on a paused clock: what is told, when, and how many sessions are open.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use super::*;
use crate::probe::report::Wrote;
use crate::probe::sample;

/// What a path of the script does; without one it is good.
#[derive(Clone, Copy)]
enum Step {
    Fails(Fault),
    /// The process is stopped in it for a minute.
    StandsStill,
    /// The session that it leads to never answers.
    Mute,
}

/// What route, sessions and test share.
#[derive(Default)]
struct World {
    steps: Mutex<VecDeque<Step>>,
    /// Time in which the process stood still.
    stopped: Mutex<Duration>,
    open: AtomicUsize,
    peak: AtomicUsize,
    /// Ends the session that waits for it.
    end: Notify,
    /// How many paths had to write.
    writes: AtomicUsize,
}

struct Script(Arc<World>);

struct Played {
    world: Arc<World>,
    mute: bool,
}

impl Drop for Played {
    fn drop(&mut self) {
        self.world.open.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Kept for Played {
    async fn ping(&self) -> Result<(), Fault> {
        sleep(Duration::from_millis(1)).await;
        if self.mute {
            return Err(Fault::Silent);
        }
        Ok(())
    }

    async fn ended(&self) -> Fault {
        self.world.end.notified().await;
        Fault::Terminated
    }

    async fn close(self) {}
}

impl Route for Script {
    type Session = Played;

    async fn path(&mut self, _: &ProbeSettings, write: bool) -> (PathReport, Option<Played>) {
        let world = &self.0;
        let step = world.steps.lock().expect("whole").pop_front();
        sleep(Duration::from_millis(10)).await;
        if let Some(Step::Fails(fault)) = step {
            let error = sample::failed(Stage::Tcp, fault, "scripted");
            return (PathReport::of_failure(sample::began(), &error), None);
        }
        if matches!(step, Some(Step::StandsStill)) {
            sleep(Duration::from_secs(60)).await;
            *world.stopped.lock().expect("whole") += Duration::from_secs(60);
        }
        world.writes.fetch_add(write.into(), Ordering::SeqCst);
        let open = world.open.fetch_add(1, Ordering::SeqCst) + 1;
        world.peak.fetch_max(open, Ordering::SeqCst);
        let played = Played {
            world: Arc::clone(world),
            mute: matches!(step, Some(Step::Mute)),
        };
        let report = PathReport::of_session(sample::began(), &sample::facts(), &Wrote::NotWanted);
        (report, Some(played))
    }
}

struct Scene {
    world: Arc<World>,
    began: Instant,
    seen: mpsc::Receiver<Seen>,
    settings: watch::Sender<ProbeSettings>,
    running: JoinHandle<()>,
}

impl Scene {
    fn new(steps: &[Step]) -> Self {
        let world = Arc::new(World::default());
        world.steps.lock().expect("whole").extend(steps);
        let (settings, of_prober) = watch::channel(sample::settings());
        let (sender, seen) = mpsc::channel(1);
        let began = Instant::now();
        let clock = Arc::clone(&world);
        let awake = move || Moment(began.elapsed() - *clock.stopped.lock().expect("whole"));
        let route = Script(Arc::clone(&world));
        let hurry = Arc::default();
        let prober = Prober::new(route, of_prober, hurry, awake, || 0.5, sender);
        Self {
            world,
            began,
            seen,
            settings,
            running: tokio::spawn(prober.run()),
        }
    }

    /// The next look: the second of its end, what it was, and how it failed.
    async fn next(&mut self) -> (f64, Look, Option<Fault>) {
        let limit = Duration::from_secs(120);
        let seen = tokio::time::timeout(limit, self.seen.recv()).await;
        let Seen { sight, path } = seen.expect("in time").expect("it looks");
        assert_eq!(path.is_some(), sight.look == Look::Path);
        let second = self.began.elapsed().as_secs_f64();
        let fault = sight.outcome.err().map(|cause| cause.fault);
        ((second * 10.0).round() / 10.0, sight.look, fault)
    }

    async fn expect(&mut self, table: &[(f64, Look, Option<Fault>)]) {
        for expected in table {
            assert_eq!(self.next().await, *expected);
        }
    }
}

const PING: Look = Look::Ping;
const PATH: Look = Look::Path;

#[tokio::test(start_paused = true)]
async fn a_ping_each_second_a_path_each_interval_and_one_session_stays() {
    let mut scene = Scene::new(&[]);
    scene.expect(&[(0.0, PATH, None)]).await;
    for second in 1..10 {
        scene.expect(&[(f64::from(second), PING, None)]).await;
    }
    scene
        .expect(&[(10.0, PATH, None), (11.0, PING, None)])
        .await;
    let world = &scene.world;
    assert_eq!(world.peak.load(Ordering::SeqCst), 2, "old and new");
    assert_eq!(world.open.load(Ordering::SeqCst), 1);
    assert_eq!(world.writes.load(Ordering::SeqCst), 1, "the first path");

    let Scene { seen, running, .. } = scene;
    drop(seen);
    running.await.expect("it ends when nobody listens");
}

#[tokio::test(start_paused = true)]
async fn a_session_that_does_not_answer_or_ends_makes_a_path_due_at_once() {
    let mut scene = Scene::new(&[Step::Mute]);
    scene
        .expect(&[
            (0.0, PATH, None),
            (1.0, PING, Some(Fault::Silent)),
            (1.0, PATH, None),
            (1.5, PATH, None),
            (2.5, PING, None),
        ])
        .await;
    scene.world.end.notify_one();
    scene
        .expect(&[
            (2.5, PING, Some(Fault::Terminated)),
            (2.5, PATH, None),
            (3.1, PATH, None),
        ])
        .await;
    assert_eq!(scene.world.open.load(Ordering::SeqCst), 1);
}

#[tokio::test(start_paused = true)]
async fn the_kept_session_is_asked_while_paths_fail() {
    let mut scene = Scene::new(&[]);
    scene.expect(&[(0.0, PATH, None)]).await;
    let steps = [Step::Fails(Fault::Refused); 3];
    scene.world.steps.lock().expect("whole").extend(steps);
    while scene.next().await.1 == PING {}
    scene
        .expect(&[
            (10.0, PING, None),
            (10.5, PATH, Some(Fault::Refused)),
            (11.0, PING, None),
            (11.5, PATH, Some(Fault::Refused)),
            (12.0, PING, None),
            (13.0, PING, None),
            (13.5, PATH, None),
        ])
        .await;
    assert_eq!(scene.world.open.load(Ordering::SeqCst), 1);
}

#[tokio::test(start_paused = true)]
async fn what_was_seen_while_the_process_stood_still_is_not_told() {
    let mut scene = Scene::new(&[Step::StandsStill]);
    scene.expect(&[(60.0, PATH, None)]).await;
    scene.expect(&[(61.0, PING, None)]).await;
    // Stopped between two looks, while the server ended the session.
    let still = Duration::from_millis(400);
    *scene.world.stopped.lock().expect("whole") += still;
    scene.world.end.notify_one();
    tokio::time::advance(still).await;
    scene.expect(&[(61.4, PATH, None)]).await;
    scene.expect(&[(62.4, PING, None)]).await;
    assert_eq!(scene.world.open.load(Ordering::SeqCst), 1);
}

#[tokio::test(start_paused = true)]
async fn settings_are_followed_at_once() {
    let mut scene = Scene::new(&[]);
    scene.expect(&[(0.0, PATH, None), (1.0, PING, None)]).await;
    scene
        .settings
        .send_modify(|settings| settings.interval = Duration::from_millis(1500));
    scene
        .expect(&[(1.5, PATH, None), (2.5, PING, None), (3.0, PATH, None)])
        .await;
}
