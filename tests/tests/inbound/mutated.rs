//! Ten thousand webhooks that are almost right, each signed: none is answered by a 5xx, none makes the bot panic, and
//! its memory does not grow. The mutator is deterministic; a failure prints its seed.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use sabai_tests::bot::Bot;
use sabai_tests::postgres::{self, Postgres};
use sabai_tests::webhook::{Chat, Event, Kind, Message, Webhook};
use sabai_tests::world::{Options, World};
use serde_json::Value;
use tokio::task::JoinSet;

use super::scene::{ANSWERS, counter, quiet, taken};

const SEED: u64 = 0x5aba_1b07;
/// So few that a batch is far from the 0.8 s after which a call is answered 503, on a busy machine too: any 503 is of
/// our making.
const SENDERS: u64 = 8;

/// xorshift64* (Vigna 2016): the same numbers everywhere and for ever.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() >> 33).expect("31 bits") % limit.max(1)
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }
}

/// What a value is replaced by: empty, huge, of another kind, unprintable.
const STRANGE: [&str; 14] = [
    "null",
    "true",
    "-1",
    "1e400",
    "9223372036854775808",
    "253402300800000",
    "0.5",
    "\"\"",
    "\"\\u0000\"",
    "\"\\ud800\"",
    "\"../../x\"",
    "[]",
    "{}",
    "[[[[[[[[]]]]]]]]",
];

/// A call of one or two events, one of them changed in its values, its members or its bytes.
fn mutated(random: &mut Random, destination: &str) -> Bytes {
    let count = 1 + random.below(2);
    let mut events: Vec<String> = (0..count).map(|_| event(random)).collect();
    let place = random.below(count);
    events[place] = changed(random, &events[place]);
    let mut body = format!(
        "{{\"destination\":\"{destination}\",\"events\":[{}]}}",
        events.join(",")
    );
    if random.below(5) == 0 {
        body = changed(random, &body);
    }
    let mut bytes = body.into_bytes();
    match random.below(12) {
        0 => bytes.truncate(random.below(bytes.len())),
        1 => {
            let place = random.below(bytes.len());
            bytes[place] ^= 1 << random.below(8);
        }
        2 => {
            let (from, to) = (random.below(bytes.len()), random.below(bytes.len()));
            bytes[to] = bytes[from];
        }
        _ => {}
    }
    bytes.into()
}

fn event(random: &mut Random) -> String {
    let customer = format!("customer {}", random.below(50));
    let chat = match random.below(4) {
        0 => Chat::group("family", Some(&customer)),
        1 => Chat::room("old", None),
        _ => Chat::with(&customer),
    };
    let kinds = Kind::one_of_each();
    let kind = match random.below(2) {
        0 => Kind::message(random.pick(&Message::one_of_each()).clone()),
        _ => random.pick(&kinds).clone(),
    };
    Event::new(&chat, kind).json().to_string()
}

/// One value replaced or removed, one member added or renamed, at any depth; the text of JSON either way.
fn changed(random: &mut Random, json: &str) -> String {
    let Ok(mut value) = serde_json::from_str::<Value>(json) else {
        return json.to_owned();
    };
    let mark = "MUTATED";
    let place = random.below(paths(&value));
    mark_at(&mut value, &mut { place }, mark);
    let strange = *random.pick(&STRANGE);
    let with = match random.below(8) {
        0 => format!("\"{}\"", "ก".repeat(random.below(5000))),
        1 => format!("{}{}", "[".repeat(200), "]".repeat(200)),
        _ => strange.to_owned(),
    };
    let name = ["\"type\":", "\"\":", "\"\\ud800\":", "\"replyToken\":"];
    let name = *random.pick(&name);
    let text = value.to_string().replace(&format!("\"{mark}\""), &with);
    match random.below(6) {
        0 => text.replacen("\"mode\":", name, 1),
        1 => text.replacen('{', &format!("{{{name}{strange},"), 1),
        _ => text,
    }
}

fn paths(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(paths).sum::<usize>(),
        Value::Object(members) => 1 + members.values().map(paths).sum::<usize>(),
        _ => 1,
    }
}

fn mark_at(value: &mut Value, place: &mut usize, mark: &str) {
    if *place == 0 {
        *value = mark.into();
    }
    *place = place.wrapping_sub(1);
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| mark_at(item, place, mark)),
        Value::Object(members) => members
            .values_mut()
            .for_each(|item| mark_at(item, place, mark)),
        _ => {}
    }
}

/// Sends calls `from..to`, many at a time.
async fn send(webhook: &Webhook, destination: &str, from: u64, to: u64) {
    let next = Arc::new(AtomicU64::new(from));
    let mut senders = JoinSet::new();
    for _ in 0..SENDERS {
        let (next, webhook) = (Arc::clone(&next), webhook.clone());
        let destination = destination.to_owned();
        senders.spawn(async move {
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= to {
                    return;
                }
                let mut random =
                    Random((SEED ^ (number + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15)) | 1);
                one(&webhook, number, mutated(&mut random, &destination)).await;
            }
        });
    }
    senders.join_all().await;
}

async fn one(webhook: &Webhook, number: u64, body: Bytes) {
    let outcome = webhook.post_signed(body.clone()).await.outcome;
    assert_eq!(
        outcome,
        Ok(200),
        "call {number} of seed {SEED:#x}: {}",
        String::from_utf8_lossy(&body)
    );
}

/// On a server that does not wait for its disk, which other tests keep busy.
async fn world() -> World {
    let options = postgres::Options {
        settings: vec![("fsync".to_owned(), "off".to_owned())],
        ..postgres::Options::default()
    };
    let postgres = Postgres::start(options).await.expect("Postgres starts");
    World::new(Options::answering(ANSWERS).on(postgres))
        .await
        .expect("everything starts")
}

async fn memory_at_rest(world: &World, bot: &Bot) -> u64 {
    quiet(world).await;
    bot.rss_kib().expect("it runs")
}

#[tokio::test]
async fn ten_thousand_mutated_webhooks_bring_no_5xx_no_panic_and_no_growth() {
    let world = world().await;
    let bot = world.bot().await.expect("the bot starts");
    let destination = world.line.options().bot_user_id.clone();
    let webhook = world.webhook(&bot).giving_up_after(Duration::from_secs(10));
    send(&webhook, &destination, 0, 2_000).await;
    let early = memory_at_rest(&world, &bot).await;
    send(&webhook, &destination, 2_000, 10_000).await;
    let late = memory_at_rest(&world, &bot).await;
    assert!(
        late < early + 16 * 1024,
        "seed {SEED:#x}: {early} KiB, then {late} KiB"
    );
    let of = async |code| counter(&bot, "sabai_webhook_responses_total", &[("code", code)]).await;
    assert_eq!(of("200").await, 10_000.0, "seed {SEED:#x}");
    for code in ["500", "503", "other"] {
        assert_eq!(of(code).await, 0.0, "{code}, seed {SEED:#x}");
    }
    assert!(bot.exit_status().is_none());
    let log = bot.log().lines();
    assert!(
        log.iter().all(|line| !line.text().contains("panic")),
        "seed {SEED:#x}"
    );
    let event = Event::text("after", "hello");
    taken(&world, &webhook, std::slice::from_ref(&event)).await;
    quiet(&world).await;
    assert_eq!(world.line.accepted_for(&event.id).len(), 1, "it works on");
}
