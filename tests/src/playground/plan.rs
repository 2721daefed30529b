//! What a check sends, from its seed: which events of whom, in which calls, which of them twice, and before which
//! calls the bot is killed. Sends nothing.

#[cfg(test)]
mod tests;

use std::time::{SystemTime, UNIX_EPOCH};

use super::options::CUSTOMERS;
use super::verdict::Expected;
use crate::random::Random;
use crate::webhook::{Chat, Event, Kind, Message};

/// LINE puts that many into one call here.
const MOST_IN_A_CALL: usize = 10;
/// Groups and rooms in which customers speak too.
const GROUPS: usize = 8;

/// Texts that meet rules, in both languages.
const MEET_RULES: &[&str] = &[
    "hello",
    "สวัสดีค่ะ",
    "What are your opening hours?",
    "เปิดกี่โมงคะ",
    "ขอดูเมนูหน่อยครับ",
    "Where are you?",
    "can I talk to a person",
    "English",
    "ภาษาไทย",
    "ขอบคุณนะคะ 🙏",
];
/// Texts for the fallback, and what a careless database or terminal stumbles over.
const MEET_NONE: &[&str] = &["0", "'; \\ \u{0} \" 👩‍👩‍👧 \u{202e}"];

/// One event of the plan.
#[derive(Clone, Debug)]
pub(super) struct Planned {
    pub(super) event: Event,
    pub(super) expected: Expected,
}

/// One place in a call: which event, and whether LINE has delivered it before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) event: usize,
    pub(super) again: bool,
}

/// Everything a check does that is left to chance.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    /// In the order in which they happened.
    pub(super) events: Vec<Planned>,
    pub(super) calls: Vec<Vec<Place>>,
    /// The bot is killed when these calls are being made.
    pub(super) kills: [usize; 2],
}

impl Plan {
    /// At least twenty events are needed for the twenty types.
    #[must_use]
    pub(super) fn new(seed: u64, events: usize) -> Self {
        let mut random = Random::new(seed);
        let events = happen(&mut random, events);
        let order = out_of_order(&mut random, events.len());
        let calls = pack(&mut random, &order);
        let calls = twice(&mut random, calls, events.len());
        let part = |percent: usize| calls.len() * percent / 100;
        let kills = [
            random.within(part(15)..=part(45)),
            random.within(part(55)..=part(85)),
        ];
        Self {
            events,
            calls,
            kills,
        }
    }

    /// How many events are delivered, repetitions included.
    #[must_use]
    pub(super) fn deliveries(&self) -> usize {
        self.calls.iter().map(Vec::len).sum()
    }
}

/// The events, a few of them in the same millisecond, the last one now.
fn happen(random: &mut Random, count: usize) -> Vec<Planned> {
    let mut kinds: Vec<Option<Kind>> = Kind::one_of_each().into_iter().map(Some).collect();
    kinds.resize(count, None);
    random.shuffle(&mut kinds);
    let gaps: Vec<u64> = kinds
        .iter()
        .map(|_| random.within(0..=9) as u64 * 3)
        .collect();
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let mut at = u64::try_from(now.as_millis()).unwrap_or(u64::MAX) - gaps.iter().sum::<u64>();
    let mut customer = 0;
    let mut events: Vec<Planned> = Vec::with_capacity(count);
    for (number, (kind, gap)) in kinds.into_iter().zip(gaps).enumerate() {
        // Each customer once, and people who write often write several messages in a row.
        if number < CUSTOMERS {
            customer = number;
        } else if random.chance(60) {
            customer = random.within(0..=CUSTOMERS - 1);
        }
        at += gap;
        let (chat, kind) = match kind {
            Some(kind) => (chat(random, customer, &kind), kind),
            None => anything(random, customer, &events),
        };
        let event = Event::new(&chat, kind).at(at);
        let expected = expected(&chat, &event.kind);
        events.push(Planned { event, expected });
    }
    amended(&mut events);
    events
}

/// Where such a thing happens: LINE tells some only of groups and rooms, some only of one-to-one chats.
fn chat(random: &mut Random, customer: usize, kind: &Kind) -> Chat {
    let name = format!("customer {customer}");
    let only_in_groups = matches!(
        kind,
        Kind::Join
            | Kind::Leave
            | Kind::MemberJoined { .. }
            | Kind::MemberLeft { .. }
            | Kind::MessageEdited { .. }
    );
    let may_be_in_groups = matches!(
        kind,
        Kind::Message { .. } | Kind::Unsend { .. } | Kind::Postback { .. }
    );
    if only_in_groups || (may_be_in_groups && random.chance(20)) {
        let group = random.within(0..=GROUPS - 1);
        let place = format!("group {group}");
        return match group % 2 {
            0 => Chat::group(&place, Some(&name)),
            _ => Chat::room(&place, Some(&name)),
        };
    }
    Chat::with(&name)
}

fn anything(random: &mut Random, customer: usize, earlier: &[Planned]) -> (Chat, Kind) {
    let kind = match random.within(1..=100) {
        texts @ 1..=72 => {
            let choices = if texts <= 60 { MEET_RULES } else { MEET_NONE };
            let text = random.pick(choices);
            Kind::text(text)
        }
        73..=82 => Kind::message(random.pick(&Message::one_of_each()).clone()),
        83..=88 => {
            let data = *random.pick(&["language=en", "language=th", "nothing"]);
            Kind::Postback { data: data.into() }
        }
        89..=95 => {
            if let Some(change) = change(random, earlier) {
                return change;
            }
            Kind::text("nothing to take back yet")
        }
        _ => random.pick(&Kind::one_of_each()).clone(),
    };
    (chat(random, customer, &kind), kind)
}

/// A message of the last few is taken back or edited, by who sent it.
fn change(random: &mut Random, earlier: &[Planned]) -> Option<(Chat, Kind)> {
    let recent = &earlier[earlier.len().saturating_sub(20)..];
    let messages: Vec<&Event> = recent
        .iter()
        .map(|planned| &planned.event)
        .filter(|event| matches!(event.kind, Kind::Message { .. }))
        .collect();
    if messages.is_empty() {
        return None;
    }
    let message = *random.pick(&messages);
    let (chat, id) = (message.chat.clone()?, message.message_id()?.to_owned());
    let kind = if random.chance(50) && !matches!(chat, Chat::User(_)) {
        let text = "edited".into();
        Kind::MessageEdited { id, text }
    } else {
        Kind::Unsend { message_id: id }
    };
    Some((chat, kind))
}

/// What the built-in answers make of it (bot/answers.example.yaml): in groups and rooms only rules answer.
fn expected(chat: &Chat, kind: &Kind) -> Expected {
    let one_to_one = matches!(chat, Chat::User(_));
    match kind {
        Kind::Message { message, .. } if !one_to_one => match message {
            Message::Text(text) if MEET_RULES.contains(&text.as_str()) => Expected::Answer,
            _ => Expected::Silence,
        },
        Kind::Message { .. } | Kind::Follow { .. } | Kind::Join => Expected::Answer,
        Kind::Postback { data } if data.starts_with("language=") => Expected::Answer,
        _ => Expected::Silence,
    }
}

/// What is taken back before it is answered need not be answered; nor what is edited in a group, which makes it small
/// talk.
fn amended(events: &mut [Planned]) {
    let gone: Vec<String> = events
        .iter()
        .filter_map(|planned| match &planned.event.kind {
            Kind::Unsend { message_id: id } => Some(id.clone()),
            Kind::MessageEdited { id, .. } => {
                let in_group = !matches!(planned.event.chat, Some(Chat::User(_)));
                in_group.then(|| id.clone())
            }
            _ => None,
        })
        .collect();
    for planned in events {
        let id = planned.event.message_id().map(str::to_owned);
        if planned.expected == Expected::Answer && id.is_some_and(|id| gone.contains(&id)) {
            planned.expected = Expected::Either;
        }
    }
}

/// The order of delivery: a tenth comes later than what happened after it.
fn out_of_order(random: &mut Random, count: usize) -> Vec<usize> {
    let mut order: Vec<(usize, usize)> = (0..count)
        .map(|event| {
            let late = if random.chance(10) {
                random.within(2..=25)
            } else {
                0
            };
            (event + late, event)
        })
        .collect();
    order.sort_unstable();
    order.into_iter().map(|(_, event)| event).collect()
}

fn pack(random: &mut Random, order: &[usize]) -> Vec<Vec<Place>> {
    let mut calls = Vec::new();
    let mut rest = order;
    while !rest.is_empty() {
        let size = random.within(1..=MOST_IN_A_CALL).min(rest.len());
        let (call, others) = rest.split_at(size);
        let first = |&event| Place {
            event,
            again: false,
        };
        calls.push(call.iter().map(first).collect());
        rest = others;
    }
    calls
}

/// A tenth comes once more, in one of the next calls or in one of its own.
fn twice(random: &mut Random, mut calls: Vec<Vec<Place>>, events: usize) -> Vec<Vec<Place>> {
    let mut chosen: Vec<usize> = (0..events).collect();
    random.shuffle(&mut chosen);
    chosen.truncate(events / 10);
    chosen.sort_unstable();
    let mut own: Vec<Vec<Vec<Place>>> = vec![Vec::new(); calls.len()];
    for number in 0..calls.len() {
        let firsts: Vec<usize> = calls[number]
            .iter()
            .filter(|place| !place.again && chosen.binary_search(&place.event).is_ok())
            .map(|place| place.event)
            .collect();
        for event in firsts {
            let place = Place { event, again: true };
            let later = number + random.within(0..=6);
            match calls.get_mut(later) {
                Some(call) if later > number && call.len() < MOST_IN_A_CALL => call.push(place),
                _ => own[later.min(calls.len() - 1)].push(vec![place]),
            }
        }
    }
    calls
        .into_iter()
        .zip(own)
        .flat_map(|(call, own)| std::iter::once(call).chain(own))
        .collect()
}
