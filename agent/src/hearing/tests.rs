use super::*;
use crate::page;

const STUCK_AFTER: Duration = Duration::from_secs(6);

const fn at(seconds: u64) -> Moment {
    Moment(Duration::from_secs(seconds))
}

fn well() -> Report {
    let mut report = page::report();
    report.readiness = ReadinessReport {
        ready: true,
        held: false,
        reason: None,
    };
    (report.pool.idle, report.pool.waiting) = (4, 0);
    report
}

fn wedged() -> Report {
    let mut report = well();
    (report.pool.idle, report.pool.dialing) = (0, 0);
    (report.pool.in_use, report.pool.waiting) = (15, 3);
    report.sessions[0].state = "Busy".to_owned();
    report
}

fn not_ready(held: bool) -> Report {
    let mut report = well();
    report.readiness = ReadinessReport {
        ready: false,
        held,
        reason: Some("REASON".to_owned()),
    };
    report
}

#[test]
fn silence_is_counted_from_the_last_report() {
    let mut hearing = Hearing::new(STUCK_AFTER);
    let silent = |seconds| Told::Silent(Duration::from_secs(seconds), "REFUSED".to_owned());
    assert_eq!(
        (hearing.told(at(5)), hearing.pool()),
        (Told::Nothing(None), Bot::Silent)
    );
    hearing.asked(at(5), Err("REFUSED".to_owned()), false);
    let never = Told::Nothing(Some("REFUSED".to_owned()));
    assert_eq!(hearing.told(at(9)), never);
    hearing.asked(at(10), Ok(Arc::new(well())), false);
    assert_eq!(
        (hearing.told(at(10)), hearing.pool()),
        (Told::Ready, Bot::Fine)
    );
    hearing.asked(at(11), Err("REFUSED".to_owned()), false);
    assert_eq!(
        (hearing.told(at(13)), hearing.pool()),
        (silent(3), Bot::Silent)
    );
    hearing.asked(at(14), Ok(Arc::new(well())), false);
    assert_eq!(
        (hearing.told(at(14)), hearing.pool()),
        (Told::Ready, Bot::Fine)
    );
}

#[test]
fn a_bot_that_holds_back_is_timed_from_the_first_time_it_said_so() {
    let mut hearing = Hearing::new(STUCK_AFTER);
    let reason = || "REASON".to_owned();
    let table = [
        (1, not_ready(true), Told::Held(Duration::ZERO, reason())),
        (
            9,
            not_ready(true),
            Told::Held(Duration::from_secs(8), reason()),
        ),
        (10, not_ready(false), Told::NotReady(reason())),
        (11, not_ready(true), Told::Held(Duration::ZERO, reason())),
        (12, well(), Told::Ready),
    ];
    for (second, report, expected) in table {
        hearing.asked(at(second), Ok(Arc::new(report)), false);
        assert_eq!(hearing.told(at(second)), expected, "{second}");
    }
}

#[test]
fn a_pool_that_stands_still_is_wedged_but_not_because_we_stood_still() {
    let mut hearing = Hearing::new(STUCK_AFTER);
    for second in 0..=6 {
        assert_eq!(
            hearing.pool(),
            if second == 0 { Bot::Silent } else { Bot::Fine }
        );
        hearing.asked(at(second), Ok(Arc::new(wedged())), false);
    }
    assert_eq!(hearing.pool(), Bot::Wedged);
    hearing.asked(at(7), Ok(Arc::new(wedged())), true);
    assert_eq!(hearing.pool(), Bot::Fine, "the time before does not count");
    for second in 8..=13 {
        hearing.asked(at(second), Ok(Arc::new(wedged())), false);
    }
    assert_eq!(hearing.pool(), Bot::Wedged);
    assert!(hearing.reports.len() <= 8, "{}", hearing.reports.len());
}

#[test]
fn a_server_without_room_is_what_statements_met_lately() {
    let mut hearing = Hearing::new(STUCK_AFTER);
    let met = |faults: &[(Fault, u64)]| {
        let mut report = well();
        let faults = faults.iter();
        report.faults = faults
            .map(|(fault, times)| (fault.as_str().to_owned(), *times))
            .collect();
        report
    };
    let (full, slow) = (Fault::DiskFull, Fault::StatementTimeout);
    let table = [
        (0, met(&[(full, 7)]), None),
        (1, met(&[(full, 7), (Fault::Silent, 9)]), None),
        (2, met(&[(full, 9), (slow, 1)]), Some(full)),
        (3, met(&[(full, 9), (slow, 5)]), Some(full)),
        (9, met(&[(full, 9), (slow, 6)]), Some(slow)),
        (20, met(&[(full, 9), (slow, 6)]), Some(slow)),
        (25, met(&[(full, 9), (slow, 6)]), None),
        (26, met(&[(full, 10), (slow, 6)]), Some(full)),
        // It was started again.
        (42, met(&[]), None),
    ];
    for (second, report, expected) in table {
        hearing.asked(at(second), Ok(Arc::new(report)), false);
        assert_eq!(hearing.overload(at(second)), expected, "{second}");
    }
}
