//! The rules between two fields, one row each: what the bot obeys is [`RULES`], what the agent alone obeys is
//! [`AGENT_RULES`]. Readers check them, and the custom resource's schema is made of them. Both fields of a rule lie in
//! the same group.

use super::field::{self as of, Field};

/// A rule: the field keeps the relation to the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Between {
    pub field: &'static Field,
    pub relation: Relation,
    pub other: &'static Field,
}

/// How a field has to stand to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// Of counts: at most the other less so many.
    AtMostLess(u16),
    /// Of times.
    AtMost,
    /// Of times.
    Below,
}

/// Two sessions are intake's and one is the spare.
const RESERVED: u16 = 3;

macro_rules! rules {
    ($(#[$doc:meta])* $all:ident { $($field:ident $relation:expr, $other:ident;)+ }) => {
        $(#[$doc])*
        pub static $all: &[Between] =
            &[$(Between { field: &of::$field, relation: $relation, other: &of::$other },)+];
    };
}

rules! {
    /// The rules between the fields of `PoolSettings`.
    RULES {
    MIN_IDLE Relation::AtMostLess(RESERVED), MAX_CONNECTIONS;
    CONNECT_TIMEOUT Relation::AtMost, ACQUIRE_TIMEOUT;
    IDLE_TIMEOUT Relation::Below, MAX_LIFETIME;
    CHECK_TIMEOUT Relation::Below, ACQUIRE_TIMEOUT;
    RETRY_INITIAL_DELAY Relation::AtMost, RETRY_MAX_DELAY;
    RETRY_MAX_DELAY Relation::AtMost, RETRY_DEADLINE;
    }
}

rules! {
    /// The rules between the fields that the agent alone obeys.
    AGENT_RULES {
    PROBE_TIMEOUT Relation::Below, PROBE_INTERVAL;
    }
}
