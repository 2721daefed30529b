//! The API server answers late, or stands still.

use std::time::Duration;

use sabai_tests::gate::Fault;
use sabai_tests::release::{LIMIT, setup};

use super::{RATE, RIGHT, pass, right_within, said, said_once, stoppable, unnoticed};
use crate::tuned::obeys;

#[tokio::test]
async fn answers_that_come_two_seconds_late_are_waited_for() {
    let release = setup().rate(RATE).start().await;
    let member = release.first();
    right_within(&release, member, 11, LIMIT).await;
    let log = member.agent.log().count();
    unnoticed(member, async {
        // One second each way.
        release.api.all(Fault::Delay(Duration::from_secs(1))).await;
        right_within(&release, member, 7, LIMIT).await;
        pass(&release, 10).await;
        assert_eq!(said(member, log, "ApiUnreachable"), (0, 0));
        release.api.heal().await;
        right_within(&release, member, 8, RIGHT).await;
    })
    .await;
    release.ends_well().await;
}

#[tokio::test]
async fn a_server_that_stands_still_is_told_once_and_obeyed_when_it_goes_on() {
    let (_turn, kubernetes) = stoppable().await;
    let release = setup().on(&kubernetes).rate(RATE).start().await;
    let member = release.first();
    right_within(&release, member, 11, LIMIT).await;
    let log = member.agent.log().count();
    unnoticed(member, async {
        kubernetes.pause().await;
        pass(&release, 12).await;
        kubernetes.resume();
        right_within(&release, member, 7, RIGHT).await;
        obeys(member, 7).await;
    })
    .await;
    said_once(member, log, "ApiUnreachable").await;
    release.ends_well().await;
}
