//! The name leads elsewhere: to another address of the same server, or to the machine that has become the primary.

#![cfg(target_os = "linux")]

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use sabai_tests::agent::Agent;
use sabai_tests::gate::{Fault, Gate};
use sabai_tests::names::Names;
use sabai_tests::postgres::Stop;
use sabai_tests::postgres::certificates::NAME;
use sabai_tests::scene::{LIMIT, SOME, Scene, server, setup};
use sabai_tests::wait::eventually;

use crate::asking::{begun, failures, no_statement_fails, sessions, tells, unnoticed};

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
/// Another machine's address, which on Linux is this one's too.
const THERE: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));

/// A bot that knows its server by name, an agent with gates of its own, and the way of each to the other machine.
struct Moving {
    names: Names,
    scene: Scene,
    agent: Agent,
    /// The agent's way to the first machine.
    aside: Gate,
    /// The bot's and the agent's way to the second; they lead to the first until told otherwise.
    there: [Gate; 2],
}

impl Moving {
    async fn on(server: &std::sync::Arc<sabai_tests::postgres::Postgres>) -> Self {
        let names = Names::start().await.expect("a name server");
        names.set(NAME, &[HERE]);
        let setup = setup()
            .on(server)
            .env("PGHOST", NAME)
            .env("SABAI_NAMESERVER", names.addr().to_string());
        let scene = setup.start().await;
        let data = SocketAddr::new(HERE, scene.world.database.port);
        let aside = Gate::start(data).await.expect("a port");
        let there = async |gate: &Gate| {
            let address = SocketAddr::new(THERE, gate.addr().port());
            Gate::start_at(address, data).await.expect("an address")
        };
        let there = [there(&scene.gate).await, there(&aside).await];
        let port = aside.addr().port().to_string();
        let agent = scene.agent(&[("PGPORT", &port)]).await;
        agent.says(200, "Postgres Healthy", LIMIT).await;
        Self {
            names,
            scene,
            agent,
            aside,
            there,
        }
    }

    /// The first machine is there no more.
    async fn here_goes(&self) {
        for gate in [&self.scene.gate, &self.aside] {
            gate.new_connections(Fault::Refuse).await;
            gate.existing(Fault::Reset);
        }
    }

    /// Every session leads to the second machine, and stays.
    async fn all_are_there(&self) {
        eventually(LIMIT, "the sessions to be there", async || {
            let peers = sessions(&self.scene, "peer").await;
            let there = THERE.to_string();
            match !peers.is_empty() && peers.iter().all(|peer| peer.starts_with(&there)) {
                true => Ok(()),
                false => Err(format!("{peers:?}")),
            }
        })
        .await;
        assert!(self.scene.gate.connections().is_empty(), "none is here");
        no_statement_fails(&self.scene).await;
    }
}

/// Both ways work: nothing but the name says that the sessions are where they should not be.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_name_moves_and_the_old_way_still_works() {
    let moving = Moving::on(&server(&[]).await).await;
    moving.names.set(NAME, &[THERE]);
    unnoticed(&moving.agent, 1, "refresh (AddressChanged)").await;
    moving.all_are_there().await;
    moving.scene.answers(2 * SOME).await;
    assert_eq!(begun(&moving.agent), ["refresh (AddressChanged)"]);
    moving.scene.never_spooled().await;
    moving.scene.ends_well().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_primary_becomes_read_only_and_the_name_moves_to_the_new_one() {
    let server = server(&[]).await;
    let moving = Moving::on(&server).await;
    let read_only = "default_transaction_read_only";
    server.set(read_only, Some("on")).await.expect("reloads");
    moving.agent.says(200, "ReadOnly at Query", LIMIT).await;
    tells(&moving.agent, "the path to Postgres is Degraded").await;
    moving.scene.answers(SOME).await;
    moving.here_goes().await;
    server.set(read_only, None).await.expect("reloads");
    moving.names.set(NAME, &[THERE]);
    moving.scene.recovers().await;
    moving.agent.says(200, "Postgres Healthy", LIMIT).await;
    assert!(failures(&moving.agent, "Query", "ReadOnly").await > 0.0);
    moving.all_are_there().await;
    assert!(
        begun(&moving.agent).len() <= 1,
        "{:?}",
        begun(&moving.agent)
    );
    moving.scene.ends_well().await;
}

/// The machine dies, and another one serves the same data, with an address of its own.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_primary_dies_and_another_machine_serves_the_same_data() {
    let server = server(&[("listen_addresses", "127.0.0.1,127.0.0.2")]).await;
    let moving = Moving::on(&server).await;
    let before = sessions(&moving.scene, "serverStart").await;
    moving.here_goes().await;
    server.stop(Stop::Immediate).await.expect("it stops");
    moving.agent.says(200, "Refused at TCP", LIMIT).await;
    moving.scene.answers(SOME).await;
    let elsewhere = SocketAddr::new(THERE, moving.scene.world.database.port);
    moving.there.iter().for_each(|gate| gate.lead_to(elsewhere));
    server.start_again().await.expect("it is promoted");
    moving.names.set(NAME, &[THERE]);
    moving.scene.recovers().await;
    moving.agent.says(200, "Postgres Healthy", LIMIT).await;
    moving.all_are_there().await;
    let addresses = sessions(&moving.scene, "serverAddress").await;
    assert_eq!(addresses, [THERE.to_string()].into());
    assert!(
        sessions(&moving.scene, "serverStart")
            .await
            .is_disjoint(&before)
    );
    assert!(
        begun(&moving.agent).len() <= 1,
        "{:?}",
        begun(&moving.agent)
    );
    moving.scene.ends_well().await;
}
