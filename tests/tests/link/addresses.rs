//! A name with several addresses: each that was tried is told, with its own fault and its own time. All of
//! 127.0.0.0/8 is this machine on Linux.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use sabai_tests::gate::{self, Gate};
use sabai_tests::names::Names;
use sabai_tests::postgres::certificates::NAME;
use sabai_wire::dial::{Dialer, Reached, Target};
use sabai_wire::fault::Fault;
use sabai_wire::link::{Link, Session};
use sabai_wire::stage::Stage;

use super::scene::{credentials, open, postgres, refused, session, target};

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
/// Nobody listens there.
const EMPTY: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 3));
/// Whoever asks there is not answered.
const SILENT: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));

/// A gate from which nothing comes back, on the port of the server.
async fn silent(port: u16) -> Gate {
    let (at, server) = (SocketAddr::new(SILENT, port), SocketAddr::new(HERE, port));
    let gate = Gate::start_at(at, server).await.expect("an address");
    gate.new_connections(gate::Fault::Drop).await;
    gate
}

async fn named(addresses: &[IpAddr]) -> Names {
    let names = Names::start().await.expect("a name server");
    names.set(NAME, addresses);
    names
}

/// The addresses that were tried, and how each failed.
fn tried(reached: &Reached) -> Vec<(IpAddr, Option<Fault>)> {
    let attempts = reached.attempts.iter();
    attempts
        .map(|one| {
            let fault = one.refusal.as_ref().map(|refusal| refusal.fault);
            (one.address.ip(), fault)
        })
        .collect()
}

#[tokio::test]
async fn each_address_that_was_tried_is_told_whether_or_not_one_answers() {
    let postgres = postgres().await;
    let database = postgres.database();
    let _gate = silent(database.port).await;
    let names = named(&[EMPTY, SILENT, HERE]).await;
    let by_name = Target {
        host: NAME.to_owned(),
        nameserver: Some(names.addr()),
        ..target(&database)
    };
    let who = credentials(&database);

    let link = open(by_name.clone(), &who).await.expect("a session");
    let reached = &link.facts().reached;
    let failed = [
        (EMPTY, Some(Fault::Refused)),
        (SILENT, Some(Fault::TimedOut)),
    ];
    let all = [failed[0], failed[1], (HERE, None)];
    assert_eq!(tried(reached), all);
    assert_eq!(reached.addresses.len(), 3);
    assert_eq!((&*reached.host, reached.port), (NAME, database.port));
    assert_eq!(reached.peer(), Some(link.facts().peer));
    let waited = reached.attempts[1].took;
    assert!(waited >= Stage::Tcp.limit() / 3, "its share: {waited:?}");

    names.set(NAME, &[EMPTY, SILENT]);
    let error = refused(by_name.clone(), &who).await;
    let outcome = (error.stage, error.fault);
    assert_eq!(outcome, (Stage::Tcp, Fault::TimedOut), "{error}");
    assert_eq!(tried(&error.reached), failed);
    assert!(error.took >= Stage::Tcp.limit() / 2, "{:?}", error.took);

    // The time of the whole is up while one is being tried.
    let hasty = Session {
        connect_timeout: Duration::from_millis(200),
        ..session()
    };
    let dialer = Dialer::new(by_name);
    let opened = Box::pin(Link::open(&dialer, &who, &hasty)).await;
    let error = opened.err().expect("no time");
    assert_eq!(tried(&error.reached), failed, "{error}");
}
