//! Whatever the API server does, bot and readiness do not notice, the agent says each trouble once, asks at a bounded pace, and
//! its report is right within seconds of the return.

mod away;
mod busy;
mod missing;
mod slow;
mod token;
mod watches;

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use sabai_tests::kubernetes::{Kubernetes, Request, Shared};
use sabai_tests::release::{LIMIT, Member, Release, cluster};
use sabai_tests::wait::eventually;
use serde_json::{Value, json};
use tokio::sync::{Mutex, MutexGuard};

use crate::tuned::with;

/// Events a second of each release here: its answers tell the time too.
const RATE: u32 = 20;
/// Until a report is right again.
const RIGHT: Duration = Duration::from_secs(5);
/// Of one agent in the busiest second: three watches begin again with two requests each, more than once, and what a change makes
/// of report, status, Lease and Events is written.
const BUSIEST: usize = 20;
/// So much may come and go with connections.
const GROWTH_KIB: u64 = 4 * 1024;
const GROUP: &str = "sabai.dev/v1alpha1";

/// A server for those who stop it, one after the other.
static STOPPED: Shared = Shared::new(cluster);
static TURN: Mutex<()> = Mutex::const_new(());

async fn stoppable() -> (MutexGuard<'static, ()>, Arc<Kubernetes>) {
    let turn = TURN.lock().await;
    (turn, STOPPED.get().await.expect("an API server"))
}

/// So many seconds go by, each full of answers.
async fn pass(release: &Release, seconds: u32) {
    let limit = Duration::from_secs(u64::from(seconds)) + LIMIT;
    release
        .load
        .answered((RATE * seconds) as usize, limit)
        .await;
}

/// The pod stays ready while this goes on.
async fn unnoticed<T>(member: &Member, doing: impl Future<Output = T>) -> T {
    tokio::select! {
        done = doing => done,
        never = ready(member) => match never {},
    }
}

async fn ready(member: &Member) -> Infallible {
    let mut looks = tokio::time::interval(Duration::from_millis(100));
    loop {
        looks.tick().await;
        let page = member.agent.page("/readyz").await;
        let (status, words) = page.expect("the agent answers");
        assert_eq!(status, 200, "{words}; {}", member.agent.log().tail());
    }
}

/// Applies this ceiling; the bot obeys it and the report says so, within `limit`.
async fn right_within(release: &Release, member: &Member, max: u64, limit: Duration) {
    release.apply(&ceiling(max)).await;
    reported(release, member, max, limit).await;
}

fn ceiling(max: u64) -> Value {
    with(json!({"pool": {"maxConnections": max}}))
}

/// The report tells of this ceiling, as in force.
async fn reported(release: &Release, member: &Member, max: u64, limit: Duration) {
    let generation = crate::tuned::generation(release).await;
    let path = format!("poolinstances/{}", member.pod);
    let path = release.namespace.path(GROUP, &path);
    let api = release.namespace.kubernetes().api();
    eventually(limit, &format!("the report to tell of {max}"), async || {
        let object = api.get(&path).await.map_err(|error| format!("{error:#}"))?;
        let status = &object["status"];
        let right = status["pool"]["maxConnections"] == max
            && status["poolConfig"]["observedGeneration"] == generation;
        right.then_some(()).ok_or_else(|| status.to_string())
    })
    .await;
}

/// How often a fault was told, and how often that it is over, since the agent's log was so long.
fn said(member: &Member, since: u64, fault: &str) -> (usize, usize) {
    let lines = member.agent.log().since(since);
    let told = |level: &str| {
        let of_fault = |line: &&_| is(line, level, fault);
        lines.iter().filter(of_fault).count()
    };
    (told("WARN"), told("INFO"))
}

fn is(line: &sabai_tests::bot::log::Line, level: &str, fault: &str) -> bool {
    line.level() == Some(level) && line.field("fault") == Some(fault)
}

/// A server that was away was told of once, and once that this is over; it may have been busy when it went and came.
async fn away_said_once(member: &Member, since: u64) {
    eventually(
        LIMIT,
        "its absence to be told once, and to be over",
        async || {
            let both = ["ApiUnreachable", "ApiBusy"].map(|fault| said(member, since, fault));
            let [(away, here), (busy, idle)] = both;
            match (away + busy, here + idle) {
                (1, 1) => Ok(()),
                _ => Err(format!("{both:?}: {}", member.agent.log().tail())),
            }
        },
    )
    .await;
    assert_eq!(
        said(member, since, "ApiForbidden"),
        (0, 0),
        "it had just begun"
    );
}

/// The fault was told once, and once that it is over.
async fn said_once(member: &Member, since: u64, fault: &str) {
    let what = format!("{fault} to be told once, and to be over");
    eventually(LIMIT, &what, async || match said(member, since, fault) {
        (1, 1) => Ok(()),
        other => Err(format!("{other:?}: {}", member.agent.log().tail())),
    })
    .await;
}

/// A server that serves some and refuses others is told of as often as it does, a few times at most, and as often as being over.
async fn told_and_over(member: &Member, since: u64, fault: &str) {
    let what = format!("{fault} to be told, and to be over");
    eventually(LIMIT, &what, async || match said(member, since, fault) {
        (told @ 1..=3, over) if told == over => Ok(()),
        other => Err(format!("{other:?}: {}", member.agent.log().tail())),
    })
    .await;
}

/// Waits until it was told that the server is away, silent or busy.
async fn complains_of_absence(member: &Member, since: u64) {
    eventually(LIMIT, "its absence to be told", async || {
        let told = ["ApiUnreachable", "ApiBusy"].map(|fault| said(member, since, fault).0);
        (told != [0, 0]).then_some(()).ok_or("not yet")
    })
    .await;
}

/// Waits until a fault was told.
async fn complains(member: &Member, since: u64, fault: &str) {
    eventually(LIMIT, &format!("{fault} to be told"), async || {
        let told = said(member, since, fault).0;
        (told > 0).then_some(()).ok_or("not yet")
    })
    .await;
}

/// What the release's agents have asked, after the first `since` requests of anybody.
fn asked(release: &Release, since: usize) -> Vec<Request> {
    let (namespace, account) = (release.namespace.name(), &release.name);
    let user = format!("system:serviceaccount:{namespace}:{account}");
    let all = release
        .namespace
        .kubernetes()
        .audit()
        .expect("an audit log");
    let later = all.into_iter().skip(since);
    later.filter(|request| request.user == user).collect()
}

fn audited(release: &Release) -> usize {
    let audit = release.namespace.kubernetes().audit();
    audit.expect("an audit log").len()
}

/// No second was too full.
fn at_a_bounded_pace(requests: &[Request]) {
    let second = |request: &Request| request.received[.."2026-11-28T00:00:00".len()].to_owned();
    let mut seconds = std::collections::BTreeMap::<String, usize>::new();
    for request in requests {
        *seconds.entry(second(request)).or_default() += 1;
    }
    let busiest = seconds.values().max().copied().unwrap_or_default();
    assert!(busiest <= BUSIEST, "{seconds:?}");
}

fn within_bounds(member: &Member, before: u64) {
    let now = member.agent.rss_kib().expect("Linux");
    assert!(now < before + GROWTH_KIB, "{before} KiB, then {now} KiB");
}
