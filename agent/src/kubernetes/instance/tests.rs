use std::sync::Arc;
use std::time::Duration;

use sabai_crds::ConditionStatus::{self, False, True, Unknown};
use sabai_wire::fault::Fault;
use sabai_wire::stage::Stage;

use super::*;
use crate::app::known::Known;
use crate::canary::ClosedBy;
use crate::decision::{Decision, Why};
use crate::kubernetes::kept::InForce;
use crate::kubernetes::plan::Acceptance;
use crate::page;
use crate::probe::report::StageResult;
use crate::readiness::{Situation, Told};
use crate::requests::Served;
use crate::settings::AgentSettings;
use crate::verdict::{Cause, State, Verdict};

fn time(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

/// A pod of which all is well.
struct Pod {
    config: ClusterConfig,
    followed: Followed,
    standing: Standing,
    before: Option<PoolInstanceStatus>,
}

impl Pod {
    fn new() -> Self {
        let mut report = page::report();
        report.applied = true;
        let known = Known {
            wanted: Some(report.settings_digest.clone()),
            report: Some(Arc::new(report)),
            ..Known::default()
        };
        let mut verdict = Verdict::unknown(Moment::default());
        verdict.state = State::Healthy;
        let standing = Standing {
            at: Moment::default(),
            situation: Situation {
                bot: Told::Ready,
                wedged_again: false,
                verdict: State::Healthy,
                cause: None,
                verdict_age: Duration::ZERO,
                probe_interval: Duration::from_secs(10),
                peers: None,
            },
            verdict,
            settings: AgentSettings::default().readiness,
            decision: Decision::Nothing(Why::AllIsWell),
            overload: None,
            known,
        };
        let in_force = InForce {
            uid: "u".to_owned(),
            generation: 4,
            spec: Default::default(),
        };
        Self {
            config: ClusterConfig {
                pool_config: "shop".to_owned(),
                pod: "shop-1".to_owned(),
                pod_uid: "p".to_owned(),
                namespace: "line".to_owned(),
                node: Some("node-a".to_owned()),
                kubeconfig: None,
                report_interval: Duration::from_secs(120),
            },
            followed: Followed {
                acceptance: Acceptance::Valid,
                in_force: Some(in_force),
                ..Followed::default()
            },
            standing,
            before: None,
        }
    }

    fn at(&self, now: &str) -> PoolInstanceStatus {
        status(&Facts {
            config: &self.config,
            followed: &self.followed,
            standing: &self.standing,
            knowledge: None,
            served: None,
            moment: Moment::default(),
            now: time(now),
            since: time("2026-11-23T08:00:00Z"),
            ill_request: None,
            before: self.before.as_ref(),
        })
    }

    fn says(&self, type_: &str) -> (ConditionStatus, String, String) {
        let status = self.at("2026-11-23T09:00:00Z");
        let condition = condition(status.conditions.as_ref(), type_).expect("it is there");
        (
            condition.status,
            condition.reason.clone(),
            condition.message.clone(),
        )
    }

    fn report(&mut self) -> &mut sabai_wire::control::Report {
        let report = self.standing.known.report.as_mut().expect("a report");
        Arc::make_mut(report)
    }
}

#[test]
fn applied_is_true_only_when_the_bot_has_confirmed_it_and_no_session_is_older() {
    type Change = fn(&mut Pod);
    let table: [(&str, Change, ConditionStatus, &str); 9] = [
        ("all is well", |_| {}, True, "InForce"),
        (
            "not seen",
            |pod| pod.followed.acceptance = Acceptance::Unseen,
            Unknown,
            "Pending",
        ),
        (
            "deleted",
            |pod| pod.followed.acceptance = Acceptance::Missing,
            Unknown,
            "ConfigMissing",
        ),
        (
            "not understood",
            |pod| pod.followed.acceptance = Acceptance::Unsupported("x".to_owned()),
            False,
            "UnsupportedValue",
        ),
        (
            "another's",
            |pod| pod.followed.acceptance = Acceptance::NameInUse,
            False,
            "NameInUse",
        ),
        (
            "silent",
            |pod| pod.standing.situation.bot = Told::Silent(Duration::from_secs(1), String::new()),
            False,
            "BotSilent",
        ),
        (
            "refused",
            |pod| pod.standing.known.refused = Some("no".to_owned()),
            False,
            "Refused",
        ),
        (
            "other settings",
            |pod| pod.report().settings_digest = "0".to_owned(),
            False,
            "Applying",
        ),
        (
            "old sessions",
            |pod| pod.report().applied = false,
            False,
            "Applying",
        ),
    ];
    for (what, change, status, reason) in table {
        let mut pod = Pod::new();
        change(&mut pod);
        let said = pod.says("Applied");
        assert_eq!((said.0, said.1.as_str()), (status, reason), "{what}");
        assert!(!said.2.is_empty(), "{what}");
    }
}

#[test]
fn a_suspicion_changes_nothing_and_a_fault_is_named() {
    let mut pod = Pod::new();
    let cause = Some(Cause {
        stage: Stage::Tcp,
        fault: Fault::TimedOut,
    });
    let suspect = |pod: &mut Pod| {
        (pod.standing.verdict.state, pod.standing.verdict.cause) = (State::Suspect, cause);
    };
    suspect(&mut pod);
    assert_eq!(pod.says("Healthy").0, Unknown, "nothing was said before");
    let mut pod = Pod::new();
    pod.before = Some(pod.at("2026-11-23T08:30:00Z"));
    suspect(&mut pod);
    let said = pod.says("Healthy");
    assert_eq!((said.0, said.1.as_str()), (True, "Reachable"));
    pod.standing.verdict.state = State::Down;
    let said = pod.says("Healthy");
    assert_eq!((said.0, said.1.as_str()), (False, "TimedOut"));
    assert!(said.2.starts_with("TCP to"), "{}", said.2);
    let status = pod.at("2026-11-23T09:00:00Z");
    let probe = status.probe.expect("a probe");
    assert_eq!(probe.state.as_deref(), Some("Down"));
    assert_eq!(probe.failed_stage.as_deref(), Some("TCP"));
}

#[test]
fn a_condition_keeps_its_time_while_its_status_stays_and_the_gist_does_not_tick() {
    let mut pod = Pod::new();
    let first = pod.at("2026-11-23T09:00:00Z");
    pod.before = Some(first.clone());
    pod.report().pool.in_use += 3;
    let second = pod.at("2026-11-23T09:10:00Z");
    assert_ne!(first, second);
    assert_eq!(gist(&first), gist(&second));
    let mut said = second.clone();
    let conditions = said.conditions.as_mut().expect("some");
    conditions[2].message += "; what a person asked for cannot be read";
    assert_ne!(gist(&said), gist(&second));
    pod.standing.situation.bot = Told::NotReady("REASON".to_owned());
    let third = pod.at("2026-11-23T09:20:00Z");
    assert_ne!(gist(&second), gist(&third));
    let since = |status: &PoolInstanceStatus, type_| {
        condition(status.conditions.as_ref(), type_).and_then(|one| one.last_transition_time)
    };
    assert_eq!(since(&third, "Applied"), Some(time("2026-11-23T09:00:00Z")));
    assert_eq!(since(&third, "Ready"), Some(time("2026-11-23T09:20:00Z")));
}

#[test]
fn a_request_is_told_as_served_once_it_has_begun_and_why_it_was_refused() {
    let mut pod = Pod::new();
    let id = "2026-11-23T08:59:00Z";
    let mut served = |course| {
        pod.standing.known.request = Some(Served {
            id: id.to_owned(),
            course,
        });
        let status = pod.at("2026-11-23T09:00:00Z");
        (status.last_recycle_request, pod.says("Ready").2)
    };
    assert_eq!(served(Course::Waiting).0, None);
    assert_eq!(served(Course::Begun).0.as_deref(), Some(id));
    let (request, words) = served(Course::Refused(Fault::CertificateExpired));
    assert_eq!(request.as_deref(), Some(id));
    assert!(
        words.contains("CertificateExpired") && words.contains(id),
        "{words}"
    );
}

#[test]
fn the_resource_definitions_have_the_same_words() {
    use sabai_crds::words;

    let verdicts = State::ALL.iter().map(|state| state.as_str());
    assert!(verdicts.eq(words::VERDICTS));
    let results = StageResult::ALL.iter().map(|result| result.as_str());
    assert!(results.eq(words::RESULTS));
    let ends = ClosedBy::ALL.iter().map(|end| end.as_str());
    assert!(ends.eq(words::CLOSED_BY));
}

#[test]
fn whether_the_last_path_had_a_row_written_is_no_news_and_that_it_failed_is() {
    let status = |result: &str| {
        let stage = StageReport {
            name: Some("Write".to_owned()),
            result: Some(result.to_owned()),
            ..StageReport::default()
        };
        PoolInstanceStatus {
            probe: Some(Probe {
                stages: Some(vec![stage]),
                ..Probe::default()
            }),
            ..PoolInstanceStatus::default()
        }
    };
    assert_eq!(gist(&status("OK")), gist(&status("Skipped")));
    assert_ne!(gist(&status("OK")), gist(&status("Failed")));
}
