//! The whole product: every verb on every resource, with each name, here and elsewhere.

use std::collections::BTreeSet;

use futures_util::{StreamExt, stream};

use super::ground::{Ground, NAMES};
use super::table::{ALLOWED, RESOURCES, Resource, VERBS, Verb};
use super::tried::{Place, Tried};

const AT_ONCE: usize = 8;

fn product() -> Vec<Tried> {
    let mut product = Vec::new();
    for &resource in RESOURCES {
        for verb in VERBS.into_iter().filter(|verb| resource.knows(*verb)) {
            for place in places(resource, verb) {
                let every = listing(verb).then_some(None);
                let names = NAMES.into_iter().map(Some).chain(every);
                product.extend(names.map(|name| Tried {
                    resource,
                    verb,
                    place,
                    name,
                }));
            }
        }
    }
    product
}

const fn listing(verb: Verb) -> bool {
    matches!(verb, Verb::List | Verb::Watch | Verb::DeleteCollection)
}

fn places(resource: Resource, verb: Verb) -> Vec<Place> {
    match (resource.namespaced, verb) {
        (false, _) => vec![Place::Everywhere],
        (true, Verb::List | Verb::Watch) => vec![Place::Own, Place::Other, Place::Everywhere],
        (true, _) => vec![Place::Own, Place::Other],
    }
}

#[tokio::test]
async fn an_agent_may_do_what_the_table_says_and_nothing_else() {
    let mut ground = Ground::shared("product").await;
    ground.furnish().await;
    let agent = ground.agent().await;
    let product = product();
    let tries = product.len();
    let outcomes: Vec<(Tried, Result<bool, String>)> = stream::iter(product)
        .map(|tried| {
            let (agent, ground) = (&agent, &ground);
            async move { (tried, tried.outcome(agent, ground).await) }
        })
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    let differing: Vec<String> = outcomes
        .iter()
        .filter(|(tried, outcome)| *outcome != Ok(tried.row().is_some()))
        .map(|(tried, outcome)| {
            let (resource, verb) = (tried.resource.title(), tried.verb);
            let (place, name) = (tried.place, tried.name.unwrap_or("all"));
            let became = match outcome {
                Ok(true) => "was let through",
                Ok(false) => "was refused",
                Err(words) => words,
            };
            format!("{verb:?} {resource} {name} {place:?}: {became}")
        })
        .collect();
    assert!(
        differing.is_empty(),
        "{} of {tries} differ from the table:\n{}",
        differing.len(),
        differing.join("\n")
    );
    let met: BTreeSet<usize> = outcomes
        .iter()
        .filter_map(|(tried, _)| tried.row())
        .collect();
    assert_eq!(met.len(), ALLOWED.len(), "rows that nothing was tried of");
}
