//! A failover as operators of Postgres know it: a standby that has every commit becomes the primary, and the way to
//! Postgres leads to it. A bot that is told so by a statement that fails helps itself; one at rest is told by the agent.

#![cfg(target_os = "linux")]

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use sabai_tests::agent::Agent;
use sabai_tests::postgres::Postgres;
use sabai_tests::scene::{LIMIT, SOME, Scene, server, setup};
use sabai_tests::wait::eventually;

use crate::asking::{NOTICED, begun, no_statement_fails, sessions, unnoticed};

/// Another machine's address, which on Linux is this one's too.
const THERE: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));

/// A bot and an agent that see no more of a failover than the way to Postgres.
struct Failover {
    old: Arc<Postgres>,
    standby: Arc<Postgres>,
    scene: Scene,
    agent: Agent,
}

impl Failover {
    async fn prepared() -> Self {
        let old = server(&[]).await;
        let scene = setup().on(&old).renewed_for(&["FailedOver"]).start().await;
        let standby = old.standby(THERE).await.expect("a standby");
        let agent = scene.agent(&[]).await;
        agent.says(200, "Postgres Healthy", LIMIT).await;
        Self {
            old,
            standby,
            scene,
            agent,
        }
    }

    /// The standby is the primary, and every new session is led to it.
    async fn happens(&self) {
        self.standby.promote().await.expect("a primary");
        self.scene.world.fails_over_to(&self.standby);
        let there = SocketAddr::new(THERE, self.standby.port());
        self.scene.gate.lead_to(there);
    }

    async fn ends_well(self) {
        let there = BTreeSet::from([THERE.to_string()]);
        eventually(
            LIMIT,
            "every session to lead there",
            async || match sessions(&self.scene, "serverAddress").await {
                addresses if addresses == there => Ok(()),
                addresses => Err(format!("{addresses:?}")),
            },
        )
        .await;
        self.scene.recovers().await;
        no_statement_fails(&self.scene).await;
        self.scene.ends_well().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_old_primary_takes_no_writes() {
    let failover = Failover::prepared().await;
    let read_only = "default_transaction_read_only";
    let fenced = failover.old.set(read_only, Some("on")).await;
    fenced.expect("reloads");
    let agent = &failover.agent;
    agent.says(200, "ReadOnly at Query", NOTICED).await;
    failover.scene.answers(SOME).await;
    assert_eq!(begun(agent), [""; 0], "nothing is recycled meanwhile");
    failover.happens().await;
    agent.says(200, "Postgres Healthy", LIMIT).await;
    // The bot has seen it by each session that it used.
    assert!(begun(agent).len() <= 1, "{:?}", begun(agent));
    failover.ends_well().await;
}

/// No statement fails, since none is made: nothing but the agent sees that the sessions lead to the wrong server.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_bot_s_sessions_rest_on_the_old_primary() {
    let failover = Failover::prepared().await;
    failover.scene.rests().await;
    failover.happens().await;
    unnoticed(&failover.agent, 1, "refresh (FailedOver)").await;
    assert_eq!(begun(&failover.agent), ["refresh (FailedOver)"]);
    failover.scene.wakes();
    failover.ends_well().await;
}
