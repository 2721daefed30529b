//! Watches end, vanish, or are too old to be gone on with.

use std::time::Duration;

use http::Method;
use sabai_tests::gate::Fault;
use sabai_tests::release::{LIMIT, setup};
use serde_json::{Value, json};

use super::{
    RATE, RIGHT, asked, at_a_bounded_pace, audited, ceiling, pass, reported, right_within, said,
    stoppable, told_and_over, unnoticed,
};
use crate::tuned::obeys;

/// Silence before the first keepalive, three of them without an answer, and a new watch.
const FORGOTTEN: Duration = Duration::from_secs(15 + 3 * 5 + 5);
const DEFINITION: &str =
    "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/poolconfigs.sabai.dev";

#[tokio::test]
async fn a_watch_that_is_cut_again_and_again_begins_again() {
    let release = setup().rate(RATE).start().await;
    let member = release.first();
    right_within(&release, member, 11, LIMIT).await;
    let first = audited(&release);
    unnoticed(member, async {
        for max in [7, 8, 9, 10] {
            release.api.existing(Fault::Reset);
            right_within(&release, member, max, RIGHT).await;
            pass(&release, 2).await;
        }
    })
    .await;
    at_a_bounded_pace(&asked(&release, first));
    release.ends_well().await;
}

#[tokio::test]
async fn a_watch_that_the_network_has_forgotten_is_noticed_by_keepalives() {
    let release = setup().rate(RATE).start().await;
    let member = release.first();
    right_within(&release, member, 11, LIMIT).await;
    let log = member.agent.log().count();
    unnoticed(member, async {
        release.api.existing(Fault::Drop);
        release.apply(&ceiling(7)).await;
        reported(&release, member, 7, FORGOTTEN).await;
        obeys(member, 7).await;
    })
    .await;
    // Each connection that is dead may be met once.
    told_and_over(member, log, "ApiUnreachable").await;
    release.ends_well().await;
}

#[tokio::test]
async fn a_410_begins_the_list_again_and_is_nothing_to_tell() {
    let (_turn, kubernetes) = stoppable().await;
    let release = setup().on(&kubernetes).rate(RATE).start().await;
    let member = release.first();
    right_within(&release, member, 11, LIMIT).await;
    pass(&release, 3).await;
    let (log, since) = (member.agent.log().count(), audited(&release));
    // Another definition has another memory, which begins now: watches end in order, and are too old to be gone on with.
    let api = kubernetes.api();
    let patch =
        json!([{"op": "add", "path": "/spec/names/shortNames/-", "value": "shops"}]).to_string();
    let patched = api
        .send(
            Method::PATCH,
            DEFINITION,
            "application/json-patch+json",
            &patch,
        )
        .await;
    patched
        .and_then(sabai_tests::kubernetes::Answer::ok)
        .expect("patched");
    let watches = |one: &sabai_tests::kubernetes::Request| {
        one.verb == "watch" && one.resource == "poolconfigs"
    };
    let again = sabai_tests::wait::eventually(LIMIT, "the watch to begin again", async || {
        let requests = asked(&release, since);
        let mut again = requests.iter().filter(|one| watches(one));
        let first = again.next().cloned();
        again
            .next()
            .and(first)
            .ok_or_else(|| format!("{requests:?}"))
    })
    .await;
    let answer = api.get(&again.uri).await.expect("the same watch");
    assert_eq!(
        (&answer["type"], &answer["object"]["code"]),
        (&json!("ERROR"), &Value::from(410)),
        "{answer}"
    );
    let lists = |one: &sabai_tests::kubernetes::Request| {
        one.verb == "list" && one.resource == "poolconfigs"
    };
    assert_eq!(
        asked(&release, since)
            .iter()
            .filter(|one| lists(one))
            .count(),
        1,
        "one list"
    );
    unnoticed(member, right_within(&release, member, 7, RIGHT)).await;
    for fault in ["ApiUnreachable", "ApiRefused"] {
        assert_eq!(said(member, log, fault), (0, 0), "{fault}");
    }
    // A definition that is new may not answer at once.
    let (told, over) = said(member, log, "ApiBusy");
    assert!(told <= 1 && told == over, "{told} told, {over} over");
    release.ends_well().await;
}
