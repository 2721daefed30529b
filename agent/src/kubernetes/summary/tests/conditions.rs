//! What is said of all pods together.

use super::*;

#[test]
fn applied_is_what_every_bot_has_confirmed_of_this_generation() {
    let refused = || applied("r", "False", "Refused", 4);
    let mut made_anew = well("m");
    made_anew["status"]["poolConfig"]["uid"] = json!("another");
    let table = [
        (vec![], "Unknown Pending: no instance reports yet"),
        (
            vec![well("a"), applied("b", "False", "Applying", 4)],
            "False Applying: 1 of 2 instances hold generation 4; b (node-of-b): Applying",
        ),
        (
            vec![well("a"), applied("b", "True", "InForce", 3)],
            "False Applying: 1 of 2 instances hold generation 4; b (node-of-b): Pending",
        ),
        (
            vec![well("a"), made_anew],
            "False Applying: 1 of 2 instances hold generation 4; m (node-of-m): Pending",
        ),
        (
            vec![refused(), well("a"), new("n")],
            "False Refused: 1 of 3 instances hold generation 4; n (node-of-n): BotSilent, r (node-of-r): Refused",
        ),
        (
            vec![well("a"), applied("stale-b", "True", "InForce", 3)],
            "False Applying: 1 of 2 instances hold generation 4; stale-b (node-of-stale-b): Stale",
        ),
        // What it confirmed before it fell silent is so.
        (
            vec![well("a"), well("stale-b")],
            "True InForce: 2 of 2 instances hold generation 4; no session above 16, none older",
        ),
        // Another release's.
        (
            vec![well("a"), applied("o", "False", "NameInUse", 4)],
            "True InForce: 1 of 1 instances hold generation 4; no session above 16, none older",
        ),
        (
            ["e", "d", "c", "b", "a"].map(new).to_vec(),
            "False Applying: 0 of 5 instances hold generation 4; a (node-of-a): BotSilent, b (node-of-b): BotSilent, \
             c (node-of-c): BotSilent; and 2 more",
        ),
    ];
    for (pods, expected) in table {
        let status = of_pods(&pods);
        assert_eq!(line(&status, "Applied"), expected);
        let ready = line(&status, "Ready");
        assert_eq!(ready.split(':').next(), expected.split(':').next());
    }
}

#[test]
fn healthy_tells_a_path_from_a_database() {
    let tcp =
        |name: &str| format!("{name} (node-of-{name}): TCP TimedOut since 2026-11-23T09:14:37Z");
    let (a, b, c, d) = (tcp("a"), tcp("b"), tcp("c"), tcp("d"));
    let all: Vec<Value> = ["a", "b", "c", "d"].map(ill).to_vec();
    let mut suspect = well("s");
    suspect["status"]["probe"]["state"] = json!("Suspect");
    let mut bare = ill("x");
    bare["status"] = json!({"probe": {"state": "Degraded"}});
    let table = [
        (vec![], "Unknown Pending: no instance knows yet".to_owned()),
        (
            vec![new("n")],
            "Unknown Pending: no instance knows yet".to_owned(),
        ),
        (
            vec![well("a"), new("n")],
            "True Reachable: 1 of 2 instances healthy".to_owned(),
        ),
        (
            vec![well("a"), suspect],
            "True Reachable: 2 of 2 instances healthy".to_owned(),
        ),
        (
            vec![well("w"), ill("a")],
            format!("False PathBroken: 1 of 2 instances healthy; {a}"),
        ),
        (
            vec![well("w"), ill("b"), ill("a"), new("n")],
            format!("False PathBroken: 1 of 4 instances healthy; {a}, {b}"),
        ),
        (
            all,
            format!("False DatabaseDown: 0 of 4 instances healthy; {a}, {b}, {c}; and 1 more"),
        ),
        (
            vec![ill("d"), new("n")],
            format!("False DatabaseDown: 0 of 2 instances healthy; {d}"),
        ),
        (
            vec![ill("d"), well("stale-w")],
            format!("False DatabaseDown: 0 of 1 instances healthy; {d}"),
        ),
        (
            vec![well("w"), ill("stale-d")],
            "True Reachable: 1 of 1 instances healthy".to_owned(),
        ),
        (
            vec![bare],
            "False DatabaseDown: 0 of 1 instances healthy; x: ? ?".to_owned(),
        ),
    ];
    for (pods, expected) in table {
        let status = of_pods(&pods);
        assert_eq!(line(&status, "Healthy"), expected);
        // A database's outage never fails a rollout.
        assert_eq!(get(&status, "Accepted").status, ConditionStatus::True);
    }
    let status = of_pods(&[ill("a"), ill("b")]);
    assert_eq!(get(&status, "Ready").status, ConditionStatus::True);
}

#[test]
fn what_is_not_accepted_is_not_ready_and_says_why() {
    let config = config(json!({}), json!({}));
    let unsupported = Acceptance::Unsupported("pool.flavour: odd".to_owned());
    let words = "what was in force stays: pool.flavour: odd";
    let pods = [applied("a", "False", "UnsupportedValue", 3)];
    let status = summed(&config, &unsupported, &pods, &Own::default());
    assert_eq!(
        line(&status, "Accepted"),
        format!("False UnsupportedValue: {words}")
    );
    assert_eq!(
        line(&status, "Ready"),
        format!("False UnsupportedValue: {words}")
    );
    assert_eq!(
        line(&status, "Applied"),
        "False UnsupportedValue: 0 of 1 instances hold generation 4; a (node-of-a): UnsupportedValue"
    );
    assert_eq!(status.effective, None);
    let long = Acceptance::Unsupported("ไ".repeat(5_000));
    let status = summed(&config, &long, &[], &Own::default());
    assert_eq!(get(&status, "Accepted").message.chars().count(), 1024);
}
