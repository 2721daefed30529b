//! The token ends before another is put in its place.

use std::time::Duration;

use sabai_tests::gate::Fault;
use sabai_tests::release::{LIMIT, setup};

use super::{
    RATE, asked, at_a_bounded_pace, audited, ceiling, complains, reported, right_within, said_once,
    unnoticed,
};
use crate::tuned::obeys;

/// As long as a token is given for.
const WHOLE: Duration = Duration::from_secs(3600);
/// Of one that ends in the test.
const SHORT: Duration = Duration::from_secs(15);
/// The file is read again each minute, and then it is tried again.
const READ_AGAIN: Duration = Duration::from_secs(65);

#[tokio::test]
async fn a_token_that_has_expired_is_told_once_and_its_successor_is_found_on_disk() {
    let mut release = setup().rate(RATE).start().await;
    right_within(&release, release.first(), 11, LIMIT).await;
    let member = release.members.remove(0);
    let namespace = std::sync::Arc::clone(&release.namespace);
    let short = namespace
        .short_token(&release.name, &member.pod, &member.uid, SHORT)
        .await;
    member
        .access
        .rotate(&short.expect("a token"))
        .expect("in its place");
    // An agent that begins reads the file at once.
    let member = member.agent_again().await;
    release.members.push(member);
    let member = release.first();
    member.agent.says(200, "Postgres Healthy", LIMIT).await;
    unnoticed(member, async {
        let since = audited(&release);
        complains(member, 0, "ApiTokenRejected").await;
        // Watches outlive their token; these meet the server again.
        release.api.existing(Fault::Reset);
        release.apply(&ceiling(7)).await;
        let fresh = namespace
            .token(&release.name, &member.pod, &member.uid, WHOLE)
            .await;
        member
            .access
            .rotate(&fresh.expect("a token"))
            .expect("in its place");
        reported(&release, member, 7, READ_AGAIN).await;
        obeys(member, 7).await;
        at_a_bounded_pace(&asked(&release, since));
    })
    .await;
    said_once(member, 0, "ApiTokenRejected").await;
    release.ends_well().await;
}
