//! The whole way from what is seen to what is done, story by story.

use std::net::{IpAddr, Ipv4Addr};
use std::time::SystemTime;

use sabai_wire::control::{ReadinessReport, RecycleKind, SessionReport};
use sabai_wire::fault::Fault;
use sabai_wire::stage::Stage;

use super::*;
use crate::acts::Recycle;
use crate::decision::Why;
use crate::page;
use crate::readiness::{Readiness, Why as Withdrawn};
use crate::verdict::Cause;

const STUCK_AFTER: Duration = Duration::from_secs(6);

/// A story with a clock of its own.
struct Story {
    mind: Mind,
    start: Instant,
    report: Report,
    met: Met,
}

impl Story {
    /// A bot that is well, with one session of a minute, to the server that the probe meets.
    fn new() -> Self {
        let mut report = page::report();
        report.readiness = ReadinessReport {
            ready: true,
            held: false,
            reason: None,
        };
        report.faults.clear();
        report.last_recycle = None;
        let session = report.sessions[0].clone();
        let met = Met {
            addresses: vec![session.peer.ip()],
            certificate: session.certificate_sha256.clone(),
            server_start: session.server_start.get(),
            server_address: session.server_address,
        };
        report.sessions = vec![SessionReport {
            age_milliseconds: 60_000,
            ..session
        }];
        let mind = Mind::new(Moment::default(), AgentSettings::default(), STUCK_AFTER);
        Self {
            mind,
            start: Instant::now(),
            report,
            met,
        }
    }

    fn at(&self, second: u64) -> Now {
        let since = Duration::from_secs(second);
        Now {
            moment: Moment(since),
            instant: self.start + since,
        }
    }

    fn path(&mut self, second: u64, outcome: Result<(), Cause>) -> bool {
        let now = self.at(second);
        let sight = Sight {
            at: now.moment,
            look: Look::Path,
            outcome,
        };
        let found = outcome.is_ok().then(|| Found {
            began: now.instant,
            met: self.met.clone(),
        });
        self.mind.sees(sight, found)
    }

    fn hear(&mut self, second: u64) {
        let at = self.at(second).moment;
        self.mind
            .hears(at, Ok(Arc::new(self.report.clone())), false);
    }

    fn decision(&mut self, second: u64) -> Decision {
        let now = self.at(second);
        self.mind.decision(now)
    }

    fn step(&mut self, second: u64) -> Step {
        let (now, decision) = (self.at(second), self.decision(second));
        self.mind.step(now, decision, 0.4)
    }

    fn readiness(&self, second: u64) -> Readiness {
        let situation = self.mind.standing(self.at(second).moment);
        readiness::judge(&situation, AgentSettings::default().readiness)
    }
}

const REFUSED: Result<(), Cause> = Err(Cause {
    stage: Stage::Tcp,
    fault: Fault::Refused,
});

const fn refresh(reason: RecycleReason) -> Recycle {
    Recycle {
        kind: RecycleKind::Refresh,
        reason,
    }
}

#[test]
fn nothing_is_done_while_all_is_well() {
    let mut story = Story::new();
    assert_eq!(
        story.readiness(0),
        Readiness::NotReady(Withdrawn::BotNeverHeard(None))
    );
    for second in [0, 10, 20, 30] {
        assert!(!story.path(second, Ok(())), "nothing new at {second}");
        story.hear(second);
        assert_eq!(story.decision(second), Decision::Nothing(Why::AllIsWell));
        assert_eq!(story.step(second), Step::Nothing);
        assert_eq!(story.readiness(second), Readiness::Ready);
    }
}

#[test]
fn after_a_restart_what_is_left_of_the_old_sessions_is_refreshed_once_paths_agree() {
    let mut story = Story::new();
    story.path(0, Ok(()));
    for second in [10, 11, 12] {
        story.path(second, REFUSED);
        story.hear(second);
    }
    let fault = Fault::Refused;
    assert_eq!(
        story.decision(12),
        Decision::Nothing(Why::NoFreshSession(fault))
    );
    assert_eq!(story.readiness(12), Readiness::Ready, "everyone's fault");
    story.met.server_start = SystemTime::now();
    assert!(story.path(13, Ok(())), "new: look again soon");
    assert!(story.path(14, Ok(())));
    story.hear(14);
    assert_eq!(story.decision(14), Decision::Nothing(Why::AllIsWell));
    assert!(!story.path(15, Ok(())), "three agree");
    let reason = RecycleReason::ServerRestarted;
    assert_eq!(story.decision(15), Decision::Refresh(reason));
    let due = Moment(Duration::from_secs(17));
    assert_eq!(story.step(15), Step::Announce(refresh(reason), due));
    assert_eq!(story.step(17), Step::Begin(refresh(reason)));
}

#[test]
fn a_new_password_renews_sessions_once_a_path_has_used_it() {
    let mut story = Story::new();
    let contents = |byte| Digests {
        password: Some([byte; 32]),
        ca: None,
        client_certificate: None,
    };
    let reads = |story: &mut Story, second, byte| {
        let now = story.at(second).instant;
        story.mind.reads(now, contents(byte))
    };
    story.path(0, Ok(()));
    story.hear(0);
    assert!(!reads(&mut story, 0, 1));
    assert!(reads(&mut story, 10, 2), "try it soon");
    assert_eq!(story.decision(10), Decision::Nothing(Why::AllIsWell));
    story.path(11, Ok(()));
    let reason = RecycleReason::PasswordChanged;
    assert_eq!(story.decision(11), Decision::RenewCredentials(reason));
    story.report.sessions[0].age_milliseconds = 500;
    story.hear(12);
    assert_eq!(
        story.decision(12),
        Decision::Nothing(Why::AllIsWell),
        "renewed"
    );
}

#[test]
fn an_expired_certificate_protects_what_works() {
    let mut story = Story::new();
    let cause = Cause {
        stage: Stage::Tls,
        fault: Fault::CertificateExpired,
    };
    story.path(0, Ok(()));
    story.path(10, Err(cause));
    story.report.faults.insert("Silent".to_owned(), 9);
    story.report.progress.sessions_closed += 9;
    story.hear(10);
    assert_eq!(story.decision(10), Decision::Protect(cause.fault));
    assert_eq!(story.step(10), Step::Nothing);
}

#[test]
fn sessions_lost_on_a_path_that_is_well_are_refreshed_at_once() {
    for (well_since, expected) in [
        (0, Step::Begin(refresh(RecycleReason::SessionsLost))),
        (
            15,
            Step::Announce(
                refresh(RecycleReason::SessionsLost),
                Moment(Duration::from_secs(22)),
            ),
        ),
    ] {
        let mut story = Story::new();
        if well_since > 0 {
            story.path(0, Ok(()));
            story.path(10, REFUSED);
            story.path(14, Ok(()));
        }
        story.path(well_since, Ok(()));
        story.hear(18);
        story.report.faults.insert("Silent".to_owned(), 3);
        story.report.progress.sessions_closed += 3;
        story.hear(20);
        assert_eq!(story.step(20), expected, "well since {well_since}");
    }
}

#[test]
fn a_wedged_pool_is_replaced_and_withdraws_the_pod_when_that_did_not_help() {
    let mut story = Story::new();
    story.path(0, Ok(()));
    story.path(10, Ok(()));
    (story.report.pool.idle, story.report.pool.dialing) = (0, 0);
    (story.report.pool.in_use, story.report.pool.waiting) = (15, 3);
    story.report.sessions[0].state = "Busy".to_owned();
    for second in 10..=16 {
        story.hear(second);
    }
    let replace = Recycle {
        kind: RecycleKind::Replace,
        reason: RecycleReason::PoolWedged,
    };
    assert_eq!(story.step(16), Step::Begin(replace));
    assert_eq!(story.readiness(16), Readiness::Ready);
    let at = story.at(17).moment;
    story.mind.replaced(at);
    for second in 17..=23 {
        assert_eq!(story.readiness(second), Readiness::Ready, "{second}");
        story.hear(second);
    }
    assert_eq!(
        story.readiness(23),
        Readiness::NotReady(Withdrawn::PoolWedged)
    );
    story.report.sessions[0].times_lent += 1;
    story.hear(24);
    assert_eq!(story.readiness(24), Readiness::Ready);
}

#[test]
fn settings_are_applied_when_somebody_says_what_the_bot_should_hold() {
    let mut story = Story::new();
    story.path(0, Ok(()));
    story.hear(0);
    story.mind.wants(Some("00000000".to_owned()));
    assert_eq!(story.decision(1), Decision::ApplySettings);
    story.mind.wants(Some(story.report.settings_digest.clone()));
    assert_eq!(story.decision(2), Decision::Nothing(Why::AllIsWell));
}

#[test]
fn a_name_that_leads_elsewhere_is_followed() {
    let mut story = Story::new();
    story.path(0, Ok(()));
    story.hear(0);
    story.met.addresses = vec![IpAddr::V4(Ipv4Addr::new(10, 0, 0, 9))];
    for second in [10, 11, 12] {
        story.path(second, Ok(()));
    }
    let reason = RecycleReason::AddressChanged;
    assert_eq!(story.decision(12), Decision::Refresh(reason));
}

#[test]
fn servers_that_never_agree_are_not_hurried_after_for_ever() {
    let mut story = Story::new();
    let certificates = ["one", "other"];
    let hurried = (0..100).filter(|second| {
        story.met.certificate = certificates[*second as usize % 2].to_owned();
        story.path(*second, Ok(()))
    });
    assert_eq!(hurried.count(), HURRIED as usize);
}
