//! What a soak came to, in a line, and whether it is as it must be.

use std::fmt;
use std::time::Duration;

use super::Plan;
use super::notes::Notes;
use super::verdicts::Judgement;
use crate::load::Summary;
use crate::world::check::Report;

/// What a soak came to.
#[derive(Debug)]
pub struct Outcome {
    pub plan: Plan,
    pub summary: Summary,
    pub report: Report,
    pub notes: Notes,
    /// Events that the outage left on the spool, and how long it took until it was empty.
    pub drained: Option<(u64, Duration)>,
    /// What the agent thought and did.
    pub agent: Judgement,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "seed {}, {:?} at {}/s, {} mishaps, {} kills; {}; {}; memory {}, the agent's {}; {}",
            self.plan.seed,
            self.plan.lasts,
            self.plan.rate,
            self.notes.mishaps.len(),
            self.notes.kills(),
            self.summary,
            self.report,
            Mebibytes(&self.notes.memory.concat()),
            Mebibytes(&self.notes.agent_memory),
            self.agent,
        )?;
        match self.drained {
            Some((events, took)) => write!(
                f,
                "; an outage of {:?}, {events} events drained in {took:?}",
                self.plan.gone
            ),
            None => Ok(()),
        }
    }
}

/// From the least to the most.
struct Mebibytes<'a>(&'a [u64]);

impl fmt::Display for Mebibytes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let least = self.0.iter().min().copied().unwrap_or_default();
        let most = self.0.iter().max().copied().unwrap_or_default();
        let [least, most] = [least, most].map(|kib| kib as f64 / 1024.0);
        write!(f, "{least:.1} to {most:.1} MiB")
    }
}

impl Outcome {
    /// Nothing lost, doubled or out of order; every call that reached a running bot answered in time; the agent right.
    ///
    /// # Panics
    /// With the seed, when that is not so.
    pub fn is_sound(&self) {
        assert!(self.report.is_sound(), "{self}; {:?}", self.notes.mishaps);
        assert_eq!(self.report.acknowledged, self.report.sent, "{self}");
        let disk = self
            .notes
            .mishaps
            .iter()
            .any(|name| name.starts_with("spool-"));
        let allowed: &[u16] = if disk { &[200, 503] } else { &[200] };
        let bad = self.summary.badly_answered(allowed);
        let shown: Vec<String> = bad.iter().take(5).map(ToString::to_string).collect();
        assert!(
            bad.is_empty(),
            "{} badly answered: {shown:?}; {self}",
            bad.len()
        );
        assert!(
            self.agent.wrong.is_empty(),
            "{self}; {:#?}",
            self.agent.wrong
        );
    }
}
