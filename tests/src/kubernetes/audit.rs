//! The API server's own record of who asked it for what, from its audit log (audit.k8s.io/v1).

use std::collections::HashSet;
use std::path::Path;

use anyhow::Context;
use serde_json::Value;

/// One request that was answered. A watch stands here once, from its beginning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// RFC 3339, UTC, with microseconds.
    pub received: String,
    /// Such as `system:serviceaccount:<namespace>:<name>`.
    pub user: String,
    /// Of a token that is bound to a pod.
    pub pod: Option<String>,
    pub verb: String,
    /// With the subresource, such as `poolconfigs/status`; empty for paths such as `/version`.
    pub resource: String,
    pub namespace: String,
    pub uri: String,
    pub code: u64,
    /// The client's own words, such as `kubectl/v1.37.2`.
    pub agent: String,
}

/// All requests so far, oldest first.
pub(super) fn read(path: &Path) -> anyhow::Result<Vec<Request>> {
    let log = std::fs::read_to_string(path)
        .with_context(|| format!("read {}; Options::audit asks for it", path.display()))?;
    // The last line may be half written.
    let whole = log.rfind('\n').map_or("", |end| &log[..end]);
    Ok(requests(whole))
}

/// A watch is told of when it begins and when it ends, one that nobody was known for when it is refused.
fn requests(log: &str) -> Vec<Request> {
    let mut told = HashSet::new();
    log.lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|event| told.insert(event["auditID"].to_string()))
        .map(|event| request(&event))
        .collect()
}

fn request(event: &Value) -> Request {
    let word = |pointer: &str| {
        let value = event.pointer(pointer).and_then(Value::as_str);
        value.unwrap_or_default().to_owned()
    };
    let (resource, subresource) = (word("/objectRef/resource"), word("/objectRef/subresource"));
    let pod = event.pointer("/user/extra/authentication.kubernetes.io~1pod-name/0");
    Request {
        received: word("/requestReceivedTimestamp"),
        user: word("/user/username"),
        pod: pod.and_then(Value::as_str).map(str::to_owned),
        verb: word("/verb"),
        resource: match subresource.as_str() {
            "" => resource,
            sub => format!("{resource}/{sub}"),
        },
        namespace: word("/objectRef/namespace"),
        uri: word("/requestURI"),
        code: event["responseStatus"]["code"].as_u64().unwrap_or(0),
        agent: word("/userAgent"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(id: u32, verb: &str, stage: &str, code: u64) -> String {
        let event = serde_json::json!({
            "auditID": id.to_string(), "stage": stage, "verb": verb, "requestURI": "/apis/x", "userAgent": "agent/1",
            "user": {"username": "system:serviceaccount:shop:agent",
                     "extra": {"authentication.kubernetes.io/pod-name": ["shop-1"]}},
            "objectRef": {"resource": "poolconfigs", "namespace": "shop", "subresource": "status"},
            "responseStatus": {"code": code}, "requestReceivedTimestamp": "2026-11-28T00:00:00.000000Z"
        });
        format!("{event}\n")
    }

    #[test]
    fn each_request_is_counted_once() {
        let log = [
            line(1, "watch", "ResponseStarted", 200),
            line(2, "get", "ResponseComplete", 200),
            line(1, "watch", "ResponseComplete", 200),
            line(3, "patch", "ResponseStarted", 401),
            "half a li".to_owned(),
        ];
        let requests = requests(&log.concat());
        let seen: Vec<_> = requests
            .iter()
            .map(|request| (request.verb.as_str(), request.code))
            .collect();
        assert_eq!(seen, [("watch", 200), ("get", 200), ("patch", 401)]);
        assert_eq!(requests[0].resource, "poolconfigs/status");
        assert_eq!(requests[0].pod.as_deref(), Some("shop-1"));
    }
}
