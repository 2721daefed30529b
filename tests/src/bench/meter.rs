//! Who used the processors during a run: processes of ours by name, and everybody else (builds, other machines that
//! steal time), without which a number cannot be judged. Linux only: elsewhere nothing is known.

use std::fs;
use std::time::{Duration, Instant};

use crate::postgres::Postgres;
use crate::process::usage;

/// The counters at one moment.
#[derive(Clone, Copy, Debug)]
pub struct Reading {
    at: Instant,
    machine: Duration,
    bench: Duration,
    postgres: Duration,
    processes: Duration,
}

/// What a run used.
#[derive(Clone, Copy, Debug)]
pub struct Usage {
    pub postgres: Duration,
    /// The processes that were asked about.
    pub processes: Duration,
    /// Processors that were busy for others, on average.
    pub not_ours: f64,
}

impl Reading {
    /// Reads the counters of the machine, this process, Postgres and `processes`.
    #[must_use]
    pub fn take(postgres: &Postgres, processes: &[u32]) -> Option<Self> {
        let sum = processes
            .iter()
            .map(|pid| usage::cpu_time(*pid))
            .sum::<Result<Duration, _>>();
        Some(Self {
            at: Instant::now(),
            machine: busy(&fs::read_to_string("/proc/stat").ok()?)?,
            bench: usage::cpu_time(std::process::id()).ok()?,
            postgres: postgres.cpu_time().ok()?,
            processes: sum.ok()?,
        })
    }

    /// From `earlier` until this one.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Usage {
        let postgres = self.postgres.saturating_sub(earlier.postgres);
        let processes = self.processes.saturating_sub(earlier.processes);
        let ours = postgres + processes + self.bench.saturating_sub(earlier.bench);
        let others = self
            .machine
            .saturating_sub(earlier.machine)
            .saturating_sub(ours);
        let not_ours = others.as_secs_f64() / (self.at - earlier.at).as_secs_f64();
        Usage {
            postgres,
            processes,
            not_ours,
        }
    }
}

/// proc(5): user, nice, system, idle, iowait, irq, softirq, steal, in hundredths of a second.
fn busy(stat: &str) -> Option<Duration> {
    let line = stat.lines().next()?.strip_prefix("cpu ")?;
    let fields: Vec<u64> = line
        .split_whitespace()
        .filter_map(|field| field.parse().ok())
        .collect();
    let hundredths: u64 = fields.iter().take(8).sum::<u64>() - fields.get(3)? - fields.get(4)?;
    Some(Duration::from_millis(10 * hundredths))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn idle_time_is_not_busy_and_guests_are_not_counted_twice() {
        let stat = "cpu  100 10 20 1000 500 1 2 3 50 0\ncpu0 1 1 1 1\n";
        assert_eq!(busy(stat), Some(Duration::from_millis(1360)));
        assert_eq!(busy("intr 1"), None);
    }
}
