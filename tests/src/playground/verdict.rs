//! What a check shows beyond the harness's own count of lost, doubled and disordered events: an answer where one was
//! due and silence elsewhere, and for each `unknown` the kill that excuses it. Pure.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::{Duration, SystemTime};

use serde::Serialize;

use crate::line::Endpoint;
use crate::world::check::Report;

/// A call that was on its way when the bot was killed is accepted by then.
const IN_FLIGHT: Duration = Duration::from_millis(200);

/// What must become of an acknowledged event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// Answered, or `unknown` around a kill.
    Answer,
    /// Both are right, as for a message that is taken back.
    Either,
    /// Stored, and nothing sent.
    Silence,
}

/// One event that was sent.
#[derive(Clone, Debug)]
pub struct Due {
    /// `webhookEventId`.
    pub id: String,
    /// By which turns name it.
    pub key: Vec<u8>,
    pub expected: Expected,
}

/// One saved turn.
#[derive(Clone, Debug)]
pub struct Turn {
    pub key: Vec<u8>,
    pub lane: String,
    pub outcome: String,
    pub begun_at: Option<SystemTime>,
    pub settled_at: SystemTime,
}

/// One reply or push that reached LINE.
#[derive(Clone, Debug)]
pub struct Call {
    /// The event whose reply token or retry key it carried.
    pub event: Option<String>,
    pub how: Endpoint,
    pub accepted: bool,
    pub status: Option<u16>,
    pub request_id: String,
    pub at: SystemTime,
}

/// Everything that is known of a run that has come to rest.
#[derive(Clone, Debug, Default)]
pub struct Evidence {
    /// The harness's count.
    pub report: Report,
    pub due: Vec<Due>,
    pub turns: Vec<Turn>,
    pub calls: Vec<Call>,
    /// When the bot was killed.
    pub kills: Vec<SystemTime>,
}

/// The numbers, in the order in which they are printed.
#[derive(Clone, Debug, Serialize)]
pub struct Verdict {
    #[serde(flatten)]
    pub report: Report,
    pub unknown: usize,
    pub stored_only: usize,
    pub unanswered: usize,
    pub dead_letters: usize,
    /// Everything that should not be, for people.
    #[serde(skip)]
    pub problems: Vec<String>,
}

impl Verdict {
    /// Judges.
    #[must_use]
    pub fn of(evidence: Evidence) -> Self {
        let case = Case::new(&evidence);
        let mut problems = case.counted();
        evidence
            .due
            .iter()
            .for_each(|due| problems.extend(case.wrong(due)));
        problems.extend(case.unexplained());
        problems.extend(case.strangers());
        let count = |outcome: &str| evidence.report.outcomes.get(outcome).copied().unwrap_or(0);
        Self {
            unknown: count("unknown"),
            stored_only: count("stored_only"),
            unanswered: count("unanswered"),
            dead_letters: count("dead_letter"),
            problems,
            report: evidence.report,
        }
    }

    /// Nothing at all to complain about.
    #[must_use]
    pub fn all_well(&self) -> bool {
        self.problems.is_empty()
            && self.report.is_sound()
            && self.report.acknowledged == self.report.sent
    }
}

/// The evidence, found by event.
struct Case<'a> {
    evidence: &'a Evidence,
    turns: HashMap<&'a [u8], &'a Turn>,
    accepted: HashMap<&'a str, Vec<&'a Call>>,
}

impl<'a> Case<'a> {
    fn new(evidence: &'a Evidence) -> Self {
        let turns = evidence.turns.iter().map(|turn| (&*turn.key, turn));
        let mut accepted: HashMap<&str, Vec<&Call>> = HashMap::new();
        for call in evidence.calls.iter().filter(|call| call.accepted) {
            let event = call.event.as_deref().unwrap_or_default();
            accepted.entry(event).or_default().push(call);
        }
        Self {
            evidence,
            turns: turns.collect(),
            accepted,
        }
    }

    /// What the harness has found, one by one.
    fn counted(&self) -> Vec<String> {
        let report = &self.evidence.report;
        let lost = report
            .unsettled
            .iter()
            .map(|id| format!("{id}: acknowledged, and not settled"));
        let swapped = report
            .swapped
            .iter()
            .map(|(first, second)| format!("{second} was answered before {first}"));
        let doubled = report.doubled.iter().map(|id| self.doubled(id));
        lost.chain(swapped).chain(doubled).collect()
    }

    fn doubled(&self, id: &str) -> String {
        let due = self.evidence.due.iter().find(|due| due.id == id);
        let turn = due.and_then(|due| self.turns.get(&*due.key));
        let begun = turn.and_then(|turn| turn.begun_at);
        let calls = self.evidence.calls.iter();
        let calls: Vec<String> = calls
            .filter(|call| call.event.as_deref() == Some(id))
            .map(|call| {
                let at = begun.map_or(String::new(), |begun| apart(begun, call.at));
                let (how, status, id) = (call.how, call.status, &call.request_id);
                format!("{how:?} {at} status {status:?} request {id}")
            })
            .collect();
        format!(
            "{id}: more than one turn or message; calls, from when work began: {}; saved as {turn:?}",
            calls.join(", ")
        )
    }

    fn wrong(&self, due: &Due) -> Option<String> {
        let turn = self.turns.get(&*due.key)?;
        let accepted = self.accepted.contains_key(due.id.as_str());
        let wrong = match (due.expected, &*turn.outcome, accepted) {
            (_, "answered", false) => "LINE accepted nothing",
            (Expected::Silence, _, true) => "LINE accepted a message, and none was due",
            (_, "answered" | "unknown", true) | (Expected::Answer, "unknown", false) => {
                return None;
            }
            (_, _, true) => "LINE accepted a message",
            (Expected::Answer, ..) => "an answer was due",
            (_, "stored_only", _) | (Expected::Either, "unknown", _) => return None,
            _ => "it was to be stored only",
        };
        let Turn { lane, outcome, .. } = turn;
        Some(format!(
            "{}: saved as {outcome}, and {wrong} (lane {lane})",
            due.id
        ))
    }

    /// Only a kill between a call to LINE and its settling excuses not knowing, and a lane has one such call at a
    /// time.
    fn unexplained(&self) -> Vec<String> {
        let mut problems = Vec::new();
        let mut excused: BTreeMap<(&str, SystemTime), usize> = BTreeMap::new();
        for due in &self.evidence.due {
            let turn = self.turns.get(&*due.key);
            let Some(turn) = turn.filter(|turn| turn.outcome == "unknown") else {
                continue;
            };
            match self.excuse(due, turn) {
                Some(kill) => *excused.entry((&turn.lane, kill)).or_default() += 1,
                None => problems.push(format!(
                    "{}: unknown, and no kill explains it (lane {})",
                    due.id, turn.lane
                )),
            }
        }
        let too_many = excused.into_iter().filter(|(_, count)| *count > 1);
        problems.extend(
            too_many.map(|((lane, _), count)| format!("lane {lane}: {count} unknown for one kill")),
        );
        problems
    }

    /// The kill that came after work began and before it was settled. What LINE accepted later than that, the next
    /// life of the bot should have known.
    fn excuse(&self, due: &Due, turn: &Turn) -> Option<SystemTime> {
        let begun = turn.begun_at?;
        let accepted = self
            .accepted
            .get(due.id.as_str())
            .map_or(&[][..], Vec::as_slice);
        self.evidence.kills.iter().copied().find(|&kill| {
            let in_flight = accepted.iter().all(|call| call.at <= kill + IN_FLIGHT);
            begun <= kill && kill <= turn.settled_at && in_flight
        })
    }

    /// What belongs to no event that was sent.
    fn strangers(&self) -> Vec<String> {
        let (mut ids, mut keys) = (HashSet::new(), HashSet::new());
        for due in &self.evidence.due {
            ids.insert(due.id.as_str());
            keys.insert(&*due.key);
        }
        let calls = self.accepted.keys().filter(|id| !ids.contains(*id));
        let turns = self.turns.iter().filter(|(key, _)| !keys.contains(*key));
        calls
            .map(|id| format!("LINE accepted a message for {id:?}, which was never sent"))
            .chain(turns.map(|(_, turn)| format!("a turn of no event that was sent: {turn:?}")))
            .collect()
    }
}

fn apart(from: SystemTime, to: SystemTime) -> String {
    match to.duration_since(from) {
        Ok(after) => format!("+{} ms", after.as_millis()),
        Err(before) => format!("-{} ms", before.duration().as_millis()),
    }
}
