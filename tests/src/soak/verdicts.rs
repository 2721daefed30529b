//! Whether an agent was right: pure, from what was inflicted and what the agent said, each with its moment.

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::fmt;
use std::time::{Duration, Instant};

use crate::mishap::{Mishap, Way};

/// A path that began before a mishap was over may fail so long after it, and be told.
const LATE: Duration = Duration::from_secs(4);
/// A path that cannot be gone is known as such by then: two intervals of the probe and its deadline.
const NOTICED: Duration = Duration::from_millis(2 * 2_400 + 1_500);
/// Nothing has answered for so long: ten seconds, and what it takes to notice.
const DOWN: Duration = Duration::from_secs(18);
/// Two paths in a row have been gone by then, the second after the longest pause.
pub(super) const BACK: Duration = Duration::from_secs(15);

/// Something was wrong from one moment to another.
#[derive(Clone, Debug)]
pub struct Span {
    pub mishaps: Vec<Mishap>,
    /// The bot was killed meanwhile.
    pub killed: bool,
    pub from: Instant,
    pub to: Instant,
}

/// What the agent said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// Its verdict is another.
    State(String),
    /// The pod is withdrawn.
    NotReady(String),
    /// A recycle begins: its words and its id.
    Begins(String, String),
    /// A recycle has come to an end of any kind, or was withheld: it is counted.
    Ended,
}

/// What is wrong with it.
#[derive(Clone, Debug, Default)]
pub struct Judgement {
    /// Changes of the verdict.
    pub verdicts: usize,
    /// Recycles that began.
    pub acts: usize,
    /// In words.
    pub wrong: Vec<String>,
}

impl fmt::Display for Judgement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (verdicts, acts, wrong) = (self.verdicts, self.acts, self.wrong.len());
        write!(f, "{verdicts} verdicts, {acts} recycles, {wrong} wrong")
    }
}

impl Span {
    fn way(&self) -> Way {
        let ways = self.mishaps.iter().map(|mishap| mishap.way());
        ways.max().unwrap_or(Way::Spared)
    }

    /// Whether what is said at that moment may come from it.
    fn explains(&self, at: Instant) -> bool {
        self.from <= at && at <= self.to + LATE
    }

    /// A bot that is started again, or can no longer acknowledge.
    fn withdraws(&self) -> bool {
        let spool = |mishap: &Mishap| mishap.name().starts_with("spool-");
        self.killed || self.mishaps.iter().any(spool)
    }
}

/// What is wrong with what was `said` by an agent that had found all well, both in the order of time. `counted` is the number of recycles in the agent's
/// metrics.
#[must_use]
pub fn judge(spans: &[Span], said: &[(Instant, Said)], counted: usize) -> Judgement {
    let states: Vec<(Instant, &str)> = said
        .iter()
        .filter_map(|(at, said)| match said {
            Said::State(state) => Some((*at, &**state)),
            _ => None,
        })
        .collect();
    let mut wrong = Vec::new();
    for (at, said) in said {
        wrong.extend(out_of_place(spans, *at, said));
    }
    for (number, span) in spans.iter().enumerate() {
        let next = spans.get(number + 1).map(|span| span.from);
        wrong.extend(missed(span, next, &states));
    }
    let begun = said.iter().filter_map(|(_, said)| match said {
        Said::Begins(_, id) => Some(id),
        _ => None,
    });
    let (acts, ids) = (begun.clone().count(), begun.collect::<BTreeSet<_>>().len());
    if ids != acts {
        wrong.push(format!("{acts} recycles with {ids} ids"));
    }
    let ended = said.iter().filter(|(_, said)| *said == Said::Ended).count();
    if ended != counted {
        wrong.push(format!(
            "{ended} recycles ended in the log, {counted} in the metrics"
        ));
    }
    Judgement {
        verdicts: states.len(),
        acts,
        wrong,
    }
}

/// What was said without a cause, or against what was so.
fn out_of_place(spans: &[Span], at: Instant, said: &Said) -> Option<String> {
    let explained =
        |by: &dyn Fn(&Span) -> bool| spans.iter().any(|one| one.explains(at) && by(one));
    let cut_for = |long: Duration| {
        let cut = |one: &&Span| one.way() == Way::Cut && one.from + long < at && at < one.to;
        spans.iter().find(cut)
    };
    match said {
        Said::State(state) if state == "Degraded" || state == "Down" => {
            let harmed = explained(&|span| span.way() != Way::Spared);
            (!harmed).then(|| {
                format!(
                    "{state} though nothing was wrong with the way{}",
                    near(spans, at)
                )
            })
        }
        Said::State(state) if state == "Healthy" => {
            cut_for(LATE).map(|span| format!("{state} while there was no way: {:?}", span.mishaps))
        }
        Said::NotReady(why) => {
            let withdrawn = explained(&Span::withdraws);
            (!withdrawn).then(|| {
                format!(
                    "not ready ({why}) though the bot was well{}",
                    near(spans, at)
                )
            })
        }
        Said::Begins(words, _) => cut_for(NOTICED)
            .map(|span| format!("{words} while there was no way: {:?}", span.mishaps)),
        Said::State(_) | Said::Ended => None,
    }
}

/// What should have been said by then, and was not.
fn missed(span: &Span, next: Option<Instant>, states: &[(Instant, &str)]) -> Option<String> {
    let at = |moment: Instant| {
        let before = states.iter().rev().find(|(said, _)| *said <= moment);
        before.map_or("Healthy", |(_, state)| *state)
    };
    let (noticed, down, back) = (span.from + NOTICED, span.from + DOWN, span.to + BACK);
    if span.way() == Way::Cut && noticed < span.to && at(noticed) == "Healthy" {
        return Some(format!("Healthy in spite of {:?}", span.mishaps));
    }
    if span.mishaps == [Mishap::Gone] && down < span.to && at(down) != "Down" {
        return Some(format!("{} in spite of {:?}", at(down), span.mishaps));
    }
    let quiet = next.is_none_or(|next| back < next);
    let state = at(back);
    (quiet && state != "Healthy").then(|| format!("{state} long after {:?} was over", span.mishaps))
}

/// The last thing that was inflicted before, for whoever looks for the reason.
fn near(spans: &[Span], at: Instant) -> String {
    let last = spans.iter().rev().find(|span| span.from <= at);
    last.map_or_else(String::new, |span| {
        let since = at.saturating_duration_since(span.to);
        format!("; {since:.1?} after {:?}", span.mishaps)
    })
}
