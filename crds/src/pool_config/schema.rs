//! The schema of a PoolConfig: its spec from the tables of fields and of rules between them.

use sabai_wire::duration::GepDuration;
use sabai_wire::settings::field::Range;
use sabai_wire::settings::{AGENT_FIELDS, AGENT_RULES, Between, FIELDS, Field, RULES, Relation};
use serde_json::{Value, json};
use std::time::Duration;

use super::PoolConfigStatus;
use crate::shape::{self, DURATION_CHARACTERS, DURATION_PATTERN};

/// The groups of `spec`, in their order.
const GROUPS: [(&str, &str); 6] = [
    ("pool", "The sessions of one pod with Postgres."),
    ("path", "The TCP paths that they go over."),
    (
        "probe",
        "How often the agent looks at the path, and when it believes what it sees.",
    ),
    ("recycle", "When and how sessions are renewed."),
    (
        "retry",
        "How work is tried again that Postgres could not do.",
    ),
    ("readiness", "What withdraws a pod from its Service."),
];
/// A PoolConfig's name is a label's value, of at most so many characters.
const NAME_CHARACTERS: usize = 63;
const PENDING: &str =
    "No agent has read this PoolConfig. Agents read the one that SABAI_POOLCONFIG names.";

/// The whole.
pub(super) fn pool_config() -> Value {
    let mut spec = shape::object(GROUPS.map(|(name, what)| (name.to_owned(), group(name, what))));
    spec["default"] = json!({});
    let spec = shape::described(
        spec,
        "What may be tuned, while the bot runs. Every field may be left out.",
    );
    let mut status = PoolConfigStatus::shape();
    status["default"] = json!({"conditions": pending()});
    let mut whole = shape::object([("spec".to_owned(), spec), ("status".to_owned(), status)]);
    whole["x-kubernetes-validations"] = json!([{
        "rule": format!("self.metadata.name.size() <= {NAME_CHARACTERS}"),
        "message": format!("metadata.name must be at most {NAME_CHARACTERS} characters: give it a shorter name"),
    }]);
    shape::described(
        whole,
        "The settings of the pools of one release, obeyed by all of its pods without a restart.",
    )
}

fn group(name: &str, what: &str) -> Value {
    let fields = FIELDS.iter().chain(AGENT_FIELDS);
    let fields = fields.filter(|field| field.group_and_name().0 == name);
    let fields = fields.map(|field| (field.group_and_name().1.to_owned(), of_field(field)));
    let mut group = shape::described(shape::object(fields), what);
    group["default"] = json!({});
    let rules = RULES.iter().chain(AGENT_RULES);
    let rules = rules.filter(|rule| rule.field.group_and_name().0 == name);
    let rules: Vec<Value> = rules.map(of_rule).collect();
    if !rules.is_empty() {
        group["x-kubernetes-validations"] = rules.into();
    }
    group
}

fn of_field(field: &Field) -> Value {
    let mut shape = match field.range {
        Range::Count(low, high) => {
            json!({"type": "integer", "format": "int32", "minimum": low, "maximum": high})
        }
        Range::Millis(low, high) => {
            let mut shape = shape::matching(DURATION_PATTERN, DURATION_CHARACTERS);
            let low = Some(low).filter(|low| *low > 0).map(|low| bound(">=", low));
            let form = format!("self.matches('{DURATION_PATTERN}')");
            let bounds = low.into_iter().chain([bound("<=", high)]);
            // What is no duration breaks the pattern too; here it would end in "type conversion error".
            let rule: Vec<String> = [form].into_iter().chain(bounds).collect();
            shape["x-kubernetes-validations"] = json!([{
                "rule": rule.join(" && "),
                "message": format!("{} must be {}", field.path, field.range),
            }]);
            shape
        }
        Range::Word(words) => shape::word(words),
    };
    shape["default"] = match field.range {
        Range::Count(..) => field
            .default
            .parse::<u16>()
            .map_or(Value::Null, Value::from),
        Range::Millis(..) | Range::Word(_) => field.default.into(),
    };
    shape::described(shape, &description(field))
}

/// What it means and takes; `kubectl explain` shows neither bounds nor defaults.
fn description(field: &Field) -> String {
    let (meaning, default) = (field.meaning, field.default);
    match field.range {
        Range::Count(..) | Range::Millis(..) => {
            format!("{meaning} {}; {default} by default.", field.range)
        }
        Range::Word(_) => format!("{meaning} {default} by default."),
    }
}

fn bound(comparison: &str, millis: u64) -> String {
    let bound = GepDuration::new(Duration::from_millis(millis));
    let bound = bound.expect("the ends of the ranges are below 99999 hours");
    format!("duration(self) {comparison} duration('{bound}')")
}

fn of_rule(rule: &Between) -> Value {
    let (name, other) = (rule.field.group_and_name().1, rule.other.group_and_name().1);
    let times = |comparison: &str| {
        let (one, other) = (format!("self.{name}"), format!("self.{other}"));
        format!(
            "[{one}, {other}].exists(time, !time.matches('{DURATION_PATTERN}')) \
            || duration({one}) {comparison} duration({other})"
        )
    };
    let kept = match rule.relation {
        Relation::AtMostLess(less) => format!("self.{name} <= self.{other} - {less}"),
        Relation::AtMost => times("<="),
        Relation::Below => times("<"),
    };
    let demand = rule.relation.demand(rule.other.path);
    json!({
        // Both are always given, by their defaults; but the group's own default, {}, is judged without them. Of what is
        // no duration its own field complains.
        "rule": format!("!has(self.{name}) || !has(self.{other}) || {kept}"),
        "message": format!("{} {demand}: lower {name} or raise {other}", rule.field.path),
        "fieldPath": format!(".{name}"),
    })
}

/// How a PoolConfig shows that nobody reads.
fn pending() -> Value {
    let pending = |name: &str| {
        json!({
            "type": name,
            "status": "Unknown",
            "reason": "Pending",
            "message": PENDING,
            "lastTransitionTime": "1970-01-01T00:00:00Z",
        })
    };
    json!(["Accepted", "Applied", "Ready", "Healthy"].map(pending))
}
