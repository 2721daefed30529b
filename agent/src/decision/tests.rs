use sabai_wire::stage::Stage;

use super::*;
use crate::page::rows;

const HEAD: &str =
    "| bot | settings | verdict | fault | fresh | only on request | outdated | decision |";
const BOTS: [Bot; 5] = [
    Bot::Silent,
    Bot::Recycling,
    Bot::Wedged,
    Bot::Losing,
    Bot::Fine,
];

fn or_none<T: Copy>(all: &[T]) -> Vec<Option<T>> {
    all.iter().copied().map(Some).chain([None]).collect()
}

/// Everything that can be.
fn situations() -> Vec<Situation> {
    let stage = Stage::Query;
    let mut all = vec![];
    for verdict in State::ALL.iter().copied() {
        for fault in or_none(Fault::ALL) {
            for bot in BOTS {
                for outdated in or_none(RecycleReason::ALL) {
                    for flags in 0..8 {
                        all.push(Situation {
                            verdict,
                            cause: fault.map(|fault| Cause { stage, fault }),
                            fresh: flags & 1 != 0,
                            bot,
                            outdated,
                            settings_differ: flags & 2 != 0,
                            on_request: flags & 4 != 0,
                        });
                    }
                }
            }
        }
    }
    all
}

fn fits(cell: &str, word: &str) -> bool {
    match cell {
        "*" => true,
        "any" => word != "-",
        words => words.split(' ').any(|one| one == word),
    }
}

/// Whether a row of the page is about this.
fn is_about(row: &[&str], now: &Situation) -> bool {
    let pick = |flag: bool, yes: &'static str, no: &'static str| if flag { yes } else { no };
    let fault = now.cause.map(|cause| cause.fault);
    let protecting = fault.is_some_and(|fault| fault.decision().elders == Elders::Protect);
    let fault = fault.map_or("-", Fault::as_str);
    let bot = format!("{:?}", now.bot);
    fits(row[0], &bot)
        && fits(row[1], pick(now.settings_differ, "differ", "same"))
        && fits(row[2], now.verdict.as_str())
        && (fits(row[3], fault) || (row[3] == "protecting" && protecting))
        && fits(row[4], pick(now.fresh, "yes", "no"))
        && fits(row[5], pick(now.on_request, "yes", "no"))
        && fits(row[6], now.outdated.map_or("-", RecycleReason::as_str))
}

#[test]
fn the_page_prints_what_is_decided_in_every_situation() {
    let rows = rows(HEAD);
    let mut used = vec![false; rows.len()];
    for now in situations() {
        let row = rows.iter().position(|row| is_about(row, &now));
        let row = row.unwrap_or_else(|| panic!("no row for {now:?}"));
        used[row] = true;
        let fault = now.cause.map_or("-", |cause| cause.fault.as_str());
        let outdated = now.outdated.map_or("-", RecycleReason::as_str);
        let expected = rows[row][7]
            .replace("FAULT", fault)
            .replace("OUTDATED", outdated);
        assert_eq!(decide(&now).to_string(), expected, "{now:?}");
    }
    assert!(used.iter().all(|used| *used), "{used:?}");
}

#[test]
fn nothing_is_recycled_unless_a_fresh_session_can_be_made() {
    for now in situations() {
        let recycles = matches!(
            decide(&now),
            Decision::Replace(_) | Decision::Refresh(_) | Decision::RenewCredentials(_)
        );
        assert!(!recycles || now.fresh, "{now:?}");
    }
}
