//! The table of settings: defaults, ranges, the rules between fields, all problems at once.

use std::collections::BTreeSet;
use std::time::Duration;

use super::field::Range;
use super::*;

fn with(given: &[(&str, &str)]) -> Result<PoolSettings, Vec<String>> {
    let value = |field: &Field| given.iter().find(|(path, _)| *path == field.path);
    PoolSettings::from_lookup(|field| value(field).map(|(_, text)| (*text).to_owned()))
        .map_err(|problems| problems.iter().map(ToString::to_string).collect())
}

#[test]
fn the_defaults_are_those_of_the_contract() {
    let s = PoolSettings::default();
    let (secs, millis) = (Duration::from_secs, Duration::from_millis);
    assert_eq!(
        (
            s.max_connections(),
            s.min_idle(),
            s.lifetime_jitter_percent(),
            s.keepalive_count()
        ),
        (16, 4, 20, 3)
    );
    for (is, should_be) in [
        (s.acquire_timeout(), secs(3)),
        (s.connect_timeout(), secs(2)),
        (s.idle_timeout(), secs(150)),
        (s.max_lifetime(), secs(1_800)),
        (s.statement_timeout(), secs(5)),
        (s.server_statement_timeout(), millis(4_500)),
        (s.check_after_idle(), secs(2)),
        (s.check_timeout(), millis(400)),
        (s.keepalive_idle(), secs(60)),
        (s.keepalive_interval(), secs(10)),
        (s.unacknowledged_timeout(), secs(30)),
        (s.retry_deadline(), secs(8)),
        (s.retry_initial_delay(), millis(5)),
        (s.retry_max_delay(), millis(500)),
    ] {
        assert_eq!(is, should_be);
    }
}

#[test]
fn every_field_is_looked_up_once_under_the_variable_of_its_path() {
    let mut seen = vec![];
    let _ = PoolSettings::from_lookup(|field| {
        seen.push(field);
        None
    });
    assert_eq!(seen, FIELDS);
    for field in FIELDS.iter().chain(AGENT_FIELDS) {
        let mut name = String::from("SABAI_");
        for c in field.path.chars() {
            match c {
                '.' => name.push('_'),
                c if c.is_ascii_uppercase() => name.extend(['_', c]),
                c => name.push(c.to_ascii_uppercase()),
            }
        }
        assert_eq!(field.variable, name);
    }
}

#[test]
fn entries_lead_back_to_the_same_settings_and_the_digest_is_of_the_content() {
    let changed = with(&[
        ("pool.maxConnections", "8"),
        ("pool.minIdle", "5"),
        ("pool.acquireTimeout", "4s"),
        ("pool.connectTimeout", "1s"),
        ("pool.idleTimeout", "61s"),
        ("pool.maxLifetime", "31m"),
        ("pool.lifetimeJitterPercent", "7"),
        ("pool.statementTimeout", "6s"),
        ("pool.checkAfterIdle", "0s"),
        ("pool.checkTimeout", "401ms"),
        ("path.keepaliveIdle", "62s"),
        ("path.keepaliveInterval", "11s"),
        ("path.keepaliveCount", "9"),
        ("path.unacknowledgedTimeout", "33s"),
        ("retry.deadline", "9s"),
        ("retry.initialDelay", "6ms"),
        ("retry.maxDelay", "501ms"),
    ])
    .expect("valid");
    let entries = changed.entries();
    assert_eq!(
        entries
            .iter()
            .map(|(_, value)| value)
            .collect::<BTreeSet<_>>()
            .len(),
        FIELDS.len(),
        "each value its own"
    );
    let again = PoolSettings::from_lookup(|field| {
        entries
            .iter()
            .find(|(of, _)| *of == field)
            .map(|(_, v)| v.clone())
    });
    assert_eq!(again, Ok(changed.clone()));
    assert_eq!(changed.digest(), changed.clone().digest());
    assert_ne!(changed.digest(), PoolSettings::default().digest());
    let spelled = with(&[("pool.idleTimeout", "2m30s")]).expect("valid");
    assert_eq!(
        spelled.digest(),
        PoolSettings::default().digest(),
        "the same content, spelled otherwise"
    );
}

#[test]
fn a_field_outside_its_range_is_refused_at_both_ends() {
    for field in FIELDS {
        let (below, above) = match field.range {
            Range::Count(low, high) => (
                low.checked_sub(1).map(|n| n.to_string()),
                (high + 1).to_string(),
            ),
            Range::Word(_) => (None, "Sometimes".to_owned()),
            // Minutes are as long as five digits may be in every unit that the ranges need.
            Range::Millis(low, high) => (
                low.checked_sub(1).map(|n| format!("{n}ms")),
                format!("{}m1ms", high.div_ceil(60_000)),
            ),
        };
        for value in below.into_iter().chain([above]) {
            let expected = format!("{}: {value:?} must be {}", field.path, field.range);
            assert_eq!(with(&[(field.path, &value)]), Err(vec![expected]));
        }
    }
}

/// What is given, and the one problem it makes, if any.
type Case<'a> = (&'a [(&'a str, &'a str)], Option<&'a str>);

#[test]
fn the_rules_between_fields_hold_at_their_edge_and_not_beyond() {
    let table: [Case; 14] = [
        (&[("pool.minIdle", "13")], None),
        (
            &[("pool.minIdle", "14")],
            Some("pool.minIdle: \"14\" must be at most pool.maxConnections - 3"),
        ),
        (
            &[("pool.maxConnections", "6")],
            Some("pool.minIdle: \"4\" must be at most pool.maxConnections - 3"),
        ),
        (&[("pool.connectTimeout", "3s")], None),
        (
            &[("pool.connectTimeout", "3001ms")],
            Some("pool.connectTimeout: \"3s1ms\" must be at most pool.acquireTimeout"),
        ),
        (&[("pool.idleTimeout", "1799s")], None),
        (
            &[("pool.idleTimeout", "30m")],
            Some("pool.idleTimeout: \"30m\" must be below pool.maxLifetime"),
        ),
        (&[("pool.checkTimeout", "2999ms")], None),
        (
            &[("pool.checkTimeout", "3s")],
            Some("pool.checkTimeout: \"3s\" must be below pool.acquireTimeout"),
        ),
        (&[("retry.initialDelay", "500ms")], None),
        (
            &[("retry.initialDelay", "501ms")],
            Some("retry.initialDelay: \"501ms\" must be at most retry.maxDelay"),
        ),
        (&[("retry.maxDelay", "8s")], None),
        (
            &[("retry.maxDelay", "9s")],
            Some("retry.maxDelay: \"9s\" must be at most retry.deadline"),
        ),
        (&[("pool.maxConnections", "4"), ("pool.minIdle", "1")], None),
    ];
    for (given, problem) in table {
        let expected = problem.map_or(vec![], |text| vec![text.to_owned()]);
        assert_eq!(with(given).err().unwrap_or_default(), expected, "{given:?}");
    }
}

#[test]
fn all_problems_come_at_once_and_none_is_a_consequence_of_another() {
    let problems = with(&[
        ("pool.maxConnections", "many"),
        ("pool.minIdle", "400"),
        ("pool.acquireTimeout", "3"),
        ("pool.connectTimeout", "20s"),
        ("path.keepaliveCount", "+3"),
        ("retry.maxDelay", "1m"),
    ]);
    assert_eq!(
        problems.expect_err("ill"),
        [
            "pool.maxConnections: \"many\" is not a whole number",
            "pool.acquireTimeout: \"3\" has a number without a unit; the units are h, m, s and ms",
            "path.keepaliveCount: \"+3\" is not a whole number",
            "retry.maxDelay: \"1m\" must be at most retry.deadline",
        ]
    );
}
