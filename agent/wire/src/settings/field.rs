//! The fields of `PoolConfig.spec`: path, variable, default, range, meaning. One row each, from which the environment,
//! `--help`, logs and the custom resource's schema are fed. What the bot obeys is [`FIELDS`], what the agent alone
//! obeys is [`AGENT_FIELDS`]. No rule between fields here.

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

impl Field {
    /// Its group in `PoolConfig.spec`, and its name there.
    #[must_use]
    pub fn group_and_name(&self) -> (&'static str, &'static str) {
        self.path.split_once('.').unwrap_or((self.path, ""))
    }
}

/// What a field takes, ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Range {
    Count(u16, u16),
    /// A GEP-2257 duration; the ends in milliseconds.
    Millis(u64, u64),
    /// One of these words.
    Word(&'static [&'static str]),
}

const SECOND: u64 = 1_000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;

macro_rules! fields {
    ($(#[$doc:meta])* $all:ident {
        $($name:ident = $path:literal, $variable:literal, $default:literal, $range:expr, $meaning:literal;)+
    }) => {
        $(pub static $name: Field =
            Field { path: $path, variable: $variable, default: $default, range: $range, meaning: $meaning };)+
        $(#[$doc])*
        pub static $all: &[&Field] = &[$(&$name),+];
    };
}

fields! {
    /// Every field of `PoolSettings`, in the order of `PoolConfig.spec`.
    FIELDS {
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
}

fields! {
    /// Every field that the agent alone obeys, in the order of `PoolConfig.spec`.
    AGENT_FIELDS {
    IDLE_TIMEOUT_DISCOVERY = "path.idleTimeoutDiscovery", "SABAI_PATH_IDLE_TIMEOUT_DISCOVERY", "Recommend",
        Range::Word(&["Disabled", "Recommend", "Apply"]),
        "Disabled, Recommend or Apply: whether the path's idle timeout is looked for, and what is done with it.";
    PROBE_INTERVAL = "probe.interval", "SABAI_PROBE_INTERVAL", "10s", Range::Millis(SECOND, 10 * MINUTE),
        "From one look at the whole path to the next while all is well; one in five earlier or later.";
    PROBE_TIMEOUT = "probe.timeout", "SABAI_PROBE_TIMEOUT", "5s", Range::Millis(100, MINUTE),
        "All stages of a path together; below the interval.";
    FAILURE_THRESHOLD = "probe.failureThreshold", "SABAI_PROBE_FAILURE_THRESHOLD", "3", Range::Count(1, 20),
        "Failed paths in a row that make Degraded.";
    SUCCESS_THRESHOLD = "probe.successThreshold", "SABAI_PROBE_SUCCESS_THRESHOLD", "2", Range::Count(1, 20),
        "Paths in a row that make Healthy again.";
    WRITE_INTERVAL = "probe.writeInterval", "SABAI_PROBE_WRITE_INTERVAL", "30s", Range::Millis(SECOND, HOUR),
        "A row is written and committed this often.";
    CERTIFICATE_EXPIRY_WARNING = "probe.certificateExpiryWarning", "SABAI_PROBE_CERTIFICATE_EXPIRY_WARNING", "336h",
        Range::Millis(HOUR, 8760 * HOUR),
        "A certificate that ends within this is warned of; within a fifth of it, as an error.";
    RECYCLE_MODE = "recycle.mode", "SABAI_RECYCLE_MODE", "Automatic", Range::Word(&["Automatic", "OnRequest"]),
        "Automatic or OnRequest: whether sessions are renewed without being asked.";
    RECYCLE_SPREAD = "recycle.spread", "SABAI_RECYCLE_SPREAD", "5s", Range::Millis(0, 10 * MINUTE),
        "Each pod begins a recycle at random within this, so that they do not begin together.";
    RECYCLE_MIN_INTERVAL = "recycle.minInterval", "SABAI_RECYCLE_MIN_INTERVAL", "30s", Range::Millis(SECOND, HOUR),
        "From one recycle to the next.";
    RECYCLE_MAX_PER_HOUR = "recycle.maxPerHour", "SABAI_RECYCLE_MAX_PER_HOUR", "6", Range::Count(1, 60),
        "Recycles in an hour; beyond it an alarm instead.";
    RECYCLE_DRAIN_TIMEOUT = "recycle.drainTimeout", "SABAI_RECYCLE_DRAIN_TIMEOUT", "30s", Range::Millis(SECOND, 10 * MINUTE),
        "A refresh ends at the latest after this; old sessions still in use then are closed when they come back.";
    READINESS_POLICY = "readiness.policy", "SABAI_READINESS_POLICY", "LocalFaults", Range::Word(&["LocalFaults", "Strict"]),
        "LocalFaults: only a fault of this pod withdraws it. Strict: a database that cannot be written withdraws it too.";
    MAX_UNREADY_PERCENT = "readiness.maxUnreadyPercent", "SABAI_READINESS_MAX_UNREADY_PERCENT", "34", Range::Count(1, 99),
        "At most this share of the pods is withdrawn for what their peers do not see; never the last.";
    STARTUP_HOLD = "readiness.startupHold", "SABAI_READINESS_STARTUP_HOLD", "5m", Range::Millis(0, HOUR),
        "A fault that only a person mends holds a pod that was never ready back for so long.";
    }
}
