//! What the API server has dropped of what was written, since its resource definitions are older: pure.

use serde_json::Value;

/// Enough to see what it is about.
const MOST: usize = 8;

/// The paths that were sent and are not in what came back.
pub(super) fn missing(sent: &Value, got: &Value) -> Vec<String> {
    let mut paths = Vec::new();
    collect("", sent, got, &mut paths);
    paths
}

fn collect(path: &str, sent: &Value, got: &Value, paths: &mut Vec<String>) {
    match (sent, got) {
        (Value::Object(sent), Value::Object(got)) => {
            for (name, sent) in sent.iter().filter(|(_, sent)| !sent.is_null()) {
                let path = format!("{path}.{name}");
                match got.get(name) {
                    Some(got) => collect(&path, sent, got, paths),
                    None if paths.len() < MOST => paths.push(path),
                    None => {}
                }
            }
        }
        // A list is written whole; its items keep their places.
        (Value::Array(sent), Value::Array(got)) => {
            let pairs = sent.iter().zip(got);
            pairs.for_each(|(sent, got)| collect(&format!("{path}[]"), sent, got, paths));
            paths.dedup();
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_was_dropped_is_missing() {
        let sent = json!({"a": 1, "b": {"c": 2, "d": null, "e": 3}, "f": [{"g": 1, "h": 2}, {"g": 3, "h": 4}]});
        assert!(missing(&sent, &sent).is_empty());
        let got = json!({"a": 2, "b": {"c": 2}, "f": [{"g": 1}, {"g": 3}], "more": true});
        assert_eq!(missing(&sent, &got), [".b.e", ".f[].h"]);
    }
}
