//! What the Role cannot say and the policies do: an agent writes its own PoolInstance and its release's Lease, as they have
//! to be, and is told in words what is wrong. Nobody else is bound.

mod lease;
mod others;
mod report;

use http::Method;
use sabai_tests::kubernetes::Api;
use serde_json::{Value, json};

const JSON: &str = "application/json";
const MERGE: &str = "application/merge-patch+json";

/// What is tried, and words of the refusal.
struct Case {
    what: &'static str,
    method: Method,
    path: String,
    content: &'static str,
    body: Value,
    words: &'static str,
}

/// Bodies that are sent the same way.
fn cases(
    (method, path, content): (Method, &str, &'static str),
    bodies: Vec<(&'static str, Value, &'static str)>,
) -> Vec<Case> {
    let of = |(what, body, words)| Case {
        what,
        method: method.clone(),
        path: path.to_owned(),
        content,
        body,
        words,
    };
    bodies.into_iter().map(of).collect()
}

async fn refused(api: &Api, cases: Vec<Case>) {
    let mut differing = Vec::new();
    for case in cases {
        let body = case.body.to_string();
        let answer = api.send(case.method, &case.path, case.content, &body).await;
        let answer = answer.expect("an answer");
        let said = answer.body["message"].as_str().unwrap_or_default();
        let by_policy = said.contains("denied request: ") && said.contains(case.words);
        if answer.status != 403 || !by_policy {
            differing.push(format!("{}: {} {said}", case.what, answer.status));
        }
    }
    assert!(differing.is_empty(), "{}", differing.join("\n"));
}

/// The object with one place of its metadata changed.
fn with(mut object: Value, place: &str, value: Value) -> Value {
    object["metadata"][place] = value;
    object
}

fn pod(name: &str, uid: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Pod", "name": name, "uid": uid})
}
