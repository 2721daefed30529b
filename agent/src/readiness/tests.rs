use std::time::Duration;

use sabai_wire::fault::Fault;
use sabai_wire::stage::Stage;

use super::*;
use crate::page::rows;

const HEAD: &str = "| bot | pool | verdict | seen | peers | LocalFaults | Strict |";
const INTERVAL: Duration = Duration::from_secs(10);
const HOLD: Duration = Duration::from_secs(300);
const BOTS: [&str; 7] = [
    "Nothing", "Silent 2", "Silent 3", "Ready", "NotReady", "Held 299", "Held 300",
];

fn told(words: &str) -> Told {
    let (word, seconds) = words.split_once(' ').unwrap_or((words, "0"));
    let since = Duration::from_secs(seconds.parse().expect("seconds"));
    let reason = "REASON".to_owned();
    match word {
        "Nothing" => Told::Nothing(Some(reason)),
        "Silent" => Told::Silent(since, reason),
        "Ready" => Told::Ready,
        "NotReady" => Told::NotReady(reason),
        "Held" => Told::Held(since, reason),
        other => panic!("{other}"),
    }
}

/// A situation and the words that the page has for it.
fn situations() -> Vec<(Situation, [&'static str; 5])> {
    let mut all = vec![];
    for bot in BOTS {
        for (wedged_again, pool) in [(true, "wedged again"), (false, "moves")] {
            for verdict in State::ALL.iter().copied() {
                for ((seconds, seen), (peers, well)) in pairs() {
                    let situation = Situation {
                        bot: told(bot),
                        wedged_again,
                        verdict,
                        cause: Some(Cause {
                            stage: Stage::Tcp,
                            fault: Fault::Refused,
                        }),
                        verdict_age: Duration::from_secs(seconds),
                        probe_interval: INTERVAL,
                        peers,
                    };
                    all.push((situation, [bot, pool, verdict.as_str(), seen, well]));
                }
            }
        }
    }
    all
}

/// How old the verdict is, and what peers tell.
fn pairs() -> impl Iterator<Item = ((u64, &'static str), (Option<u32>, &'static str))> {
    let seen = [(30, "lately"), (31, "long ago")];
    let peers = [(None, "-"), (Some(2), "2 healthy")];
    seen.into_iter()
        .flat_map(move |seen| peers.into_iter().map(move |peers| (seen, peers)))
}

fn answer(situation: &Situation, policy: Policy) -> String {
    let settings = ReadinessSettings {
        policy,
        max_unready_percent: 34,
        startup_hold: HOLD,
    };
    match judge(situation, settings) {
        Readiness::Ready => "ready".to_owned(),
        Readiness::NotReady(why) => why.to_string(),
    }
}

#[test]
fn the_page_tells_the_readiness_of_every_situation() {
    let rows = rows(HEAD);
    let mut used = vec![false; rows.len()];
    for (situation, words) in situations() {
        let fits = |row: &&Vec<&str>| {
            let cells = row.iter().zip(words);
            let mut cells =
                cells.map(|(cell, word)| *cell == "*" || cell.split(", ").any(|one| one == word));
            cells.all(|fits| fits)
        };
        let at = rows.iter().position(|row| fits(&row));
        let at = at.unwrap_or_else(|| panic!("no row for {words:?}"));
        used[at] = true;
        for (policy, expected) in [
            (Policy::LocalFaults, rows[at][5]),
            (Policy::Strict, rows[at][6]),
        ] {
            let answer = answer(&situation, policy);
            let fits = if expected == "ready" {
                answer == "ready"
            } else {
                answer.starts_with(expected)
            };
            assert!(fits, "{words:?} {policy:?}: {answer}, not {expected}");
        }
    }
    let idle: Vec<_> = rows.iter().zip(used).filter(|(_, used)| !used).collect();
    assert!(idle.is_empty(), "rows that nothing fits: {idle:?}");
}

#[test]
fn a_pool_is_wedged_again_only_after_a_replace() {
    let mut wedge = Wedge::default();
    let table = [
        (Some((Bot::Wedged, true)), false),
        (Some((Bot::Recycling, true)), false),
        (None, false),
        (Some((Bot::Fine, false)), false),
        (Some((Bot::Losing, true)), false),
        (Some((Bot::Wedged, true)), true),
        (Some((Bot::Silent, true)), true),
        (Some((Bot::Fine, false)), true),
        (Some((Bot::Fine, true)), false),
        (Some((Bot::Wedged, true)), false),
    ];
    for (seen, again) in table {
        match seen {
            Some((bot, would_know)) => wedge.sees(bot, would_know),
            None => wedge.replaced(),
        }
        assert_eq!(wedge.again(), again, "{seen:?}");
    }
}
