use sabai_wire::fault::Fault;

use super::*;
use crate::decision::Why;
use crate::pace::Limits;
use crate::settings::RecycleMode;

const SETTINGS: RecycleSettings = RecycleSettings {
    mode: RecycleMode::Automatic,
    spread: Duration::from_secs(5),
    limits: Limits {
        min_interval: Duration::from_secs(30),
        max_per_hour: 2,
    },
    drain_timeout: Duration::from_secs(30),
};
const RESTARTED: Decision = Decision::Refresh(RecycleReason::ServerRestarted);
const REFRESH: Recycle = Recycle {
    kind: RecycleKind::Refresh,
    reason: RecycleReason::ServerRestarted,
};
const WEDGED: Decision = Decision::Replace(RecycleReason::PoolWedged);
const REPLACE: Recycle = Recycle {
    kind: RecycleKind::Replace,
    reason: RecycleReason::PoolWedged,
};
const WELL: Decision = Decision::Nothing(Why::AllIsWell);

const fn at(seconds: u64) -> Moment {
    Moment(Duration::from_secs(seconds))
}

#[test]
fn a_recycle_is_spread_paced_given_up_and_at_last_an_alarm() {
    let mut acts = Acts::default();
    let protect = Decision::Protect(Fault::CertificateExpired);
    let renew = Decision::RenewCredentials(RecycleReason::CAChanged);
    let renewal = Recycle {
        kind: RecycleKind::Refresh,
        reason: RecycleReason::CAChanged,
    };
    let table = [
        (0, WELL, Step::Nothing),
        (1, RESTARTED, Step::Announce(REFRESH, at(5))),
        (2, RESTARTED, Step::Nothing),
        (4, protect, Step::GiveUp(REFRESH)),
        (5, protect, Step::Nothing),
        (6, RESTARTED, Step::Announce(REFRESH, at(10))),
        (9, RESTARTED, Step::Nothing),
        (10, RESTARTED, Step::Begin(REFRESH)),
        (11, WELL, Step::Nothing),
        // Half a minute later at the earliest.
        (12, RESTARTED, Step::Announce(REFRESH, at(40))),
        (20, RESTARTED, Step::Nothing),
        (39, renew, Step::Nothing),
        (40, renew, Step::Begin(renewal)),
        // Two within an hour: the third is an alarm, told once, also when it comes and goes.
        (41, RESTARTED, Step::Alarm(REFRESH, at(3610))),
        (46, RESTARTED, Step::Nothing),
        (47, WELL, Step::GiveUp(REFRESH)),
        (48, RESTARTED, Step::Nothing),
        (53, RESTARTED, Step::Nothing),
        (54, WELL, Step::Nothing),
        (55, renew, Step::Nothing),
        (3609, RESTARTED, Step::Nothing),
        (3610, RESTARTED, Step::Begin(REFRESH)),
    ];
    for (second, decision, expected) in table {
        let step = acts.step(at(second), decision, false, 0.8, &SETTINGS);
        assert_eq!(step, expected, "{second}");
    }
}

#[test]
fn what_is_local_begins_at_once() {
    let mut acts = Acts::default();
    let step = acts.step(at(1), WEDGED, true, 1.0, &SETTINGS);
    assert_eq!(step, Step::Begin(REPLACE));
    let step = acts.step(at(2), WEDGED, true, 1.0, &SETTINGS);
    assert_eq!(step, Step::Announce(REPLACE, at(31)), "but not again");
}
