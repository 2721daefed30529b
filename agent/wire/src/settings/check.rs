//! Reads fields through a lookup, keeps the ranges and the rules between fields, and gathers every problem.
//! Knows nothing of where the values come from.

use std::time::Duration;

use super::PoolSettings;
use super::field::{self, Field, Range};
use super::problem::{Rule, SettingProblem};
use crate::duration::GepDuration;

/// A reading in progress. A field that is ill gives its default, so that the others are still judged.
pub(super) struct Reading<L> {
    lookup: L,
    problems: Vec<SettingProblem>,
}

impl<L: FnMut(&'static Field) -> Option<String>> Reading<L> {
    pub(super) fn new(lookup: L) -> Self {
        Self {
            lookup,
            problems: vec![],
        }
    }

    pub(super) fn count(&mut self, field: &'static Field) -> u16 {
        self.read(field, count)
    }

    pub(super) fn duration(&mut self, field: &'static Field) -> Duration {
        self.read(field, duration)
    }

    fn read<T>(&mut self, field: &'static Field, parse: fn(&Field, &str) -> Result<T, Rule>) -> T {
        if let Some(text) = (self.lookup)(field) {
            match parse(field, &text) {
                Ok(value) => return value,
                Err(rule) => self.problems.push(SettingProblem::new(field, text, rule)),
            }
        }
        parse(field, field.default).unwrap_or_else(|_| panic!("BUG: default of {}", field.path))
    }

    /// The settings, if no field is ill and no rule between two fields is broken.
    pub(super) fn finish(
        self,
        settings: PoolSettings,
    ) -> Result<PoolSettings, Vec<SettingProblem>> {
        let ill: Vec<_> = self.problems.iter().map(SettingProblem::field).collect();
        let mut problems = self.problems;
        for rule in rules(&settings) {
            // A rule against a field that could not be read would only mislead.
            if !rule.kept && !ill.contains(&rule.field) && !ill.contains(&rule.other) {
                problems.push(SettingProblem::new(
                    rule.field,
                    value_of(&settings, rule.field),
                    rule.rule,
                ));
            }
        }
        if problems.is_empty() {
            Ok(settings)
        } else {
            Err(problems)
        }
    }
}

struct Between {
    field: &'static Field,
    other: &'static Field,
    rule: Rule,
    kept: bool,
}

/// The rules between fields, as in the comments of `PoolConfig.spec`.
fn rules(s: &PoolSettings) -> [Between; 6] {
    let at_most = |field, other, kept| Between {
        field,
        other,
        rule: Rule::AtMost(other),
        kept,
    };
    let below = |field, other, kept| Between {
        field,
        other,
        rule: Rule::Below(other),
        kept,
    };
    // Two sessions are intake's and one is the spare.
    let reserved = 3;
    [
        Between {
            field: &field::MIN_IDLE,
            other: &field::MAX_CONNECTIONS,
            rule: Rule::AtMostLess(&field::MAX_CONNECTIONS, reserved),
            kept: s.min_idle <= s.max_connections.saturating_sub(reserved),
        },
        at_most(
            &field::CONNECT_TIMEOUT,
            &field::ACQUIRE_TIMEOUT,
            s.connect_timeout <= s.acquire_timeout,
        ),
        below(
            &field::IDLE_TIMEOUT,
            &field::MAX_LIFETIME,
            s.idle_timeout < s.max_lifetime,
        ),
        below(
            &field::CHECK_TIMEOUT,
            &field::ACQUIRE_TIMEOUT,
            s.check_timeout < s.acquire_timeout,
        ),
        at_most(
            &field::RETRY_INITIAL_DELAY,
            &field::RETRY_MAX_DELAY,
            s.retry_initial_delay <= s.retry_max_delay,
        ),
        at_most(
            &field::RETRY_MAX_DELAY,
            &field::RETRY_DEADLINE,
            s.retry_max_delay <= s.retry_deadline,
        ),
    ]
}

fn value_of(settings: &PoolSettings, field: &'static Field) -> String {
    let mut entries = settings.entries().into_iter();
    entries
        .find(|(of, _)| *of == field)
        .map(|(_, value)| value)
        .unwrap_or_default()
}

fn count(field: &Field, text: &str) -> Result<u16, Rule> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if !digits {
        return Err(Rule::NotANumber);
    }
    match (field.range, text.parse()) {
        (Range::Count(low, high), Ok(value)) if (low..=high).contains(&value) => Ok(value),
        _ => Err(Rule::OutOfRange),
    }
}

fn duration(field: &Field, text: &str) -> Result<Duration, Rule> {
    let value = text
        .parse::<GepDuration>()
        .map_err(Rule::NotADuration)?
        .get();
    match field.range {
        Range::Millis(low, high)
            if (u128::from(low)..=u128::from(high)).contains(&value.as_millis()) =>
        {
            Ok(value)
        }
        _ => Err(Rule::OutOfRange),
    }
}
