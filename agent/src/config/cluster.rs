//! Where the agent is in a cluster, and whom it obeys there.

use std::path::PathBuf;
use std::time::Duration;

use sabai_daemon::config::{Reader, value};

use super::table;

const REPORT_INTERVALS: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(600));
/// Of a label's value, which the name is too.
const LONGEST_NAME: usize = 63;

/// The pod and its PoolConfig.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClusterConfig {
    pub pool_config: String,
    pub pod: String,
    pub pod_uid: String,
    pub namespace: String,
    pub node: Option<String>,
    /// `None`: the pod's own service account.
    pub kubeconfig: Option<PathBuf>,
    /// From one heartbeat to the next.
    pub report_interval: Duration,
}

/// Absent outside of Kubernetes, and when `reader` has noted problems.
pub(super) fn read(reader: &mut Reader<'_>, pod: Option<&str>) -> Option<ClusterConfig> {
    let pool_config = reader.get(&table::SABAI_POOLCONFIG, name);
    let pod_uid = reader.get(&table::POD_UID, value::plain);
    let namespace = reader.get(&table::POD_NAMESPACE, name);
    let node = reader.get(&table::NODE_NAME, value::plain);
    let kubeconfig = reader.get(&table::KUBECONFIG, value::path);
    let report_interval = reader.get(&table::SABAI_REPORT_INTERVAL, |text| {
        value::duration(text, REPORT_INTERVALS.0..=REPORT_INTERVALS.1)
    });
    let pool_config = pool_config?;
    let mut needed = |value: Option<String>, variable: &'static str| {
        if value.is_none() {
            let reason = "is not set, and SABAI_POOLCONFIG is: the pod's manifest gives it by the downward API";
            reader.problem(variable, reason);
        }
        value
    };
    let pod = needed(pod.map(str::to_owned), "POD_NAME");
    let pod_uid = needed(pod_uid, "POD_UID");
    let namespace = needed(namespace, "POD_NAMESPACE");
    Some(ClusterConfig {
        pool_config,
        pod: pod?,
        pod_uid: pod_uid?,
        namespace: namespace?,
        node,
        kubeconfig,
        report_interval: report_interval?,
    })
}

/// A DNS label (RFC 1123), which is a name of an object and a label's value.
fn name(text: &str) -> Result<String, String> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let inner = |byte: u8| plain(byte) || byte == b'-' || byte == b'.';
    let bytes = text.as_bytes();
    let ends = bytes.first().zip(bytes.last());
    let ends = ends.is_some_and(|(first, last)| plain(*first) && plain(*last));
    if ends && bytes.len() <= LONGEST_NAME && bytes.iter().copied().all(inner) {
        Ok(text.to_owned())
    } else {
        Err(format!(
            "is not a name of at most {LONGEST_NAME} lower-case letters, digits, - and ."
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for text in ["shop", "a", "shop-2.line", "0"] {
            assert_eq!(name(text), Ok(text.to_owned()));
        }
        for text in [
            "",
            "-shop",
            "shop-",
            "Shop",
            "shop_1",
            "a b",
            &"a".repeat(64),
        ] {
            assert!(name(text).is_err(), "{text}");
        }
    }
}
