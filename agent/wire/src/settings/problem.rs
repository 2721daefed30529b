//! What is wrong with a setting, apart from its value: the feeder names the fields in its own words (path or
//! variable) and knows whether the value may be shown.

use std::fmt;

use super::between::Relation;
use super::field::{Field, Range};
use crate::duration::{GepDuration, InvalidDuration};

/// One broken rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingProblem {
    field: &'static Field,
    value: String,
    rule: Rule,
}

/// A rule that a value breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rule {
    NotANumber,
    NotADuration(InvalidDuration),
    OutOfRange,
    /// To another field.
    Between(Relation, &'static Field),
}

impl SettingProblem {
    pub(super) fn new(field: &'static Field, value: impl Into<String>, rule: Rule) -> Self {
        Self {
            field,
            value: value.into(),
            rule,
        }
    }

    #[must_use]
    pub fn field(&self) -> &'static Field {
        self.field
    }

    /// The value as it was given. From a file it may be anything, a misplaced key included.
    #[must_use]
    pub fn value(&self) -> &str {
        &self.value
    }

    /// The rule in words, with other fields called what `name` calls them.
    #[must_use]
    pub fn rule(&self, name: impl Fn(&Field) -> String) -> String {
        match self.rule {
            Rule::NotANumber => "is not a whole number".to_owned(),
            Rule::NotADuration(why) => why.to_string(),
            Rule::OutOfRange => format!("must be {}", self.field.range),
            Rule::Between(relation, other) => relation.demand(&name(other)),
        }
    }
}

impl Relation {
    /// What it asks for, with the other field called so.
    #[must_use]
    pub fn demand(self, other: &str) -> String {
        match self {
            Self::AtMostLess(less) => format!("must be at most {other} - {less}"),
            Self::AtMost => format!("must be at most {other}"),
            Self::Below => format!("must be below {other}"),
        }
    }
}

impl fmt::Display for SettingProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rule = self.rule(|field| field.path.to_owned());
        write!(f, "{}: {:?} {rule}", self.field.path, self.value)
    }
}

impl std::error::Error for SettingProblem {}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Count(low, high) => write!(f, "{low} to {high}"),
            Self::Millis(low, high) => write!(f, "{} to {}", gep(low), gep(high)),
            Self::Word(words) => f.write_str(&words.join(" or ")),
        }
    }
}

fn gep(millis: u64) -> GepDuration {
    GepDuration::new(std::time::Duration::from_millis(millis))
        .expect("the ends of the ranges are below 99999 hours")
}
