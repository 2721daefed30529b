//! Reads fields through a lookup, keeps the ranges and the rules between fields, and gathers every problem.
//! Knows nothing of where the values come from, nor what becomes of them.

use std::time::Duration;

use super::field::{Field, Range};
use super::problem::{Rule, SettingProblem};
use crate::duration::GepDuration;

/// A reading in progress. A field that is ill gives its default, so that the others are still judged.
pub struct Reading<L> {
    lookup: L,
    problems: Vec<SettingProblem>,
}

impl<L: FnMut(&'static Field) -> Option<String>> Reading<L> {
    /// `lookup` answers with a field's text, or `None` for its default.
    pub fn new(lookup: L) -> Self {
        Self {
            lookup,
            problems: vec![],
        }
    }

    /// A number.
    pub fn count(&mut self, field: &'static Field) -> u16 {
        self.read(field, count)
    }

    /// A time.
    pub fn duration(&mut self, field: &'static Field) -> Duration {
        self.read(field, duration)
    }

    /// One of the field's words.
    pub fn word(&mut self, field: &'static Field) -> &'static str {
        self.read(field, word)
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

    /// The settings, if no field is ill and none of the rules between two fields is broken.
    ///
    /// # Errors
    /// All problems at once, in the order of reading, then of the rules.
    pub fn finish<T>(
        self,
        settings: T,
        rules: impl IntoIterator<Item = Between>,
    ) -> Result<T, Vec<SettingProblem>> {
        let ill: Vec<_> = self.problems.iter().map(SettingProblem::field).collect();
        let mut problems = self.problems;
        for rule in rules {
            // A rule against a field that could not be read would only mislead.
            if !rule.kept && !ill.contains(&rule.field) && !ill.contains(&rule.other) {
                problems.push(SettingProblem::new(rule.field, rule.value, rule.rule));
            }
        }
        if problems.is_empty() {
            Ok(settings)
        } else {
            Err(problems)
        }
    }
}

/// A rule between two fields, and whether it is kept.
pub struct Between {
    field: &'static Field,
    value: String,
    other: &'static Field,
    rule: Rule,
    kept: bool,
}

impl Between {
    /// The count is at most the other less `less`.
    #[must_use]
    pub fn at_most_less(
        one: (&'static Field, u16),
        other: (&'static Field, u16),
        less: u16,
    ) -> Self {
        Self {
            field: one.0,
            value: one.1.to_string(),
            other: other.0,
            rule: Rule::AtMostLess(other.0, less),
            kept: one.1 <= other.1.saturating_sub(less),
        }
    }

    /// The time is at most the other.
    #[must_use]
    pub fn at_most(one: (&'static Field, Duration), other: (&'static Field, Duration)) -> Self {
        Self {
            field: one.0,
            value: text(one.1),
            other: other.0,
            rule: Rule::AtMost(other.0),
            kept: one.1 <= other.1,
        }
    }

    /// The time is below the other.
    #[must_use]
    pub fn below(one: (&'static Field, Duration), other: (&'static Field, Duration)) -> Self {
        Self {
            rule: Rule::Below(other.0),
            kept: one.1 < other.1,
            ..Self::at_most(one, other)
        }
    }
}

/// A time that a [`Reading`] gave, as it is written.
pub(super) fn text(duration: Duration) -> String {
    GepDuration::new(duration)
        .expect("every duration here was read from that form")
        .to_string()
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

fn word(field: &Field, text: &str) -> Result<&'static str, Rule> {
    let Range::Word(words) = field.range else {
        return Err(Rule::OutOfRange);
    };
    let mut words = words.iter().copied();
    words.find(|word| *word == text).ok_or(Rule::OutOfRange)
}
