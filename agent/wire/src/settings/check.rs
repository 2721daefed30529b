//! Reads fields through a lookup, keeps the ranges and the rules between fields, and gathers every problem.
//! Knows nothing of where the values come from, nor what becomes of them.

use std::time::Duration;

use super::between::{Between, Relation};
use super::field::{Field, Range};
use super::problem::{Rule, SettingProblem};
use crate::duration::GepDuration;

/// A reading in progress. A field that is ill gives its default, so that the others are still judged.
pub struct Reading<L> {
    lookup: L,
    problems: Vec<SettingProblem>,
    /// What was read, for the rules between fields. Words are in none.
    values: Vec<(&'static Field, Value)>,
}

#[derive(Clone, Copy)]
enum Value {
    Count(u16),
    Time(Duration),
}

impl<L: FnMut(&'static Field) -> Option<String>> Reading<L> {
    /// `lookup` answers with a field's text, or `None` for its default.
    pub fn new(lookup: L) -> Self {
        Self {
            lookup,
            problems: vec![],
            values: vec![],
        }
    }

    /// A number.
    pub fn count(&mut self, field: &'static Field) -> u16 {
        let value = self.read(field, count);
        self.values.push((field, Value::Count(value)));
        value
    }

    /// A time.
    pub fn duration(&mut self, field: &'static Field) -> Duration {
        let value = self.read(field, duration);
        self.values.push((field, Value::Time(value)));
        value
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
        mut self,
        settings: T,
        rules: &'static [Between],
    ) -> Result<T, Vec<SettingProblem>> {
        let ill: Vec<_> = self.problems.iter().map(SettingProblem::field).collect();
        for rule in rules {
            // A rule against a field that could not be read would only mislead.
            if ill.contains(&rule.field) || ill.contains(&rule.other) {
                continue;
            }
            let (one, other) = (self.value(rule.field), self.value(rule.other));
            if !kept(one, rule.relation, other) {
                let broken = Rule::Between(rule.relation, rule.other);
                self.problems
                    .push(SettingProblem::new(rule.field, one.text(), broken));
            }
        }
        if self.problems.is_empty() {
            Ok(settings)
        } else {
            Err(self.problems)
        }
    }

    fn value(&self, field: &'static Field) -> Value {
        let read = self.values.iter().find(|(of, _)| *of == field);
        read.map_or_else(|| panic!("BUG: {} was not read", field.path), |read| read.1)
    }
}

fn kept(one: Value, relation: Relation, other: Value) -> bool {
    match (one, relation, other) {
        (Value::Count(one), Relation::AtMostLess(less), Value::Count(other)) => {
            one <= other.saturating_sub(less)
        }
        (Value::Time(one), Relation::AtMost, Value::Time(other)) => one <= other,
        (Value::Time(one), Relation::Below, Value::Time(other)) => one < other,
        _ => panic!("BUG: a rule between fields that it is not for"),
    }
}

impl Value {
    fn text(self) -> String {
        match self {
            Self::Count(count) => count.to_string(),
            Self::Time(time) => text(time),
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
