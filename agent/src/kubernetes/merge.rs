//! A merge patch (RFC 7396) that makes what is stored what is wanted: pure.

use serde_json::{Map, Value};

/// Everything that is wanted, and null for what is stored and not wanted any more. Lists are replaced whole.
pub(super) fn replacing(stored: &Value, wanted: &Value) -> Value {
    let (Value::Object(stored), Value::Object(wanted)) = (stored, wanted) else {
        return wanted.clone();
    };
    let gone = stored.keys().filter(|name| !wanted.contains_key(*name));
    let mut patch: Map<String, Value> = gone.map(|name| (name.clone(), Value::Null)).collect();
    for (name, value) in wanted {
        let before = stored.get(name).unwrap_or(&Value::Null);
        patch.insert(name.clone(), replacing(before, value));
    }
    Value::Object(patch)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_gone_is_null_at_every_depth() {
        let stored = json!({"a": 1, "b": {"c": 2, "d": {"e": 3}}, "f": [1, 2], "g": {"h": 1}});
        let wanted = json!({"b": {"c": 4}, "f": [3], "g": {"h": 1, "i": 2}, "j": {"k": 1}});
        let expected = json!({
            "a": null, "b": {"c": 4, "d": null}, "f": [3], "g": {"h": 1, "i": 2}, "j": {"k": 1},
        });
        assert_eq!(replacing(&stored, &wanted), expected);
        assert_eq!(replacing(&json!(null), &wanted), wanted);
    }
}
