//! The API server is away: the network refuses, or the server is stopped or killed.

use sabai_tests::gate::Fault;
use sabai_tests::release::setup;

use super::{
    RATE, RIGHT, asked, at_a_bounded_pace, audited, away_said_once, ceiling, pass, reported,
    right_within, said_once, stoppable, unnoticed, within_bounds,
};
use crate::tuned::obeys;

#[tokio::test]
async fn a_minute_away_is_said_once_and_what_changed_meanwhile_is_obeyed() {
    let release = setup().rate(RATE).start().await;
    let member = release.first();
    right_within(&release, member, 11, super::LIMIT).await;
    let (log, memory) = (member.agent.log().count(), member.agent.rss_kib());
    let memory = memory.expect("Linux");
    unnoticed(member, async {
        release.api.new_connections(Fault::Refuse).await;
        release.api.existing(Fault::Reset);
        release.apply(&ceiling(7)).await;
        pass(&release, 60).await;
        let report = member.report().await.expect("a report");
        assert_eq!(report["maxConnections"], 11, "what was in force stays");
        let requests = audited(&release);
        release.api.heal().await;
        reported(&release, member, 7, RIGHT).await;
        obeys(member, 7).await;
        pass(&release, 5).await;
        at_a_bounded_pace(&asked(&release, requests));
    })
    .await;
    said_once(member, log, "ApiUnreachable").await;
    within_bounds(member, memory);
    release.ends_well().await;
}

#[tokio::test]
async fn a_server_that_stops_or_is_killed_and_comes_again_is_obeyed_at_once() {
    let (_turn, kubernetes) = stoppable().await;
    let release = setup().on(&kubernetes).rate(RATE).start().await;
    let member = release.first();
    for (turn, max) in [(0, 8), (1, 9)] {
        let log = member.agent.log().count();
        unnoticed(member, async {
            match turn {
                0 => kubernetes.stop().await.expect("it stops"),
                _ => kubernetes.kill().await.expect("it is killed"),
            }
            pass(&release, 12).await;
            let requests = audited(&release);
            kubernetes.start_again().await.expect("it starts");
            right_within(&release, member, max, RIGHT).await;
            obeys(member, max).await;
            pass(&release, 3).await;
            at_a_bounded_pace(&asked(&release, requests));
        })
        .await;
        away_said_once(member, log).await;
    }
    release.ends_well().await;
}
