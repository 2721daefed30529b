//! A batch of events as the columns of the intake statement: without doubles, sorted, pure.

use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use super::submission::Incoming;
use crate::event::Event;
use crate::event::key::{self, EventKey};
use crate::event::triage::{Disposition, triage};
use crate::trace::TraceId;

/// What the statement does with an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Work = 0,
    Keep = 1,
    Dead = 2,
}

/// One event on its way into the statement.
pub(super) struct Arrival {
    pub(super) incoming: Incoming,
    pub(super) received: SystemTime,
    pub(super) trace: TraceId,
}

impl Arrival {
    pub(super) fn key(&self) -> EventKey {
        self.incoming.key
    }

    pub(super) fn event(&self) -> Option<&Event> {
        self.incoming.read.as_ref().ok()
    }
}

/// The columns, row by row in the order of (day, key). Names as in `store/new.sql`.
#[derive(Default)]
pub(super) struct Rows<'a> {
    pub(super) day_number: Vec<i32>,
    pub(super) key: Vec<&'a [u8]>,
    pub(super) fate: Vec<i16>,
    pub(super) lane: Vec<Option<&'a str>>,
    pub(super) destination: Vec<Option<&'a str>>,
    pub(super) message_id: Vec<Option<&'a str>>,
    pub(super) occurred_at: Vec<SystemTime>,
    pub(super) received_at: Vec<SystemTime>,
    pub(super) ordinal: Vec<i32>,
    pub(super) trace: Vec<&'a [u8]>,
    pub(super) body: Vec<&'a [u8]>,
    pub(super) attempts: Vec<i16>,
    pub(super) webhook_event_id: Vec<Option<&'a str>>,
    pub(super) user_id: Vec<Option<&'a str>>,
    pub(super) kind: Vec<String>,
    pub(super) reason: Vec<Option<String>>,
    pub(super) unsends: Vec<Option<bool>>,
    pub(super) amend_id: Vec<Option<&'a str>>,
    pub(super) amend_text: Vec<Option<&'a str>>,
    pub(super) user_text: Vec<Option<&'a str>>,
    /// For the statements after the commit: whose texts may have to go, and in which lanes.
    pub(super) amended: Amended,
}

/// Messages whose texts may have been taken back or edited.
#[derive(Default)]
pub(super) struct Amended {
    pub(super) lanes: Vec<String>,
    pub(super) messages: Vec<String>,
}

impl<'a> Rows<'a> {
    /// Lays out a batch. Of events with one key the first counts.
    pub(super) fn of(batch: &[&'a Arrival]) -> Self {
        let mut sorted: Vec<&Arrival> = batch.to_vec();
        sorted.sort_by_key(|arrival| (day(arrival), arrival.key()));
        sorted.dedup_by_key(|arrival| arrival.key());
        // The first event of a lane in the order of work carries the attempt that its birth counts.
        let mut first: HashMap<&str, &Arrival> = HashMap::new();
        for arrival in &sorted {
            if let Some(lane) = arrival.event().and_then(|event| event.lane.as_deref()) {
                first
                    .entry(lane)
                    .and_modify(|other| {
                        if order(arrival) < order(other) {
                            *other = arrival;
                        }
                    })
                    .or_insert(arrival);
            }
        }
        let mut rows = Self::default();
        for arrival in sorted {
            let lane = arrival.event().and_then(|event| event.lane.as_deref());
            let is_first = lane
                .and_then(|lane| first.get(lane))
                .is_some_and(|one| one.key() == arrival.key());
            rows.push(arrival, is_first);
        }
        rows
    }

    /// Whether, by our own clock, no event of the batch is settled by being stored: all are to be worked, and of days
    /// that are kept, with one to spare.
    pub(super) fn are_all_to_be_worked(&self, now: SystemTime) -> bool {
        let today = key::day(millis(now));
        let worked = self.fate.iter().all(|fate| *fate == Fate::Work as i16);
        worked
            && self
                .day_number
                .iter()
                .all(|day| (today - 28..=today).contains(day))
    }

    /// A batch of one that Postgres refused for its data: only what any Postgres takes.
    pub(super) fn set_aside(arrival: &'a Arrival) -> Self {
        let mut rows = Self::default();
        rows.push_unreadable(arrival, "refused by Postgres".to_owned());
        // An id is printable ASCII, which any Postgres takes: an unsend must find the letter, also one that came first.
        let message = arrival.event().and_then(Event::message_id);
        rows.message_id = vec![message];
        rows.amended.messages.extend(message.map(str::to_owned));
        rows
    }

    fn push(&mut self, arrival: &'a Arrival, first: bool) {
        let event = match &arrival.incoming.read {
            Ok(event) => event,
            Err(unreadable) => return self.push_unreadable(arrival, unreadable.to_string()),
        };
        let (fate, reason, amends) = match triage(event) {
            Disposition::Answer => (Fate::Work, None, false),
            Disposition::StoreOnly(reason) => (Fate::Keep, Some(reason.as_str().to_owned()), false),
            Disposition::Amend(_) => (Fate::Keep, Some(event.kind.as_str().to_owned()), true),
        };
        self.push_common(arrival, fate, reason);
        let text = event
            .message
            .as_ref()
            .and_then(|message| message.text.as_deref());
        self.lane.push(event.lane.as_deref());
        self.destination.push(event.destination.as_deref());
        self.message_id.push(event.message_id());
        self.occurred_at.push(occurred_at(arrival));
        self.attempts.push(first.into());
        self.webhook_event_id
            .push(event.webhook_event_id.as_deref());
        self.user_id.push(event.user_id());
        self.kind.push(event.question_kind().into_owned());
        self.user_text.push(text);
        let edited = event.edited.as_ref();
        self.unsends
            .push(amends.then_some(event.unsend_message_id.is_some()));
        self.amend_id
            .push(if amends { event.message_id() } else { None });
        self.amend_text
            .push(edited.and_then(|edited| edited.text.as_deref()));
        if let Some(message) = event.message_id().filter(|_| fate == Fate::Keep) {
            self.amended.messages.push(message.to_owned());
            self.amended.lanes.extend(event.lane.clone());
        }
    }

    fn push_unreadable(&mut self, arrival: &'a Arrival, reason: String) {
        self.push_common(arrival, Fate::Dead, Some(reason));
        self.lane.push(None);
        self.destination.push(None);
        self.message_id.push(None);
        self.occurred_at.push(arrival.received);
        self.attempts.push(0);
        self.webhook_event_id.push(None);
        self.user_id.push(None);
        self.kind.push(String::new());
        self.user_text.push(None);
        self.unsends.push(None);
        self.amend_id.push(None);
        self.amend_text.push(None);
    }

    fn push_common(&mut self, arrival: &'a Arrival, fate: Fate, reason: Option<String>) {
        self.day_number.push(day(arrival));
        self.key.push(arrival.incoming.key.as_bytes());
        self.fate.push(fate as i16);
        self.received_at.push(arrival.received);
        self.ordinal.push(arrival.incoming.ordinal);
        self.trace.push(arrival.trace.as_bytes());
        self.body.push(&arrival.incoming.body);
        self.reason.push(reason);
    }
}

fn day(arrival: &Arrival) -> i32 {
    match arrival.event() {
        Some(event) => event.day(),
        None => key::day(millis(arrival.received)),
    }
}

fn order(arrival: &Arrival) -> (SystemTime, SystemTime, i32) {
    (
        occurred_at(arrival),
        arrival.received,
        arrival.incoming.ordinal,
    )
}

/// The event's own time; an event that has none happened when it came.
pub(super) fn occurred_at(arrival: &Arrival) -> SystemTime {
    let millis = arrival.event().and_then(|event| event.occurred_at_ms);
    millis
        .and_then(|millis| u64::try_from(millis).ok())
        .map_or(arrival.received, |millis| {
            SystemTime::UNIX_EPOCH + Duration::from_millis(millis)
        })
}

fn millis(time: SystemTime) -> i64 {
    let since = time
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
