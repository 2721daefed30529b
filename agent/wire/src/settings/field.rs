//! The fields of `PoolSettings`: path in `PoolConfig.spec`, variable, default, range, meaning. One row each, from
//! which the environment, `--help`, logs and later the custom resource's schema are fed. No rule between fields here.

/// One field that can be set.
#[derive(Debug, PartialEq, Eq)]
pub struct Field {
    /// Its path below `PoolConfig.spec`.
    pub path: &'static str,
    /// Its environment variable: `SABAI_` and the path in upper snake case.
    pub variable: &'static str,
    pub default: &'static str,
    pub range: Range,
    pub meaning: &'static str,
}

/// What a field takes, ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Range {
    Count(u16, u16),
    /// A GEP-2257 duration; the ends in milliseconds.
    Millis(u64, u64),
}

const SECOND: u64 = 1_000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;

macro_rules! fields {
    ($($name:ident = $path:literal, $variable:literal, $default:literal, $range:expr, $meaning:literal;)+) => {
        $(pub static $name: Field =
            Field { path: $path, variable: $variable, default: $default, range: $range, meaning: $meaning };)+
        /// Every field, in the order of `PoolConfig.spec`.
        pub static FIELDS: &[&Field] = &[$(&$name),+];
    };
}

fields! {
    MAX_CONNECTIONS = "pool.maxConnections", "SABAI_POOL_MAX_CONNECTIONS", "16", Range::Count(4, 500),
        "Ceiling of this pod's sessions, all included: workers, two for intake, one spare.";
    MIN_IDLE = "pool.minIdle", "SABAI_POOL_MIN_IDLE", "4", Range::Count(0, 497),
        "Sessions kept open for workers when idle; at most the maximum - 3.";
    ACQUIRE_TIMEOUT = "pool.acquireTimeout", "SABAI_POOL_ACQUIRE_TIMEOUT", "3s", Range::Millis(50, MINUTE),
        "Longest wait for a session; a caller's own deadline may be shorter.";
    CONNECT_TIMEOUT = "pool.connectTimeout", "SABAI_POOL_CONNECT_TIMEOUT", "2s", Range::Millis(50, MINUTE),
        "All stages of opening a session together; at most the acquire timeout.";
    IDLE_TIMEOUT = "pool.idleTimeout", "SABAI_POOL_IDLE_TIMEOUT", "150s", Range::Millis(SECOND, 24 * HOUR),
        "An idle session is closed after this; below the maximum lifetime, and below what the network forgets.";
    MAX_LIFETIME = "pool.maxLifetime", "SABAI_POOL_MAX_LIFETIME", "30m", Range::Millis(2 * SECOND, 168 * HOUR),
        "A session is replaced at this age.";
    LIFETIME_JITTER_PERCENT = "pool.lifetimeJitterPercent", "SABAI_POOL_LIFETIME_JITTER_PERCENT", "20", Range::Count(0, 50),
        "Spread of the maximum lifetime, so that sessions do not end together.";
    STATEMENT_TIMEOUT = "pool.statementTimeout", "SABAI_POOL_STATEMENT_TIMEOUT", "5s", Range::Millis(100, HOUR),
        "Deadline of a statement; the server's own sits 10 % below.";
    CHECK_AFTER_IDLE = "pool.checkAfterIdle", "SABAI_POOL_CHECK_AFTER_IDLE", "2s", Range::Millis(0, HOUR),
        "A session idle for longer is checked before it is lent.";
    CHECK_TIMEOUT = "pool.checkTimeout", "SABAI_POOL_CHECK_TIMEOUT", "400ms", Range::Millis(10, 30 * SECOND),
        "Deadline of that check; below the acquire timeout.";
    KEEPALIVE_IDLE = "path.keepaliveIdle", "SABAI_PATH_KEEPALIVE_IDLE", "60s", Range::Millis(SECOND, 2 * HOUR),
        "TCP_KEEPIDLE: silence before the first keepalive; the kernel counts whole seconds.";
    KEEPALIVE_INTERVAL = "path.keepaliveInterval", "SABAI_PATH_KEEPALIVE_INTERVAL", "10s", Range::Millis(SECOND, 10 * MINUTE),
        "TCP_KEEPINTVL: between keepalives that nobody answers.";
    KEEPALIVE_COUNT = "path.keepaliveCount", "SABAI_PATH_KEEPALIVE_COUNT", "3", Range::Count(1, 20),
        "TCP_KEEPCNT: unanswered keepalives until the session is dead.";
    UNACKNOWLEDGED_TIMEOUT = "path.unacknowledgedTimeout", "SABAI_PATH_UNACKNOWLEDGED_TIMEOUT", "30s", Range::Millis(SECOND, 15 * MINUTE),
        "TCP_USER_TIMEOUT: sent bytes without acknowledgement for this long end the session.";
    RETRY_DEADLINE = "retry.deadline", "SABAI_RETRY_DEADLINE", "8s", Range::Millis(10, 5 * MINUTE),
        "All tries of one piece of work together.";
    RETRY_INITIAL_DELAY = "retry.initialDelay", "SABAI_RETRY_INITIAL_DELAY", "5ms", Range::Millis(1, MINUTE),
        "Pause before the second try; it doubles, with jitter.";
    RETRY_MAX_DELAY = "retry.maxDelay", "SABAI_RETRY_MAX_DELAY", "500ms", Range::Millis(1, 5 * MINUTE),
        "Longest pause; initial delay <= this <= deadline.";
}
