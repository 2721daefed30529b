//! Searches over simulated paths, in virtual time.

use std::fmt::Write;

use super::super::ClosedBy;
use super::*;

/// How long it takes to learn that nobody answers.
const DEADLINE: f64 = 2.0;

/// A path with an idle timeout, or none, that may change, and what else happens to its sessions.
struct Path {
    /// From these seconds on the idle timeout is this one.
    timeouts: Vec<(f64, Option<f64>)>,
    closed_by: ClosedBy,
    /// The timeout of each session differs by up to this share.
    jitter: f64,
    /// At this moment all sessions end.
    event: Option<(f64, Event)>,
    random: u64,
}

#[derive(Clone, Copy)]
enum Event {
    /// The server says why.
    Restart,
    /// By RST, without a word.
    Reset,
}

#[derive(Clone, Copy, Debug)]
struct Parked {
    id: u64,
    since: f64,
    told: Told,
    /// When the search hears of it.
    heard: f64,
}

impl Path {
    fn with(timeout: Option<f64>, closed_by: ClosedBy) -> Self {
        Self {
            timeouts: vec![(0.0, timeout)],
            closed_by,
            jitter: 0.0,
            event: None,
            random: 7,
        }
    }

    /// From -1 to 1.
    fn random(&mut self) -> f64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        (self.random % 2_000_001) as f64 / 1e6 - 1.0
    }

    /// When a session dies that is idle since then.
    fn death(&mut self, since: f64) -> f64 {
        let factor = 1.0 + self.jitter * self.random();
        let ends = self.timeouts.iter().skip(1).map(|(from, _)| *from);
        let ends: Vec<_> = ends.chain([f64::INFINITY]).collect();
        let phases = self.timeouts.iter().zip(ends);
        let deaths = phases.filter_map(|((from, timeout), end)| {
            let death = (since + (*timeout)? * factor).max(*from).max(since);
            (death < end).then_some(death)
        });
        deaths.fold(f64::INFINITY, f64::min)
    }

    fn park(&mut self, id: u64, age: Duration, since: f64) -> Parked {
        // Asking is a little late, as it is in reality.
        let asked = since + age.as_secs_f64() + 0.002;
        let death = self.death(since);
        let event = self.event.filter(|(at, _)| *at > since);
        let (event, kind) = event.map_or((f64::INFINITY, Event::Restart), |event| event);
        let silent = self.closed_by == ClosedBy::Silent;
        let (at, outcome) = if event < asked.min(death) || (silent && event < asked) {
            let outcome = match kind {
                Event::Restart => Outcome::Spoiled,
                Event::Reset => Outcome::Ended(ClosedBy::Reset),
            };
            (event, outcome)
        } else if death > asked {
            (asked, Outcome::Alive)
        } else if silent {
            (asked, Outcome::FoundDead(ClosedBy::Silent))
        } else {
            (death, Outcome::Ended(self.closed_by))
        };
        let found = matches!(outcome, Outcome::FoundDead(_));
        let told = Told {
            at: moment(at),
            age: Duration::from_secs_f64(at - since),
            outcome,
        };
        let heard = at + if found { DEADLINE } else { 0.01 };
        Parked {
            id,
            since,
            told,
            heard,
        }
    }
}

fn moment(seconds: f64) -> Moment {
    Moment(Duration::from_secs_f64(seconds))
}

/// A search over a path.
struct Run {
    path: Path,
    search: Search,
    now: f64,
    parked: Vec<Parked>,
    sessions: usize,
    log: String,
}

impl Run {
    fn new(path: Path) -> Self {
        Self {
            path,
            search: Search::new(Limits::default()),
            now: 0.0,
            parked: vec![],
            sessions: 0,
            log: String::new(),
        }
    }

    /// Goes on until it is so; with the whole story when it is not within so many seconds.
    fn until(&mut self, limit: f64, what: impl Fn(&Search) -> bool) -> &mut Self {
        loop {
            let next = self.search.next(moment(self.now));
            if what(&self.search) {
                return self;
            }
            let (now, log) = (self.now, &self.log);
            assert!(now < limit, "at {now}: {:?}\n{log}", self.search);
            let search = &self.search;
            self.parked.retain(|one| search.is_parked(one.id));
            match next {
                Next::Park(id, age) => self.park(id, age),
                Next::Wait(until) => {
                    let until = until.map_or(f64::INFINITY, |until| until.0.as_secs_f64());
                    self.wait(until.min(limit));
                }
            }
        }
    }

    fn park(&mut self, id: u64, age: Duration) {
        let parked = self.path.park(id, age, self.now);
        writeln!(self.log, "{:.1} {parked:?}", self.now).expect("a String takes all");
        self.parked.push(parked);
        assert!(self.parked.len() <= 4, "{:?}", self.parked);
        self.search.parked(id, moment(self.now));
        self.sessions += 1;
    }

    fn wait(&mut self, until: f64) {
        let first = self.parked.iter().map(|one| one.heard);
        let first = first.fold(f64::INFINITY, f64::min);
        // Virtual time is whole nanoseconds.
        self.now = first.min(until).max(self.now) + 1e-6;
        if let Some(at) = self.parked.iter().position(|one| one.heard <= self.now) {
            let heard = self.parked.swap_remove(at);
            assert!(heard.told.age.as_secs_f64() <= self.now - heard.since);
            self.search.told(heard.id, heard.told, moment(self.now));
        }
    }

    fn found(&self) -> Finding {
        self.search.knowledge().finding.expect("found")
    }

    /// Within 5 % of this one, and told by the right end. Gives what was found in words.
    fn assert_is(&self, timeout: f64, closed_by: ClosedBy) -> String {
        let found = self.found();
        let (alive, dead) = (found.alive_after, found.dead_after);
        let (alive, dead) = (alive.as_secs_f64(), dead.as_secs_f64());
        let (below, above) = (1.0 - alive / timeout, dead / timeout - 1.0);
        let (now, sessions) = (self.now, self.sessions);
        let told = format!(
            "{timeout} s, {}, jitter {} %: alive {alive:.2} ({:.1} % below), dead {dead:.2} ({:.1} % above), {sessions} sessions, {now:.0} s",
            found.closed_by.as_str(),
            self.path.jitter * 100.0,
            below * 100.0,
            above * 100.0
        );
        let noise = self.path.jitter + 0.001;
        assert!(below <= 0.05 && above <= 0.05, "{told}");
        assert!(below >= -noise && above >= -noise, "{told}");
        assert!(dead <= alive * WITHIN, "{told}");
        assert_eq!(found.closed_by, closed_by, "{told}");
        told
    }
}

fn is_found(search: &Search) -> bool {
    search.finding.is_some()
}

#[test]
fn each_timeout_is_found_however_it_ends_sessions_and_soon() {
    // The timeout, and the longest that finding it may take, in seconds.
    let table = [
        (0.3, 20.0),
        (2.0, 20.0),
        (3.3, 30.0),
        (10.0, 90.0),
        (60.0, 400.0),
        (350.0, 3_000.0),
        (700.0, 5_000.0),
    ];
    for (timeout, limit) in table {
        for closed_by in ClosedBy::ALL {
            for jitter in [0.0, 0.01] {
                let mut path = Path::with(Some(timeout), *closed_by);
                path.jitter = jitter;
                // An unlucky path of jitter takes a few rounds more.
                let limit = if jitter > 0.0 { limit * 2.0 } else { limit };
                let mut run = Run::new(path);
                let told = run.until(limit, is_found).assert_is(timeout, *closed_by);
                #[expect(clippy::print_stdout, reason = "for who runs it with --nocapture")]
                {
                    println!("{told}");
                }
                assert!(run.sessions < 40, "{} sessions", run.sessions);
            }
        }
    }
}

#[test]
fn jitter_costs_a_few_rounds_at_most() {
    for random in 1..=200 {
        for closed_by in [ClosedBy::Silent, ClosedBy::Reset] {
            let mut path = Path::with(Some(60.0), closed_by);
            (path.jitter, path.random) = (0.01, random * 0x9e37_79b9);
            let mut run = Run::new(path);
            run.until(1_200.0, is_found).assert_is(60.0, closed_by);
        }
    }
}

#[test]
fn a_path_without_one_has_no_bound_and_is_looked_at_again() {
    let mut run = Run::new(Path::with(None, ClosedBy::Silent));
    let rests = |search: &Search| !search.knowledge().searching;
    run.until(1_200.0, rests);
    let knowledge = run.search.knowledge();
    let largest = Limits::default().largest;
    assert!(knowledge.longest_alive.is_some_and(|age| age >= largest));
    assert_eq!((knowledge.finding, knowledge.shortest_dead), (None, None));
    let before = run.sessions;
    run.path.timeouts.push((run.now, Some(60.0)));
    run.until(9_000.0, is_found);
    run.assert_is(60.0, ClosedBy::Silent);
    assert!(run.sessions > before);
}

#[test]
fn a_timeout_that_changes_is_found_again() {
    for (before, after) in [(10.0, 60.0), (60.0, 10.0), (60.0, 64.0), (350.0, 2.0)] {
        for closed_by in [ClosedBy::Silent, ClosedBy::Reset] {
            let mut run = Run::new(Path::with(Some(before), closed_by));
            run.until(3_000.0, is_found).assert_is(before, closed_by);
            let first = run.found();
            run.path.timeouts.push((run.now, Some(after)));
            let again = |search: &Search| search.finding.is_some_and(|found| found != first);
            run.until(run.now + 3_600.0 + 2_000.0, again);
            run.assert_is(after, closed_by);
        }
    }
}

#[test]
fn one_that_stays_is_confirmed_each_hour() {
    let mut run = Run::new(Path::with(Some(60.0), ClosedBy::Closed));
    run.until(400.0, is_found);
    let (found, first) = (run.found(), run.search.confirmed());
    run.until(5_000.0, |search| search.confirmed() != first);
    assert_eq!(run.found(), found);
    assert!(run.now > 3_600.0);
}

#[test]
fn a_restart_in_the_middle_is_no_idle_timeout() {
    for event in [Event::Restart, Event::Reset] {
        for at in (1..400).step_by(3).map(f64::from) {
            for closed_by in [ClosedBy::Silent, ClosedBy::Closed] {
                let mut path = Path::with(Some(60.0), closed_by);
                path.event = Some((at, event));
                let mut run = Run::new(path);
                run.until(2_000.0, is_found).assert_is(60.0, closed_by);
            }
            let mut path = Path::with(None, ClosedBy::Silent);
            path.event = Some((at, event));
            let mut run = Run::new(path);
            run.until(4_000.0, |search| !search.knowledge().searching);
            assert_eq!(run.search.finding, None, "{at}");
        }
    }
}

#[test]
fn nothing_is_parked_in_haste_when_every_session_is_spoiled() {
    let mut search = Search::new(Limits::default());
    let (mut now, mut sessions) = (Moment::default(), 0);
    while now.0 < Duration::from_secs(3_600) {
        match search.next(now) {
            Next::Park(id, _) => {
                search.parked(id, now);
                let told = Told {
                    at: now,
                    age: Duration::ZERO,
                    outcome: Outcome::Spoiled,
                };
                search.told(id, told, now);
                sessions += 1;
            }
            Next::Wait(until) => now = until.expect("a pause"),
        }
    }
    assert!((100..300).contains(&sessions), "{sessions}");
    assert_eq!(search.knowledge().longest_alive, None);
    assert!(search.knowledge().searching);
}

#[test]
fn a_path_that_ends_sessions_at_once_is_let_alone() {
    let mut run = Run::new(Path::with(Some(0.02), ClosedBy::Reset));
    run.until(60.0, |search| !search.knowledge().searching);
    assert_eq!(run.search.finding, None);
    assert!(run.sessions < 10, "{}", run.sessions);
}
