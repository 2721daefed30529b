//! What became of every event: lost, doubled, out of order, or well. Compares what the sender saw, what LINE's
//! journal holds and what the bot wrote; pure once these are there.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::time::SystemTime;

use serde::Serialize;

use super::contract::{ANSWERED, Ending, event_key};
use super::history::Sent;
use super::order::{self, Answered};
use crate::line::journal::{Call, Journal};

/// How many ids of each trouble are shown.
const SHOWN: usize = 5;

/// The verdict; its JSON is the playground's last line.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Distinct events.
    pub sent: usize,
    /// Events with a 200.
    pub acknowledged: usize,
    /// Events for which LINE accepted a message.
    pub answered: usize,
    /// Acknowledged events that came to no end, or to an answer that LINE never got.
    pub lost: usize,
    /// Accepted messages, and turns, beyond the first of an event.
    pub duplicates: usize,
    /// Pairs answered the wrong way round.
    pub out_of_order: usize,
    /// Events by what the bot says became of them.
    #[serde(skip)]
    pub outcomes: BTreeMap<String, usize>,
    /// Acknowledged, and not (yet) at an end.
    #[serde(skip)]
    pub unsettled: Vec<String>,
    /// Said to be answered, but LINE accepted nothing.
    #[serde(skip)]
    pub imagined: Vec<String>,
    #[serde(skip)]
    pub doubled: Vec<String>,
    #[serde(skip)]
    pub swapped: Vec<(String, String)>,
}

impl Report {
    /// Nothing lost, doubled or out of order.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.lost + self.duplicates + self.out_of_order == 0
    }

    /// The counts as one line of JSON.
    #[must_use]
    pub fn json_line(&self) -> String {
        serde_json::to_string(self).expect("numbers under plain names")
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} outcomes {:?}", self.json_line(), self.outcomes)?;
        for (what, ids) in [
            ("unsettled", &self.unsettled),
            ("imagined", &self.imagined),
            ("doubled", &self.doubled),
        ] {
            if !ids.is_empty() {
                write!(f, "; {what} {:?}", &ids[..ids.len().min(SHOWN)])?;
            }
        }
        if !self.swapped.is_empty() {
            write!(
                f,
                "; swapped {:?}",
                &self.swapped[..self.swapped.len().min(SHOWN)]
            )?;
        }
        Ok(())
    }
}

/// Judges `events` for the bot called `destination`.
#[must_use]
pub fn report(
    events: &[Sent],
    destination: &str,
    endings: &HashMap<Vec<u8>, Vec<Ending>>,
    journal: &Journal,
) -> Report {
    let first_calls = first_calls(journal);
    let mut report = Report {
        sent: events.len(),
        ..Report::default()
    };
    let mut answered = Vec::new();
    for sent in events {
        let endings = endings
            .get(&event_key(destination, &sent.id))
            .map(Vec::as_slice)
            .unwrap_or_default();
        let accepted = journal.accepted_for(&sent.id);
        report.count(sent, endings, accepted.len());
        if let (Some(acknowledged_at), Some(first)) = (sent.acknowledged_at, accepted.first()) {
            let called_at = first_calls
                .get(sent.id.as_str())
                .copied()
                .unwrap_or(first.at);
            let begun_at = endings
                .iter()
                .filter_map(|ending| ending.begun_at)
                .fold(called_at, SystemTime::min);
            answered.push(Answered {
                sent,
                acknowledged_at,
                begun_at,
                position: first.position,
            });
        }
    }
    report.swapped = order::violations(&answered);
    report.out_of_order = report.swapped.len();
    report.lost = report.unsettled.len() + report.imagined.len();
    report
}

impl Report {
    fn count(&mut self, sent: &Sent, endings: &[Ending], accepted: usize) {
        for ending in endings {
            *self.outcomes.entry(ending.outcome.clone()).or_default() += 1;
        }
        self.answered += usize::from(accepted > 0);
        let extra = accepted.saturating_sub(1) + endings.len().saturating_sub(1);
        if extra > 0 {
            self.duplicates += extra;
            self.doubled.push(sent.id.clone());
        }
        if sent.acknowledged_at.is_some() {
            self.acknowledged += 1;
            if endings.is_empty() {
                self.unsettled.push(sent.id.clone());
            }
        }
        if accepted == 0 && endings.iter().any(|ending| ending.outcome == ANSWERED) {
            self.imagined.push(sent.id.clone());
        }
    }
}

/// When the first call for each event came, accepted or not: work on it had begun by then.
fn first_calls(journal: &Journal) -> HashMap<&str, SystemTime> {
    let mut first = HashMap::new();
    for call in journal.since(0).iter().map(AsRef::<Call>::as_ref) {
        if let Some(event) = call.event.as_deref() {
            first.entry(event).or_insert(call.at);
        }
    }
    first
}
