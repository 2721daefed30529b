//! Whether an idle link may be lent: pure.

use std::time::Duration;

use tokio::time::Instant;

/// What an idle link needs before somebody may use it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Lend it.
    Lend,
    /// Ask the server first: it idled long, or another link died since it was last used.
    Check,
    /// Close it: too old, or idle for too long.
    Retire,
}

/// The facts of an idle link.
#[derive(Clone, Copy, Debug)]
pub struct Resting {
    /// When it was given back.
    pub since: Instant,
    /// When its life ends (lifetime with jitter).
    pub expires: Instant,
}

/// The rules it is held against.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// Idle longer than this: check.
    pub check_after_idle: Duration,
    /// Idle longer than this: retire.
    pub idle_timeout: Duration,
    /// Last used before this instant: check, since a link has died then.
    pub suspect_before: Option<Instant>,
}

/// Decides about one idle link.
pub fn judge(resting: Resting, rules: Rules, now: Instant) -> Verdict {
    let idle = now.saturating_duration_since(resting.since);
    if now >= resting.expires || idle >= rules.idle_timeout {
        Verdict::Retire
    } else if idle >= rules.check_after_idle
        || rules.suspect_before.is_some_and(|at| resting.since <= at)
    {
        Verdict::Check
    } else {
        Verdict::Lend
    }
}

/// The life of a link: `lifetime` shortened or lengthened by up to `jitter_percent`, `roll` being 0..=1.
pub fn life(lifetime: Duration, jitter_percent: u16, roll: f64) -> Duration {
    lifetime.mul_f64(1.0 + (roll * 2.0 - 1.0) * f64::from(jitter_percent) / 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn checks_only_after_idling_or_a_death_and_retires_the_old() {
        let start = Instant::now();
        let at = |seconds: u32| start + SECOND * seconds;
        let table = [
            // idle since, expires, suspect before, now -> verdict
            (0, 100, None, 1, Verdict::Lend),
            (0, 100, None, 2, Verdict::Check),
            (0, 100, None, 50, Verdict::Retire),
            (99, 100, None, 100, Verdict::Retire),
            (10, 100, Some(9), 11, Verdict::Lend),
            (10, 100, Some(10), 11, Verdict::Check),
        ];
        for (since, expires, suspect, now, verdict) in table {
            let rules = Rules {
                check_after_idle: SECOND * 2,
                idle_timeout: SECOND * 50,
                suspect_before: suspect.map(at),
            };
            let resting = Resting {
                since: at(since),
                expires: at(expires),
            };
            assert_eq!(
                judge(resting, rules, at(now)),
                verdict,
                "{since} {expires} {suspect:?} {now}"
            );
        }
    }

    #[test]
    fn life_varies_by_its_jitter() {
        assert_eq!(life(SECOND * 100, 20, 0.0), SECOND * 80);
        assert_eq!(life(SECOND * 100, 20, 0.5), SECOND * 100);
        assert_eq!(life(SECOND * 100, 20, 1.0), SECOND * 120);
    }
}
