//! A plan is what the help promises, for every seed.

use std::collections::{BTreeMap, BTreeSet};

use super::*;

fn shape(plan: &Plan) -> (Vec<&str>, &[Vec<Place>], [usize; 2]) {
    let names = plan.events.iter().map(|one| one.event.kind.name());
    (names.collect(), &plan.calls, plan.kills)
}

#[test]
fn a_seed_makes_the_same_plan_again() {
    let (one, same, other) = (Plan::new(7, 300), Plan::new(7, 300), Plan::new(8, 300));
    assert_eq!(shape(&one), shape(&same));
    assert_ne!(shape(&one), shape(&other));
}

#[test]
fn a_plan_is_what_the_help_promises() {
    for seed in 0..20 {
        let plan = Plan::new(seed, 1000);
        let types: BTreeSet<&str> = plan
            .events
            .iter()
            .map(|one| one.event.kind.name())
            .collect();
        assert_eq!((plan.events.len(), types.len()), (1000, 20));
        assert!(plan.calls.iter().all(|call| (1..=10).contains(&call.len())));
        let mut times: BTreeMap<usize, Vec<bool>> = BTreeMap::new();
        for place in plan.calls.iter().flatten() {
            times.entry(place.event).or_default().push(place.again);
        }
        let twice = times
            .values()
            .filter(|times| times[..] == [false, true])
            .count();
        let once = times.values().filter(|times| times[..] == [false]).count();
        assert_eq!((once, twice), (900, 100), "seed {seed}");
        let firsts: Vec<usize> = plan
            .calls
            .iter()
            .flatten()
            .filter(|place| !place.again)
            .map(|place| place.event)
            .collect();
        assert!(!firsts.is_sorted(), "some come out of order");
        assert!(0 < plan.kills[0] && plan.kills[0] < plan.kills[1]);
        assert!(plan.kills[1] < plan.calls.len());
    }
}

#[test]
fn every_customer_sends_something() {
    let plan = Plan::new(1, 1000);
    let users: BTreeSet<String> = plan
        .events
        .iter()
        .filter_map(|one| Some(one.event.json()["source"]["userId"].as_str()?.to_owned()))
        .collect();
    assert_eq!(users.len(), CUSTOMERS);
}
