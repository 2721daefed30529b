//! Whatever is sent, the API server and the programs judge alike: what it stores converts, what the table refuses it refuses.

use std::fmt::Debug;
use std::sync::Arc;

use sabai_crds::PoolConfigSpec;
use sabai_tests::random::Random;
use sabai_tests::specs;
use sabai_wire::settings::field::Range;
use sabai_wire::settings::{AGENT_FIELDS, AGENT_RULES, Field, PathProblem, Reading};
use serde_json::Value;
use tokio::task::JoinSet;

use super::{namespace, offer};

const SPECS: usize = 600;
/// At a time; the API server has two cores at worst.
const ROUND: usize = 20;

#[tokio::test]
async fn the_server_and_the_programs_judge_every_spec_alike() {
    let namespace = Arc::new(namespace("whatever").await);
    let mut random = Random::new(20_261_128);
    let (mut taken, mut refused) = (0, 0);
    for _ in 0..SPECS / ROUND {
        let mut round = JoinSet::new();
        for _ in 0..ROUND {
            let (namespace, spec) = (Arc::clone(&namespace), specs::any(&mut random));
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
