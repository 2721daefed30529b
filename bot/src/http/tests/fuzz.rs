//! Ten thousand damaged webhooks, correctly signed: nothing panics, nothing is lost, and nothing
//! is answered 5xx.

use std::time::SystemTime;

use super::bot::{Bot, Settings, signed};
use crate::event::samples;
use crate::event::triage::triage;
use crate::intake::submission::Incoming;

const CALLS: u64 = 10_000;
const SEED: u64 = 0x5aba_1000;

/// SplitMix64: the same damage for the same seed, everywhere.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() % n.max(1) as u64) as usize
    }
}

/// Things that have broken parsers, to be put anywhere.
const POISON: [&[u8]; 22] = [
    b"\0",
    b"\\u0000",
    b"\\ud800",
    b"\\udc00\\ud800",
    b"\xff",
    b"\xc3\x28",
    b"\xed\xa0\x80",
    b"{",
    b"}",
    b"[[[[[[[[",
    b"]",
    b"\"",
    b"\\",
    b",",
    b":null,",
    b"-1e999",
    b"1e308",
    b"99999999999999999999999",
    b"-9223372036854775808",
    b"{\"events\":[{}]}",
    b"\"source\":{\"type\":\"user\",\"userId\":\"\\u0000\"},",
    b"\xe0\xb8\xaa\xe0\xb8\xa7",
];

fn damaged(dice: &mut Dice) -> Vec<u8> {
    let mut body = samples::call().into_bytes();
    for _ in 0..=dice.below(6) {
        let at = dice.below(body.len());
        let to = body.len().min(at + dice.below(200));
        match dice.below(7) {
            0 => body.truncate(at),
            1 => drop(body.drain(at..to)),
            2 => {
                let copy = body[at..to].to_vec();
                let into = dice.below(body.len());
                drop(body.splice(into..into, copy));
            }
            3 if !body.is_empty() => body[at] ^= 1 << dice.below(8),
            4 => {
                let deep = 1 + dice.below(3000);
                drop(body.splice(
                    at..at,
                    std::iter::repeat_n(b'[', deep).chain(std::iter::repeat_n(b']', deep)),
                ));
            }
            _ => drop(body.splice(at..at, POISON[dice.below(POISON.len())].iter().copied())),
        }
    }
    body
}

/// One JSON value in the place of another keeps the call readable, so this gets deeper.
fn altered(dice: &mut Dice) -> Vec<u8> {
    const VALUES: [&str; 12] = [
        "null",
        "true",
        "-1",
        "1e400",
        "[]",
        "{}",
        "\"\"",
        "\"\\u0000\"",
        "\"\\ud800\"",
        "[[[]]]",
        "1767225600000.5",
        "{\"type\":\"x\"}",
    ];
    let mut body = samples::call();
    for _ in 0..=dice.below(8) {
        let colons: Vec<usize> = body.match_indices("\":").map(|(at, _)| at + 2).collect();
        let from = colons[dice.below(colons.len())];
        let rest = &body[from..];
        let end = from + rest.find([',', '}', ']']).unwrap_or(rest.len());
        body.replace_range(from..end, VALUES[dice.below(VALUES.len())]);
    }
    body.into_bytes()
}

fn webhook(dice: &mut Dice) -> Vec<u8> {
    if dice.below(2) == 0 {
        damaged(dice)
    } else {
        altered(dice)
    }
}

#[test]
fn damaged_webhooks_are_split_and_read_without_a_panic() {
    println_seed();
    let mut dice = Dice(SEED);
    let (mut read, mut unread) = (0, 0);
    for n in 0..CALLS {
        let body = webhook(&mut dice);
        for event in Incoming::of_body(&body, SystemTime::UNIX_EPOCH) {
            assert!(
                !event.body.contains(&0) || event.read.is_err(),
                "call {n}: a raw NUL is no JSON"
            );
            match event.read {
                Ok(event) => {
                    triage(&event);
                    assert!(!event.question_kind().contains('\0'), "call {n}");
                    assert!(
                        !event.lane.is_some_and(|lane| lane.contains('\0')),
                        "call {n}"
                    );
                    let text = event.message.and_then(|message| message.text);
                    assert!(!text.is_some_and(|text| text.contains('\0')), "call {n}");
                    read += 1;
                }
                Err(error) => {
                    assert!(!error.reason.is_empty());
                    unread += 1;
                }
            }
        }
    }
    assert!(
        read > CALLS && unread > CALLS / 4,
        "{read} read, {unread} not: the damage is one-sided"
    );
}

#[tokio::test]
async fn damaged_webhooks_are_never_answered_5xx() {
    println_seed();
    let mut bot = Bot::start(Settings {
        body: crate::http::body::BodyLimits::new(1 << 20),
        ..Settings::default()
    })
    .await;
    let mut intake = {
        let (_, none) = tokio::sync::mpsc::channel(1);
        std::mem::replace(&mut bot.intake, none)
    };
    tokio::spawn(async move {
        while let Some(call) = intake.recv().await {
            let _ = call.done.send(Ok(()));
        }
    });
    let mut dice = Dice(SEED + 1);
    let mut client = bot.connect().await;
    for n in 0..CALLS {
        client.send(signed(webhook(&mut dice))).await;
        assert_eq!(client.response().await.status, 200, "call {n}");
    }
    assert_eq!(bot.statuses().len() as u64, CALLS);
}

#[expect(
    clippy::print_stdout,
    reason = "shown when the test fails, to repeat it"
)]
fn println_seed() {
    println!("seed {SEED:#x}");
}
