//! Specs of a PoolConfig at random, from the table of all settings.

use sabai_wire::settings::field::Range;
use sabai_wire::settings::{AGENT_FIELDS, FIELDS, Field};
use serde_json::{Value, json};

use crate::random::Random;

/// Of a field to be given.
const GIVEN_PERCENT: usize = 20;
/// Of a field that is given to be ill.
const ILL_PERCENT: usize = 6;

/// Any spec: some fields are ill.
#[must_use]
pub fn any(random: &mut Random) -> Value {
    spec(random, ILL_PERCENT)
}

/// One whose every field is well; the rules between fields may be broken.
#[must_use]
pub fn decent(random: &mut Random) -> Value {
    spec(random, 0)
}

fn spec(random: &mut Random, ill_percent: usize) -> Value {
    let fields = FIELDS.iter().chain(AGENT_FIELDS);
    let given: Vec<&Field> = fields
        .copied()
        .filter(|_| random.chance(GIVEN_PERCENT))
        .collect();
    let mut spec = json!({});
    for field in given {
        let (group, name) = field.group_and_name();
        spec[group][name] = if random.chance(ill_percent) {
            ill(random, field)
        } else {
            well(random, field)
        };
    }
    spec
}

/// Mostly inside the range; the rules between fields may be broken.
fn well(random: &mut Random, field: &Field) -> Value {
    match field.range {
        Range::Count(low, high) => random.within(low.into()..=high.into()).into(),
        Range::Millis(low, high) => {
            // Over all magnitudes, else hours are all there is.
            let magnitude = high as usize >> random.within(0..=24);
            let millis = random.within(low as usize..=(low as usize).max(magnitude));
            duration(random, millis).into()
        }
        Range::Word(words) => (*random.pick(words)).into(),
    }
}

/// A time spelled in one of the ways that the form allows: units in any order, more than once, with zeros before.
fn duration(random: &mut Random, millis: usize) -> String {
    let (seconds, rest) = (millis / 1_000, millis % 1_000);
    let (minutes, seconds_left) = (seconds / 60, seconds % 60);
    match random.within(0..=4) {
        0 if millis < 100_000 => format!("{millis}ms"),
        1 if seconds < 100_000 => format!("{rest:03}ms{seconds}s"),
        2 if minutes < 100_000 => format!("{minutes}m{seconds_left:02}s{rest}ms"),
        3 if seconds < 100_000 => format!("{seconds:05}s{rest}ms"),
        _ => format!("{}h{}m{seconds_left}s{rest}ms", minutes / 60, minutes % 60),
    }
}

fn ill(random: &mut Random, field: &Field) -> Value {
    let texts = [
        "",
        "3",
        "1d",
        "-1s",
        "+1s",
        "1.5s",
        " 1s",
        "1s ",
        "1S",
        "1us",
        "100000s",
        "1h1m1s1ms1h",
        "99999h99999h",
        "0000000000000000000001s",
        "1สs",
        "∞",
        "null",
    ];
    let ills = [
        json!(0),
        json!(-1),
        json!(501),
        json!(65_536),
        json!(4_294_967_300_u64),
        json!(1.5),
        json!(true),
        json!("16"),
        json!([]),
        json!({}),
        json!("automatic"),
        json!("0s"),
        json!("8761h"),
        Value::Null,
    ];
    match field.range {
        Range::Millis(..) if random.chance(70) => (*random.pick(&texts)).into(),
        _ => random.pick(&ills).clone(),
    }
}
