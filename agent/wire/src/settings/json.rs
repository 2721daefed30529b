//! Settings as nested JSON, in the groups and names of `PoolConfig.spec`: `{"pool": {"maxConnections": 8}}`. Counts are
//! numbers, durations are strings. What is absent has its default; what is unknown is refused by name.

use std::fmt;

use serde_json::{Map, Value};

use super::field::{FIELDS, Field, Range};
use super::{PoolSettings, SettingProblem};

/// One thing that is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathProblem {
    /// Path of the field, `pool.maxConnections`; empty for the whole.
    pub path: String,
    /// What is wrong with it, in words.
    pub problem: String,
}

impl PathProblem {
    /// Says what is wrong with the field at `path`.
    pub fn new(path: impl Into<String>, problem: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            problem: problem.into(),
        }
    }
}

impl fmt::Display for PathProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path.as_str() {
            "" => f.write_str(&self.problem),
            path => write!(f, "{path}: {}", self.problem),
        }
    }
}

/// Reads settings whose values are JSON: `value` answers with a field's, `read` is the settings' own `from_lookup`.
///
/// # Errors
/// All problems at once, each with its path.
pub fn from_values<'a, T>(
    value: impl Fn(&Field) -> Option<&'a Value>,
    read: impl FnOnce(
        &mut dyn FnMut(&'static Field) -> Option<String>,
    ) -> Result<T, Vec<SettingProblem>>,
) -> Result<T, Vec<PathProblem>> {
    let mut problems = Vec::new();
    let settings = read(&mut |field| match text(field, value(field)?) {
        Ok(text) => text,
        Err(problem) => {
            problems.push(PathProblem::new(field.path, problem));
            None
        }
    });
    match settings {
        Ok(settings) if problems.is_empty() => Ok(settings),
        Ok(_) => Err(problems),
        Err(broken) => {
            problems.extend(broken.iter().map(of_setting));
            Err(problems)
        }
    }
}

impl PoolSettings {
    /// Reads settings from their JSON.
    ///
    /// # Errors
    /// All problems at once, each with its path.
    pub fn from_json(json: &Value) -> Result<Self, Vec<PathProblem>> {
        let Value::Object(groups) = json else {
            return Err(vec![PathProblem::new("", "is not a JSON object")]);
        };
        let value = |field: &Field| {
            let (group, name) = field.group_and_name();
            groups.get(group)?.get(name)
        };
        let settings = from_values(value, |lookup| Self::from_lookup(lookup));
        let mut problems = unknown(groups);
        match settings {
            Ok(settings) if problems.is_empty() => Ok(settings),
            Ok(_) => Err(problems),
            Err(broken) => {
                problems.extend(broken);
                Err(problems)
            }
        }
    }

    /// The JSON of all fields; [`PoolSettings::from_json`] reads it back to the same settings.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut groups = Map::new();
        for (field, text) in self.entries() {
            let (group, name) = field.group_and_name();
            let value = match field.range {
                Range::Count(..) => text.parse::<u16>().map_or(Value::Null, Value::from),
                Range::Millis(..) | Range::Word(_) => Value::String(text),
            };
            if let Value::Object(group) = groups
                .entry(group)
                .or_insert_with(|| Value::Object(Map::new()))
            {
                group.insert(name.to_owned(), value);
            }
        }
        Value::Object(groups)
    }
}

/// The value as the text that the environment would have; `None` for null, which is absent.
fn text(field: &Field, value: &Value) -> Result<Option<String>, &'static str> {
    match (field.range, value) {
        (_, Value::Null) => Ok(None),
        (Range::Count(..), Value::Number(number)) => Ok(Some(number.to_string())),
        (Range::Millis(..) | Range::Word(_), Value::String(text)) => Ok(Some(text.clone())),
        (Range::Count(..), _) => Err("is to be a number, without quotes"),
        (Range::Millis(..), _) => Err("is to be a duration in quotes, as \"30s\" or \"500ms\""),
        (Range::Word(_), _) => Err("is to be a word in quotes"),
    }
}

fn of_setting(broken: &SettingProblem) -> PathProblem {
    let rule = broken.rule(|field| field.path.to_owned());
    PathProblem::new(broken.field().path, rule)
}

fn unknown(groups: &Map<String, Value>) -> Vec<PathProblem> {
    let mut problems = Vec::new();
    for (group, fields) in groups {
        let mut known = FIELDS
            .iter()
            .filter(|field| field.group_and_name().0 == group)
            .peekable();
        if known.peek().is_none() {
            problems.push(PathProblem::new(
                shown(group),
                "is unknown; the groups are pool, path and retry",
            ));
            continue;
        }
        let names: Vec<&str> = known.map(|field| field.group_and_name().1).collect();
        match fields {
            Value::Null => {}
            Value::Object(fields) => problems.extend(
                fields
                    .keys()
                    .filter(|name| !names.contains(&name.as_str()))
                    .map(|name| {
                        let path = format!("{group}.{}", shown(name));
                        PathProblem::new(path, "is unknown")
                    }),
            ),
            _ => problems.push(PathProblem::new(group, "is not a JSON object")),
        }
    }
    problems
}

/// A name that somebody made up may be anything.
fn shown(name: &str) -> String {
    name.chars()
        .take(60)
        .map(|c| if c.is_control() { '?' } else { c })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn settings_are_read_from_their_own_json() {
        let defaults = PoolSettings::default();
        assert_eq!(PoolSettings::from_json(&json!({})), Ok(defaults.clone()));
        assert_eq!(
            PoolSettings::from_json(&json!({"pool": null, "path": {"keepaliveIdle": null}})),
            Ok(defaults.clone())
        );
        let json = defaults.to_json();
        assert_eq!(json["pool"]["maxConnections"], 16);
        assert_eq!(json["pool"]["idleTimeout"], "2m30s");
        let changed =
            PoolSettings::from_json(&json!({"pool": {"maxConnections": 8, "minIdle": 5}}))
                .expect("valid");
        assert_eq!((changed.max_connections(), changed.min_idle()), (8, 5));
        assert_eq!(PoolSettings::from_json(&changed.to_json()), Ok(changed));
    }

    #[test]
    fn every_problem_comes_with_its_path_and_what_is_unknown_by_name() {
        let problems = |json: Value| -> Vec<String> {
            let problems = PoolSettings::from_json(&json).expect_err("ill");
            problems.iter().map(ToString::to_string).collect()
        };
        assert_eq!(problems(json!([])), ["is not a JSON object"]);
        assert_eq!(
            problems(json!({"pool": 3, "probe": {}})),
            [
                "pool: is not a JSON object",
                "probe: is unknown; the groups are pool, path and retry"
            ]
        );
        let ill = json!({
            "pool": {"maxConnections": "16", "minIdle": 2.5, "acquireTimeout": 3, "size": 1},
            "path": {"keepaliveCount": 99, "idleTimeoutDiscovery": "Apply"},
            "retry": {"maxDelay": "1m", "deadline": "8s"},
        });
        assert_eq!(
            problems(ill),
            [
                "path.idleTimeoutDiscovery: is unknown",
                "pool.size: is unknown",
                "pool.maxConnections: is to be a number, without quotes",
                "pool.acquireTimeout: is to be a duration in quotes, as \"30s\" or \"500ms\"",
                "pool.minIdle: is not a whole number",
                "path.keepaliveCount: must be 1 to 20",
                "retry.maxDelay: must be at most retry.deadline",
            ]
        );
    }
}
