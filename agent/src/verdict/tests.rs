use super::*;
use crate::page::rows;

const THRESHOLDS: Thresholds = Thresholds {
    failures: 3,
    successes: 2,
};

fn stage(name: &str) -> Stage {
    let all = Stage::ALL.iter().copied();
    let mut found = all.filter(|stage| stage.as_str() == name);
    found.next().unwrap_or_else(|| panic!("no stage {name}"))
}

fn fault(name: &str) -> Fault {
    let all = Fault::ALL.iter().copied();
    let mut found = all.filter(|fault| fault.as_str() == name);
    found.next().unwrap_or_else(|| panic!("no fault {name}"))
}

fn second(text: &str) -> Moment {
    Moment(Duration::from_secs(text.parse().expect("a second")))
}

fn step(verdict: Verdict, step: &str) -> Verdict {
    let words: Vec<&str> = step.split_whitespace().collect();
    let (at, look, outcome) = match *words.as_slice() {
        ["at", at] => return verdict.at(second(at)),
        [at, look, "ok"] => (at, look, Ok(())),
        [at, look, stage_name, fault_name] => {
            let (stage, fault) = (stage(stage_name), fault(fault_name));
            (at, look, Err(Cause { stage, fault }))
        }
        _ => panic!("{step}"),
    };
    let look = match look {
        "ping" => Look::Ping,
        "path" => Look::Path,
        other => panic!("{other}"),
    };
    let at = second(at);
    verdict.after(Sight { at, look, outcome }, THRESHOLDS)
}

#[test]
fn the_page_prints_what_the_verdict_is() {
    let rows = rows("| seen | state | since | stage | fault |");
    assert!(rows.len() > 20, "{}", rows.len());
    for row in rows {
        let [seen, state, since, stage, fault] = row[..] else {
            panic!("{row:?}")
        };
        let steps = seen.split(',').map(str::trim);
        let steps = steps.filter(|step| *step != "(nothing)");
        let verdict = steps.fold(Verdict::unknown(Moment::default()), step);
        let of_cause = |name: fn(Cause) -> &'static str| verdict.cause.map_or("-", name);
        assert_eq!(
            (
                verdict.state.as_str(),
                verdict.since,
                of_cause(|cause| cause.stage.as_str()),
                of_cause(|cause| cause.fault.as_str())
            ),
            (state, second(since), stage, fault),
            "{seen}"
        );
    }
}

#[test]
fn one_failure_in_three_never_withdraws_anything() {
    let mut verdict = Verdict::unknown(Moment::default());
    for n in 0..600_u64 {
        let outcome = match n % 3 {
            0 => Err(Cause {
                stage: Stage::Tcp,
                fault: Fault::TimedOut,
            }),
            _ => Ok(()),
        };
        let at = Moment(Duration::from_millis(500 * n));
        let look = Look::Path;
        verdict = verdict.after(Sight { at, look, outcome }, THRESHOLDS);
        assert!(verdict.state < State::Degraded, "{n}: {verdict:?}");
    }
}
