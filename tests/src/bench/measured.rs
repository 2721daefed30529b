//! What a bench of the bot has measured, series by series; takes no view of the values.

use super::report::Series;

/// A reference and ours.
#[derive(Debug, Default)]
pub struct Pair {
    pub reference: Series,
    pub ours: Series,
}

/// What all rounds came to; series that were not asked for stay empty.
#[derive(Debug, Default)]
pub struct Measured {
    /// A second.
    pub acknowledgements: Pair,
    pub events: Pair,
    /// The same runs until the last event was answered and saved.
    pub events_answered: Series,
    pub replies: Pair,
    /// Microseconds of a processor.
    pub cpu: Pair,
    /// The part of `cpu` that is Postgres's.
    pub cpu_postgres: Series,
    /// Milliseconds.
    pub latency: Pair,
    /// The reference at the rate of the events.
    pub latency_paced: Series,
    pub tail: Series,
    /// MiB.
    pub rest: Series,
    pub peak: Series,
}
