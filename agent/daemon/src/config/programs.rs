//! The names that belong to one of Sabai's programs alone. One environment may serve several programs, so each knows the
//! others' names. A name that ends in `_` stands for all that begin with it. The test of a program's own table holds
//! these lists against it.

/// What only the bot reads.
pub const BOT: &[&str] = &[
    "LINE_CHANNEL_SECRET",
    "LINE_CHANNEL_ACCESS_TOKEN",
    "LINE_CHANNEL_ID",
    "LINE_DESTINATION",
    "LINE_API_URL",
    "LINE_DATA_API_URL",
    "SABAI_LISTEN",
    "SABAI_ADMIN_LISTEN",
    "SABAI_ANSWERS",
    "SABAI_SPOOL_DIR",
    "SABAI_SPOOL_MAX_BYTES",
    "SABAI_PEER_URL",
    "SABAI_CONTROL_SOCKET",
    "POD_UID",
    "SABAI_BODY_LIMIT",
    "SABAI_HTTP_CONNECTIONS",
    "SABAI_LEASE",
    "SABAI_MAX_ATTEMPTS",
    "SABAI_PUSH_MAX_AGE",
    "SABAI_PUSH_MONTHLY_BUDGET",
];

/// What only the agent reads.
pub const AGENT: &[&str] = &[
    "SABAI_ADMIN_LISTEN",
    "SABAI_CONTROL_SOCKET",
    "SABAI_POOLCONFIG",
    "SABAI_CANARIES",
    "SABAI_REPORT_INTERVAL",
    "POD_UID",
    "POD_NAMESPACE",
    "NODE_NAME",
    "KUBECONFIG",
    "SABAI_PATH_IDLE_TIMEOUT_DISCOVERY",
    "SABAI_PROBE_",
    "SABAI_RECYCLE_",
    "SABAI_READINESS_",
];

/// What only the harness of the tests reads.
pub const HARNESS: &[&str] = &["SABAI_POSTGRES_BIN"];

/// Whether one of `names` is `name`, or is what it begins with.
pub fn has(names: &[&str], name: &str) -> bool {
    names
        .iter()
        .any(|known| *known == name || known.ends_with('_') && name.starts_with(known))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_known_by_itself_or_by_its_beginning() {
        assert!(has(AGENT, "SABAI_CANARIES"));
        assert!(has(AGENT, "SABAI_PROBE_INTERVAL"));
        assert!(!has(AGENT, "SABAI_PROBE"));
        assert!(!has(AGENT, "SABAI_CANARIES_MORE"));
        assert!(!has(AGENT, "SABAI_LISTEN"));
    }
}
