use std::time::{SystemTime, UNIX_EPOCH};

use sabai_wire::control::{RecycleReport, SessionReport};

use super::*;
use crate::page;

const STUCK_AFTER: Duration = Duration::from_secs(6);

fn at(second: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(second)
}

/// A report at this second, of a pool with a session that is so many seconds old.
fn report(second: u64, age: u64) -> Report {
    let mut report = page::report();
    report.time = at(second).into();
    report.faults.clear();
    report.last_recycle = None;
    report.sessions = vec![SessionReport {
        age_milliseconds: age * 1000,
        ..report.sessions[0].clone()
    }];
    report
}

/// Two sessions for work are in use, the second for the time of this number; those of intake work and rest.
fn wedged(second: u64, times_lent: u64) -> Report {
    let mut report = report(second, 100);
    (report.pool.idle, report.pool.dialing) = (1, 0);
    (report.pool.in_use, report.pool.waiting) = (3, 3);
    report.progress.statements = second;
    let session = |duty: &str, state: &str, times_lent| SessionReport {
        duty: duty.to_owned(),
        state: state.to_owned(),
        times_lent,
        ..report.sessions[0].clone()
    };
    let other = SessionReport {
        backend_pid: 1,
        ..session("work", "Busy", 7)
    };
    report.sessions = vec![
        session("intake", "Idle", 0),
        session("intake", "Busy", second),
        other,
        session("work", "Busy", times_lent),
        session("work", "Outlived", 9),
    ];
    report
}

/// The same, and one session for work is free.
fn with_room(second: u64) -> Report {
    let mut report = wedged(second, 5);
    report.sessions[2].state = "Idle".to_owned();
    report
}

/// The same, and nobody waits.
fn unwanted(second: u64) -> Report {
    let mut report = wedged(second, 5);
    report.pool.waiting = 0;
    report
}

/// All sessions for work have gone.
fn without_any(second: u64) -> Report {
    let mut report = wedged(second, 5);
    report.sessions.retain(|one| one.duty == "intake");
    report
}

/// Each fault has ended a session.
fn lost(second: u64, age: u64, faults: &[(Fault, u64)]) -> Report {
    let mut report = report(second, age);
    report.progress.sessions_closed = faults
        .iter()
        .fold(0, |sum: u64, (_, count)| sum.saturating_add(*count));
    let faults = faults
        .iter()
        .map(|(fault, count)| (fault.as_str().to_owned(), *count));
    report.faults = faults.collect();
    report
}

/// So many sessions were closed, and the faults of the others were met by dials.
fn in_vain(second: u64, faults: &[(Fault, u64)], closed: u64) -> Report {
    let mut report = lost(second, 60 + second, faults);
    report.progress.sessions_closed = closed;
    report.pool.closing = 0;
    report
}

/// So many went silent, and the server may still have them.
fn unseen(second: u64, silent: u64) -> Report {
    let mut report = in_vain(second, &[(Fault::Silent, silent)], 0);
    report.pool.closing = usize::try_from(silent).expect("few");
    report
}

fn recycled(second: u64, outcome: RecycleOutcome) -> Report {
    let mut report = wedged(second, 5);
    let example = page::report().last_recycle;
    report.last_recycle = example.map(|last| RecycleReport { outcome, ..last });
    report
}

/// A recycle stands so, and a session that it opened is so many seconds old.
fn renewed(second: u64, age: u64, silent: u64, outcome: RecycleOutcome) -> Report {
    let mut report = lost(second, age, &[(Fault::Silent, silent)]);
    report.last_recycle = recycled(second, outcome).last_recycle;
    report
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn what_two_reports_tell() {
    use Fault as F;
    let table = [
        ("nothing", report(0, 60), report(5, 65), Bot::Fine),
        (
            "more than can be counted",
            lost(0, 60, &[]),
            lost(
                5,
                65,
                &[(F::Silent, u64::MAX), (F::ConnectionReset, u64::MAX)],
            ),
            Bot::Losing,
        ),
        ("no progress", wedged(0, 5), wedged(6, 5), Bot::Wedged),
        ("not for long", wedged(0, 5), wedged(5, 5), Bot::Fine),
        ("progress", wedged(0, 5), wedged(6, 6), Bot::Fine),
        ("one is free", wedged(0, 5), with_room(6), Bot::Fine),
        ("one was free", with_room(0), wedged(6, 5), Bot::Fine),
        ("nobody waits", wedged(0, 5), unwanted(6), Bot::Fine),
        ("none is left", wedged(0, 5), without_any(6), Bot::Fine),
        ("it was well", report(0, 60), wedged(6, 5), Bot::Fine),
        (
            "recycling",
            wedged(0, 5),
            recycled(6, RecycleOutcome::InProgress),
            Bot::Recycling,
        ),
        (
            "recycled",
            wedged(0, 5),
            recycled(6, RecycleOutcome::Stopped),
            Bot::Wedged,
        ),
        (
            "two lost",
            lost(0, 60, &[(F::Silent, 1)]),
            lost(5, 65, &[(F::Silent, 2), (F::ConnectionReset, 1)]),
            Bot::Losing,
        ),
        (
            "one lost",
            lost(0, 60, &[(F::Silent, 1)]),
            lost(5, 65, &[(F::Silent, 2)]),
            Bot::Fine,
        ),
        (
            "lost before",
            lost(0, 60, &[(F::Silent, 9)]),
            lost(5, 65, &[(F::Silent, 9)]),
            Bot::Fine,
        ),
        (
            "none is left of their age",
            lost(0, 60, &[]),
            lost(5, 4, &[(F::Terminated, 9)]),
            Bot::Fine,
        ),
        (
            "renewed since",
            renewed(0, 1, 3, RecycleOutcome::InProgress),
            renewed(6, 7, 5, RecycleOutcome::Completed),
            Bot::Fine,
        ),
        (
            "renewed before",
            renewed(0, 1, 3, RecycleOutcome::Completed),
            renewed(6, 7, 5, RecycleOutcome::Completed),
            Bot::Losing,
        ),
        (
            "our own doing",
            lost(0, 60, &[]),
            lost(5, 65, &[(F::Recycled, 9), (F::IdleTerminated, 9)]),
            Bot::Fine,
        ),
        (
            "nobody was reached",
            lost(0, 60, &[]),
            lost(5, 65, &[(F::Refused, 9), (F::TooManyConnections, 9)]),
            Bot::Fine,
        ),
        (
            "one lost, and none in its place",
            in_vain(0, &[(F::ProtocolBroken, 3)], 3),
            in_vain(5, &[(F::ProtocolBroken, 12), (F::Silent, 1)], 4),
            Bot::Fine,
        ),
        (
            "two silent, and their end not seen",
            unseen(0, 0),
            unseen(5, 2),
            Bot::Losing,
        ),
        (
            "two lost, and none in their place",
            in_vain(0, &[(F::ConnectionReset, 3)], 3),
            in_vain(5, &[(F::ConnectionReset, 12)], 5),
            Bot::Losing,
        ),
        (
            "it began anew",
            lost(5, 60, &[(F::Silent, 9)]),
            lost(3, 1, &[(F::Silent, 2)]),
            Bot::Fine,
        ),
    ];
    for (name, earlier, now, expected) in table {
        let time = |report: &Report| report.time.get();
        let apart = time(&now)
            .duration_since(time(&earlier))
            .unwrap_or_default();
        let judged = judge(&earlier, &now, apart, STUCK_AFTER);
        assert_eq!(judged, expected, "{name}");
    }
}
