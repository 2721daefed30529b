//! Each way to be wrong, one at a time. What the harness counts itself is tested there.

use super::*;

fn at(millis: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_millis(millis)
}

fn due(name: &str) -> Due {
    Due {
        id: name.into(),
        key: name.into(),
        expected: Expected::Answer,
    }
}

fn turn(name: &str) -> Turn {
    Turn {
        key: name.into(),
        lane: "lane".into(),
        outcome: "answered".into(),
        begun_at: Some(at(110)),
        settled_at: at(120),
    }
}

fn accepted(name: &str) -> Call {
    Call {
        event: Some(name.into()),
        how: Endpoint::Reply,
        accepted: true,
        status: Some(200),
        request_id: "request".into(),
        at: at(115),
    }
}

/// Two events of one lane, both answered.
fn good() -> Evidence {
    let report = Report {
        sent: 2,
        acknowledged: 2,
        answered: 2,
        ..Report::default()
    };
    Evidence {
        report,
        due: vec![due("a"), due("b")],
        turns: vec![turn("a"), turn("b")],
        calls: vec![accepted("a"), accepted("b")],
        kills: Vec::new(),
    }
}

fn outcome(run: &mut Evidence, outcome: &str) {
    outcome.clone_into(&mut run.turns[0].outcome);
}

fn problems(run: &Evidence) -> usize {
    let verdict = Verdict::of(run.clone());
    assert_eq!(
        verdict.all_well(),
        verdict.problems.is_empty(),
        "{verdict:?}"
    );
    verdict.problems.len()
}

#[test]
fn a_good_run_and_the_order_of_its_numbers() {
    let verdict = Verdict::of(good());
    assert!(verdict.all_well(), "{verdict:?}");
    let json = serde_json::to_string(&verdict).expect("plain numbers");
    let start =
        r#"{"sent":2,"acknowledged":2,"answered":2,"lost":0,"duplicates":0,"out_of_order":0,"#;
    assert!(json.starts_with(start), "{json}");
}

#[test]
fn what_the_harness_counts_is_told() {
    let changes: [fn(&mut Report); 3] = [
        |report| (report.lost, report.unsettled) = (1, vec!["a".into()]),
        |report| (report.duplicates, report.doubled) = (1, vec!["a".into()]),
        |report| (report.out_of_order, report.swapped) = (1, vec![("a".into(), "b".into())]),
    ];
    for change in changes {
        let mut run = good();
        change(&mut run.report);
        assert_eq!(problems(&run), 1);
    }
    let mut run = good();
    run.report.acknowledged = 1;
    assert!(!Verdict::of(run).all_well());
}

#[test]
fn each_outcome_is_held_against_what_was_due() {
    use Expected::{Answer, Either, Silence};

    for (saved, sent, right) in [
        ("answered", true, &[Answer, Either][..]),
        ("answered", false, &[]),
        ("stored_only", false, &[Either, Silence]),
        ("stored_only", true, &[]),
        ("unanswered", false, &[]),
        ("dead_letter", false, &[]),
        ("unknown", true, &[Answer, Either]),
        ("unknown", false, &[Answer, Either]),
    ] {
        for expected in [Answer, Either, Silence] {
            let mut run = good();
            run.kills.push(at(115));
            outcome(&mut run, saved);
            run.due[0].expected = expected;
            run.calls.drain(..usize::from(!sent));
            let wrong = usize::from(!right.contains(&expected));
            assert_eq!(problems(&run), wrong, "{saved} {sent} {expected:?}");
        }
    }
}

#[test]
fn a_kill_excuses_one_unknown_of_a_lane() {
    let mut run = good();
    outcome(&mut run, "unknown");
    assert_eq!(problems(&run), 1, "no kill");
    run.kills = vec![at(10), at(125)];
    assert_eq!(problems(&run), 1, "before work began, and after it ended");
    run.kills.push(at(115));
    assert_eq!(problems(&run), 0);
    run.calls[0].at = at(400);
    assert_eq!(problems(&run), 1, "the next life should have known");
    run.calls[0].at = at(115);
    run.turns[1].outcome = "unknown".into();
    assert_eq!(problems(&run), 1, "one lane has one call at a time");
    run.turns[1].lane = "another".into();
    assert_eq!(problems(&run), 0);
}

#[test]
fn strangers_are_seen() {
    let mut run = good();
    run.turns.push(turn("c"));
    run.calls.push(accepted("d"));
    run.calls.push(Call {
        event: None,
        how: Endpoint::Push,
        accepted: true,
        status: Some(200),
        request_id: "request".into(),
        at: at(115),
    });
    assert_eq!(problems(&run), 3);
}
