//! Whatever is sent, the API server and the programs judge alike: what it stores converts, what the table refuses it refuses.

use std::fmt::Debug;
use std::sync::Arc;

use sabai_crds::PoolConfigSpec;
use sabai_tests::random::Random;
use sabai_wire::settings::field::Range;
use sabai_wire::settings::{AGENT_FIELDS, AGENT_RULES, FIELDS, Field, PathProblem, Reading};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::{namespace, offer};

const SPECS: usize = 600;
/// At a time; the API server has two cores at worst.
const ROUND: usize = 20;
/// Of a field to be given.
const GIVEN_PERCENT: usize = 20;
/// Of a field that is given to be ill.
const ILL_PERCENT: usize = 6;

#[tokio::test]
async fn the_server_and_the_programs_judge_every_spec_alike() {
    let namespace = Arc::new(namespace("whatever").await);
    let mut random = Random::new(20_261_128);
    let (mut taken, mut refused) = (0, 0);
    for _ in 0..SPECS / ROUND {
        let mut round = JoinSet::new();
        for _ in 0..ROUND {
            let (namespace, spec) = (Arc::clone(&namespace), spec(&mut random));
            round.spawn(async move { (offer(&namespace, &spec).await, spec) });
        }
        for (server, spec) in round.join_all().await {
            let ours = judge(&spec);
            match (server, ours) {
                (Ok(stored), Ok(ours)) => {
                    assert_eq!(judge(&stored["spec"]), Ok(ours), "{spec}");
                    taken += 1;
                }
                (Err(_), Err(_)) => refused += 1,
                (server, ours) => panic!("{spec}\nthe server: {server:?}\nwe: {ours:?}"),
            }
        }
    }
    assert!(
        taken > SPECS / 5 && refused > SPECS / 5,
        "{taken} taken, {refused} refused"
    );
}

/// What bot and agent make of a spec: all values, in the order of the tables.
fn judge(spec: &Value) -> Result<Vec<String>, Vec<PathProblem>> {
    let spec: PoolConfigSpec = serde_json::from_value(spec.clone()).expect("groups");
    let pool = spec.pool_settings()?;
    let pool = pool.entries().into_iter().map(|(_, text)| text);
    let agent = spec.settings(|lookup| {
        let mut read = Reading::new(lookup);
        let values: Vec<String> = AGENT_FIELDS
            .iter()
            .map(|field| value(&mut read, field))
            .collect();
        read.finish(values, AGENT_RULES)
    })?;
    Ok(pool.chain(agent).collect())
}

fn value<L: FnMut(&'static Field) -> Option<String>>(
    read: &mut Reading<L>,
    field: &'static Field,
) -> String {
    fn shown(value: impl Debug) -> String {
        format!("{value:?}")
    }
    match field.range {
        Range::Count(..) => shown(read.count(field)),
        Range::Millis(..) => shown(read.duration(field)),
        Range::Word(_) => shown(read.word(field)),
    }
}

fn spec(random: &mut Random) -> Value {
    let fields = FIELDS.iter().chain(AGENT_FIELDS);
    let given: Vec<&Field> = fields
        .copied()
        .filter(|_| random.chance(GIVEN_PERCENT))
        .collect();
    let mut spec = json!({});
    for field in given {
        let (group, name) = field.group_and_name();
        spec[group][name] = if random.chance(ILL_PERCENT) {
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
