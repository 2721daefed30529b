//! The agent's table: defaults, words, ranges, the rule between fields.

use sabai_wire::settings::AGENT_FIELDS;
use sabai_wire::settings::field::Range;

use super::*;

fn with(given: &[(&str, &str)]) -> Result<AgentSettings, Vec<String>> {
    let value = |field: &Field| given.iter().find(|(path, _)| *path == field.path);
    AgentSettings::from_lookup(|field| value(field).map(|(_, text)| (*text).to_owned()))
        .map_err(|problems| problems.iter().map(ToString::to_string).collect())
}

#[test]
fn the_defaults_are_those_of_the_contract() {
    let secs = Duration::from_secs;
    let expected = AgentSettings {
        discovery: Discovery::Recommend,
        probe: ProbeTimes {
            interval: secs(10),
            timeout: secs(5),
            write_interval: secs(30),
        },
        thresholds: Thresholds {
            failures: 3,
            successes: 2,
        },
        certificate_expiry_warning: secs(14 * 24 * 3600),
        recycle: RecycleSettings {
            mode: RecycleMode::Automatic,
            spread: secs(5),
            limits: Limits {
                min_interval: secs(30),
                max_per_hour: 6,
            },
            drain_timeout: secs(30),
        },
        readiness: ReadinessSettings {
            policy: Policy::LocalFaults,
            max_unready_percent: 34,
            startup_hold: secs(300),
        },
    };
    assert_eq!(AgentSettings::default(), expected);
}

#[test]
fn every_field_is_looked_up_once_and_every_word_of_it_is_read() {
    let mut seen = vec![];
    let _ = AgentSettings::from_lookup(|field| {
        seen.push(field);
        None
    });
    assert_eq!(seen, AGENT_FIELDS);
    for field in AGENT_FIELDS {
        let Range::Word(words) = field.range else {
            continue;
        };
        for word in words {
            let read = with(&[(field.path, word)]).expect("a word of the field");
            let is_default = read == AgentSettings::default();
            assert_eq!(is_default, *word == field.default, "{}: {word}", field.path);
        }
    }
}

#[test]
fn what_is_out_of_range_or_breaks_the_rule_is_told_with_the_field() {
    let table = [
        (&[("probe.timeout", "9999ms")][..], None),
        (
            &[("probe.timeout", "10s")][..],
            Some("probe.timeout: \"10s\" must be below probe.interval"),
        ),
        (
            &[("probe.interval", "500ms")][..],
            Some("probe.interval: \"500ms\" must be 1s to 10m"),
        ),
        (
            &[("readiness.policy", "strict")][..],
            Some("readiness.policy: \"strict\" must be LocalFaults or Strict"),
        ),
        (
            &[("recycle.maxPerHour", "0")][..],
            Some("recycle.maxPerHour: \"0\" must be 1 to 60"),
        ),
    ];
    for (given, problem) in table {
        let expected: Vec<_> = problem.into_iter().collect();
        assert_eq!(with(given).err().unwrap_or_default(), expected, "{given:?}");
    }
}
