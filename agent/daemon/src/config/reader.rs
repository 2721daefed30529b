//! Reads variables through a lookup and gathers every problem. One rule for all of them: `X` or `X_FILE`, not both;
//! empty is not set; a value is shown only if it is neither secret nor from a file.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use super::problem::{Problem, Problems};
use super::source::Source;
use super::variable::{Need, Variable};

/// Answers with a variable of the environment.
pub type Lookup<'a> = &'a dyn Fn(&str) -> Option<OsString>;
/// Reads a file whole, within bounds: [`super::read_file`] outside of tests.
pub type ReadFile<'a> = &'a dyn Fn(&Path) -> io::Result<Vec<u8>>;

/// The suffix of the twin that names a file.
pub(super) const FILE: &str = "_FILE";

/// Longest value shown in a problem.
const SHOWN: usize = 60;

/// Reads one configuration, and keeps what is wrong with it.
pub struct Reader<'a> {
    lookup: Lookup<'a>,
    pub(super) read_file: ReadFile<'a>,
    problems: Vec<Problem>,
}

impl<'a> Reader<'a> {
    /// A reader of the environment that `lookup` gives.
    pub fn new(lookup: Lookup<'a>, read_file: ReadFile<'a>) -> Self {
        Self {
            lookup,
            read_file,
            problems: vec![],
        }
    }

    /// A reader of sources already known; nothing is looked up.
    pub fn of_files(read_file: ReadFile<'a>) -> Self {
        Self::new(&|_| None, read_file)
    }

    /// Where the variable's value comes from, if it is set.
    pub fn source(&mut self, variable: &Variable) -> Option<Source> {
        self.source_of(variable.name)
    }

    pub(super) fn source_of(&mut self, name: &str) -> Option<Source> {
        let file_name = format!("{name}{FILE}");
        match (self.raw(name), self.raw(&file_name)) {
            (None, None) => None,
            (Some(_), Some(_)) => {
                self.problem(
                    name,
                    format!("is set, and so is {file_name}; give one of them"),
                );
                None
            }
            (None, Some(path)) => Some(Source::File(PathBuf::from(path))),
            (Some(value), None) => match value.into_string() {
                Ok(value) => Some(Source::Value(value.as_str().into())),
                Err(_) => {
                    self.problem(name, "is not UTF-8 text");
                    None
                }
            },
        }
    }

    /// The variable itself, empty as not set.
    pub(super) fn raw(&self, name: &str) -> Option<OsString> {
        (self.lookup)(name).filter(|value| !value.is_empty())
    }

    /// Looks the variable up and reads it.
    pub fn get<T>(
        &mut self,
        variable: &Variable,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        let source = self.source(variable);
        self.value(variable, source.as_ref(), parse)
    }

    /// Reads the variable from its source, its default where there is none. `None` is either absent, where absent
    /// means something, or a problem noted.
    pub fn value<T>(
        &mut self,
        variable: &Variable,
        source: Option<&Source>,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        let Some(source) = source else {
            return match variable.need {
                Need::Default(text) => Some(
                    parse(text).unwrap_or_else(|_| panic!("BUG: default of {}", variable.name)),
                ),
                Need::Absent(_) => None,
                Need::Required => {
                    self.not_set(variable, format!("is not set. {}", variable.meaning));
                    None
                }
            };
        };
        let named = named(variable.name, source);
        let value = match source.get_by(self.read_file) {
            Ok(value) => value,
            Err(error) => {
                self.problem(named, error.in_full());
                return None;
            }
        };
        match parse(value.expose()) {
            Ok(parsed) => Some(parsed),
            Err(reason) => {
                let shown = shown(value.expose(), variable.secret, source);
                self.problem(named, shown + &reason);
                None
            }
        }
    }

    /// Tells that a variable is not set, unless it is already told what is wrong with it.
    pub fn not_set(&mut self, variable: &Variable, reason: impl Into<String>) {
        if !self
            .problems
            .iter()
            .any(|problem| problem.variable == variable.name)
        {
            self.problem(variable.name, reason);
        }
    }

    /// Notes a problem. `reason` holds no secret.
    pub fn problem(&mut self, variable: impl Into<String>, reason: impl Into<String>) {
        self.problems.push(Problem {
            variable: variable.into(),
            reason: reason.into(),
        });
    }

    /// What was read, unless there are problems. `None` without a problem cannot be.
    ///
    /// # Errors
    /// All problems at once.
    pub fn finish<T>(self, read: Option<T>) -> Result<T, Problems> {
        match read {
            Some(read) if self.problems.is_empty() => Ok(read),
            _ => Err(Problems(self.problems)),
        }
    }
}

/// The name that the operator wrote.
pub(super) fn named(name: &str, source: &Source) -> String {
    match source {
        Source::Value(_) => name.to_owned(),
        Source::File(_) => format!("{name}{FILE}"),
    }
}

/// The value before the reason, where it may be shown. One with an `@` may be a URL with a password in it.
pub(super) fn shown(value: &str, secret: bool, source: &Source) -> String {
    if secret || value.contains('@') || matches!(source, Source::File(_)) {
        return String::new();
    }
    let mut short: String = value.chars().take(SHOWN).collect();
    if short.len() < value.len() {
        short.push('…');
    }
    format!("{short:?} ")
}

/// The path that a variable gave, for a problem: itself, unless a file gave it.
pub(super) fn place(path: &Path, source: Option<&Source>) -> String {
    match source {
        Some(Source::Value(_)) => path.display().to_string(),
        _ => "the file that it names".to_owned(),
    }
}
