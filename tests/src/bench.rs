//! What the benches measure with: lean load, a lean LINE, references, who used the processors, and a report. Says
//! nothing about what is good: the goals stand in `rows`, beside what is compared (design section 11).

pub mod agent;
pub mod client;
pub mod cluster;
pub mod hello;
pub mod insert;
pub mod line;
pub mod load;
pub mod measured;
pub mod meter;
pub mod options;
pub mod outage;
mod recycle;
pub mod report;
pub mod rounds;
pub mod rows;
pub mod subject;
pub mod traffic;

use std::future::Future;
use std::time::Duration;

use anyhow::Context;

pub use options::Options;

/// Runs a future on a thread and a runtime of its own: one thread drives all clients of a load, so that the
/// generator uses little of the processors it shares with what is measured.
///
/// # Errors
/// When the thread cannot be had, and what the future says.
pub async fn alone<F, Work, T>(work: F) -> anyhow::Result<T>
where
    F: FnOnce() -> Work + Send + 'static,
    Work: Future<Output = anyhow::Result<T>>,
    T: Send + 'static,
{
    let run = move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        runtime.block_on(work())
    };
    tokio::task::spawn_blocking(run)
        .await
        .context("a load panicked")?
}

/// Calls and how long each took.
#[derive(Clone, Debug, Default)]
pub struct Timed {
    pub took: Vec<Duration>,
    pub elapsed: Duration,
}

impl Timed {
    /// Calls a second.
    #[must_use]
    pub fn rate(&self) -> f64 {
        self.took.len() as f64 / self.elapsed.as_secs_f64()
    }

    /// In milliseconds; `part` is 0.5 for the median. NaN when there was no call.
    #[must_use]
    pub fn quantile_ms(&self, part: f64) -> f64 {
        let mut sorted: Vec<f64> = self
            .took
            .iter()
            .map(|took| took.as_secs_f64() * 1000.0)
            .collect();
        quantile(&mut sorted, part)
    }
}

/// The smallest value that is at least as large as `part` of all; NaN for none.
#[must_use]
pub fn quantile(values: &mut [f64], part: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let rank = (part * values.len() as f64).ceil() as usize;
    values
        .get(rank.saturating_sub(1))
        .copied()
        .unwrap_or(f64::NAN)
}

/// The median, the mean of the middle two of an even number; NaN for none.
#[must_use]
pub fn median(values: &[f64]) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => f64::NAN,
        odd if odd % 2 == 1 => values[middle],
        _ => f64::midpoint(values[middle - 1], values[middle]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks() {
        let mut values = [4.0, 1.0, 3.0, 2.0];
        assert_eq!(median(&values), 2.5);
        assert_eq!(median(&values[..3]), 3.0);
        assert_eq!(
            (quantile(&mut values, 0.5), quantile(&mut values, 0.99)),
            (2.0, 4.0)
        );
        assert!(median(&[]).is_nan() && quantile(&mut [], 0.5).is_nan());
    }
}
