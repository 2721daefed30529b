//! A failover as operators of Postgres know it: a standby that has every commit becomes the primary, and the way to
//! Postgres leads to it. The old primary lives on and takes no writes, so sessions to it do not end by themselves.

#![cfg(target_os = "linux")]

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use sabai_tests::scene::{LIMIT, SOME, server, setup};
use sabai_tests::wait::eventually;

use crate::asking::{NOTICED, begun, no_statement_fails, sessions, unnoticed};

/// Another machine's address, which on Linux is this one's too.
const THERE: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_standby_is_promoted_and_the_old_primary_takes_no_writes() {
    let server = server(&[]).await;
    let setup = setup().on(&server).renewed_for(&["FailedOver"]);
    let scene = setup.start().await;
    let standby = server.standby(THERE).await.expect("a standby");
    let agent = scene.agent(&[]).await;
    agent.says(200, "Postgres Healthy", LIMIT).await;
    let read_only = "default_transaction_read_only";
    server.set(read_only, Some("on")).await.expect("reloads");
    agent.says(200, "ReadOnly at Query", NOTICED).await;
    scene.answers(SOME).await;
    assert_eq!(begun(&agent), [""; 0], "nothing is recycled meanwhile");
    standby.promote().await.expect("a primary");
    scene.world.fails_over_to(&standby);
    scene.gate.lead_to(SocketAddr::new(THERE, standby.port()));
    agent.says(200, "Postgres Healthy", LIMIT).await;
    scene.recovers().await;
    unnoticed(&agent, 1, "refresh (FailedOver)").await;
    eventually(LIMIT, "every session to lead there", async || {
        let addresses = sessions(&scene, "serverAddress").await;
        match addresses == [THERE.to_string()].into() {
            true => Ok(()),
            false => Err(format!("{addresses:?}")),
        }
    })
    .await;
    assert_eq!(begun(&agent), ["refresh (FailedOver)"]);
    no_statement_fails(&scene).await;
    scene.ends_well().await;
}
