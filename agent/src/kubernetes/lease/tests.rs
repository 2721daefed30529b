use std::time::Duration;

use k8s_openapi::jiff::{SignedDuration, Timestamp};

use super::*;

/// Renewed each 90 s, waited for 210 s, held for 180 s.
const INTERVAL: Duration = Duration::from_secs(120);
const EVEN: f64 = 0.5;

fn config(pod: &str) -> ClusterConfig {
    ClusterConfig {
        pool_config: "shop".to_owned(),
        pod: pod.to_owned(),
        pod_uid: "1".to_owned(),
        namespace: "line".to_owned(),
        node: None,
        kubeconfig: None,
        report_interval: INTERVAL,
    }
}

fn account(name: &str, uid: &str) -> Option<Account> {
    Some(Account {
        name: name.to_owned(),
        uid: uid.to_owned(),
    })
}

/// Keeps one Lease as the API server does: whoever writes must have read the last version.
#[derive(Default)]
struct Server {
    lease: Option<Lease>,
    version: u32,
}

impl Server {
    fn write(&mut self, mut lease: Lease) -> bool {
        let of = |lease: &Lease| lease.metadata.resource_version.clone();
        if self.lease.as_ref().and_then(of) != of(&lease) {
            return false;
        }
        self.version += 1;
        lease.metadata.resource_version = Some(self.version.to_string());
        self.lease = Some(lease);
        true
    }

    fn spec(&self) -> &LeaseSpec {
        let lease = self.lease.as_ref().expect("a Lease");
        lease.spec.as_ref().expect("a spec")
    }
}

/// An agent, by a clock that differs from others' by so many hours.
struct Agent {
    candidate: Candidate,
    hours: i64,
}

impl Agent {
    fn new(pod: &str, hours: i64) -> Self {
        let mut candidate = Candidate::new(config(pod));
        candidate.belongs_to(account("shop", "u"));
        Self { candidate, hours }
    }

    fn clock(&self, seconds: u64) -> MicroTime {
        let hours = SignedDuration::from_hours(self.hours);
        let at = Timestamp::UNIX_EPOCH + SignedDuration::from_secs(1_800_000_000);
        MicroTime(at + SignedDuration::from_secs(seconds as i64) + hours)
    }

    fn look(&mut self, lease: Option<&Lease>, begin: Instant, seconds: u64) -> Turn {
        let (now, clock) = (begin + Duration::from_secs(seconds), self.clock(seconds));
        self.candidate.look(lease, now, EVEN, &clock)
    }

    /// A look at what is there, and the write that follows.
    fn turn(&mut self, server: &mut Server, begin: Instant, seconds: u64) -> String {
        let turn = self.look(server.lease.clone().as_ref(), begin, seconds);
        let (word, lease) = match turn {
            Turn::Wait(until) => return format!("waits until {}", (until - begin).as_secs()),
            Turn::NameInUse(_) => return "name in use".to_owned(),
            Turn::Create(lease) => ("creates", lease),
            Turn::Renew(lease) => ("renews", lease),
            Turn::TakeOver(lease) => ("takes over", lease),
        };
        if !server.write(*lease) {
            return format!("{word}: conflict");
        }
        let sent = begin + Duration::from_secs(seconds);
        self.candidate.wrote(sent, EVEN);
        word.to_owned()
    }

    fn holds(&self, begin: Instant, seconds: u64) -> bool {
        let now = begin + Duration::from_secs(seconds);
        self.candidate.holds_until().is_some_and(|end| now < end)
    }
}

/// Plays it: when, which agent, what it does; then who holds the Lease.
fn play(agents: &mut [Agent], server: &mut Server, story: &[(u64, usize, &str, &[usize])]) {
    let begin = Instant::now();
    for (seconds, who, does, hold) in story {
        let done = agents[*who].turn(server, begin, *seconds);
        assert_eq!(done, *does, "agent {who} at {seconds}");
        let holding = |agent: &usize| agents[*agent].holds(begin, *seconds);
        let holding: Vec<usize> = (0..agents.len()).filter(holding).collect();
        assert_eq!(holding, *hold, "at {seconds}");
        assert!(holding.len() < 2, "two hold it at {seconds}");
    }
}

#[test]
fn one_of_two_holds_and_the_other_takes_over_after_its_death() {
    let (mut agents, mut server) = ([Agent::new("a", 0), Agent::new("b", 0)], Server::default());
    let story: [(u64, usize, &str, &[usize]); 9] = [
        (0, 0, "creates", &[0]),
        (1, 1, "waits until 91", &[0]),
        (90, 0, "renews", &[0]),
        (91, 1, "waits until 181", &[0]),
        (180, 0, "renews", &[0]),
        // It dies. The other sees its last word at 181, and waits 210 s for the next one.
        (181, 1, "waits until 271", &[0]),
        (271, 1, "waits until 361", &[0]),
        (361, 1, "waits until 391", &[]),
        (391, 1, "takes over", &[1]),
    ];
    play(&mut agents, &mut server, &story);
    let spec = server.spec();
    assert_eq!(spec.holder_identity.as_deref(), Some("b_1"));
    assert_eq!(spec.lease_transitions, Some(1));
    assert_eq!(spec.lease_duration_seconds, Some(210));
    assert_eq!(spec.acquire_time, spec.renew_time);
}

#[test]
fn a_clock_that_is_hours_off_on_either_side_changes_nothing() {
    for hours in [-1, 1, 24] {
        let (mut agents, mut server) = (
            [Agent::new("a", hours), Agent::new("b", 0)],
            Server::default(),
        );
        let story: [(u64, usize, &str, &[usize]); 7] = [
            (0, 0, "creates", &[0]),
            (10, 1, "waits until 100", &[0]),
            (90, 0, "renews", &[0]),
            (100, 1, "waits until 190", &[0]),
            (190, 1, "waits until 280", &[0]),
            (280, 1, "waits until 310", &[]),
            (310, 1, "takes over", &[1]),
        ];
        play(&mut agents, &mut server, &story);
    }
}

#[test]
fn a_holder_that_stood_still_writes_nothing_until_it_holds_again() {
    let (mut agents, mut server) = ([Agent::new("a", 0), Agent::new("b", 0)], Server::default());
    let story: [(u64, usize, &str, &[usize]); 7] = [
        (0, 0, "creates", &[0]),
        (10, 1, "waits until 100", &[0]),
        (100, 1, "waits until 190", &[0]),
        (190, 1, "waits until 220", &[]),
        // It wakes in time, nobody was faster, and a write makes it the holder again.
        (215, 0, "renews", &[0]),
        (220, 1, "waits until 310", &[0]),
        (310, 1, "waits until 400", &[0]),
    ];
    play(&mut agents, &mut server, &story);
}

#[test]
fn of_two_who_believe_that_it_is_theirs_one_writes() {
    let (mut agents, mut server) = ([Agent::new("a", 0), Agent::new("b", 0)], Server::default());
    let begin = Instant::now();
    assert_eq!(agents[0].turn(&mut server, begin, 0), "creates");
    let as_it_wrote = server.lease.clone();
    assert_eq!(agents[1].turn(&mut server, begin, 1), "waits until 91");
    assert_eq!(agents[1].turn(&mut server, begin, 211), "takes over");
    // The first wakes, and renews by what it knows.
    assert!(!agents[0].holds(begin, 212));
    let Turn::Renew(lease) = agents[0].look(as_it_wrote.as_ref(), begin, 212) else {
        panic!("it does not know better");
    };
    assert!(!server.write(*lease), "what it knows is old");
    assert!(!agents[0].holds(begin, 212));
    assert_eq!(agents[0].turn(&mut server, begin, 213), "waits until 303");
    // Two who wait see the same end.
    let mut third = Agent::new("c", 0);
    assert_eq!(third.turn(&mut server, begin, 213), "waits until 303");
    let seen = server.lease.clone();
    let taken = [&mut agents[0], &mut third].map(|agent| {
        let Turn::TakeOver(lease) = agent.look(seen.as_ref(), begin, 423) else {
            panic!("it has expired");
        };
        server.write(*lease)
    });
    assert_eq!(taken, [true, false]);
}

#[test]
fn a_lease_that_was_given_up_or_deleted_is_free_at_once() {
    let mut server = Server::default();
    let mut agents = [Agent::new("a", 0), Agent::new("b", 0)];
    let begin = Instant::now();
    assert_eq!(agents[0].turn(&mut server, begin, 0), "creates");
    let mut given_up = server.lease.clone().expect("a Lease");
    given_up.spec.get_or_insert_default().holder_identity = None;
    assert!(server.write(given_up));
    assert_eq!(agents[1].turn(&mut server, begin, 1), "takes over");
    assert_eq!(agents[0].turn(&mut server, begin, 2), "waits until 92");
    assert!(!agents[0].holds(begin, 2));
    server.lease = None;
    assert_eq!(agents[0].turn(&mut server, begin, 92), "creates");
    // A pod's next agent is the same holder.
    let mut next = Agent::new("a", 0);
    assert_eq!(next.turn(&mut server, begin, 93), "renews");
}

#[test]
fn a_lease_is_of_one_release_and_kept_by_its_account() {
    let begin = Instant::now();
    // The Lease's account, ours, what is done after its time, and the account's uid that the Lease has then.
    let shop = || account("shop", "u");
    let table = [
        ("ours", shop(), shop(), "takes over", Some("u")),
        (
            "another's",
            account("other", "o"),
            shop(),
            "name in use",
            Some("o"),
        ),
        (
            "made anew",
            account("shop", "old"),
            shop(),
            "takes over",
            Some("u"),
        ),
        ("nobody's", None, shop(), "takes over", Some("u")),
        (
            "we know none",
            account("other", "o"),
            None,
            "takes over",
            Some("o"),
        ),
        ("neither knows one", None, None, "takes over", None),
    ];
    for (what, of_lease, own, expected, uid) in table {
        let mut server = Server::default();
        let (mut first, mut second) = (Agent::new("a", 0), Agent::new("b", 0));
        first.candidate.belongs_to(of_lease);
        second.candidate.belongs_to(own);
        assert_eq!(first.turn(&mut server, begin, 0), "creates");
        second.turn(&mut server, begin, 0);
        assert_eq!(second.turn(&mut server, begin, 210), expected, "{what}");
        let metadata = server.lease.expect("a Lease").metadata;
        let owners = metadata.owner_references.unwrap_or_default();
        let uids: Vec<_> = owners.iter().map(|owner| owner.uid.as_str()).collect();
        assert_eq!(uids, uid.into_iter().collect::<Vec<_>>(), "{what}");
        assert_eq!(metadata.labels, None, "{what}");
    }
}
