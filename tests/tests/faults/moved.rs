//! Row 11: the primary is the primary no more, and its name moves to another server.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use sabai_tests::gate::{Fault, Gate};
use sabai_tests::names::{Answers, Names};
use sabai_tests::postgres::certificates::NAME;
use sabai_tests::wait::eventually;

use sabai_tests::scene::{LIMIT, SOME, Scene, server, setup};

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// Another machine's address, which on Linux is this one's too.
#[cfg(target_os = "linux")]
const THERE: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));

async fn named() -> Names {
    let names = Names::start().await.expect("a name server");
    names.set(NAME, &[HERE]);
    names
}

/// No session stays glued to a server that takes no writes.
async fn all_leave(scene: &Scene) {
    let before = scene.gate.connections();
    scene.names("ReadOnly").await;
    eventually(
        LIMIT,
        "the old sessions to be closed",
        async || match before.iter().filter(|one| one.is_open()).count() {
            0 => Ok(()),
            open => Err(format!("{open} of {} are open", before.len())),
        },
    )
    .await;
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_primary_becomes_read_only_and_the_name_moves_to_the_new_one() {
    let (server, names) = (server(&[]).await, named().await);
    let setup = setup()
        .on(&server)
        .env("PGHOST", NAME)
        .env("SABAI_NAMESERVER", names.addr().to_string())
        .renewed_for(&["AddressChanged"]);
    let scene = setup.start().await;
    let read_only = "default_transaction_read_only";
    server.set(read_only, Some("on")).await.expect("reloads");
    all_leave(&scene).await;
    scene.answers(SOME).await;
    // The old one is gone, and the same data are served elsewhere.
    let data = SocketAddr::new(HERE, scene.world.database.port);
    let there = async |here: &Gate| {
        let elsewhere = SocketAddr::new(THERE, here.addr().port());
        Gate::start_at(elsewhere, data).await.expect("an address")
    };
    let promoted = there(&scene.gate).await;
    let _for_the_agent = there(scene.gate.companion().expect("one")).await;
    scene.gate.all(Fault::Refuse).await;
    scene.gate.existing(Fault::Reset);
    server.set(read_only, None).await.expect("reloads");
    names.set(NAME, &[THERE]);
    scene.recovers().await;
    assert!(promoted.accepted() > 0, "the sessions are there");
    assert!(scene.gate.connections().is_empty(), "and none is here");
    scene.ends_well().await;
}

/// The old primary is the primary again: the sessions need no restart.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_primary_becomes_read_only_for_a_while() {
    let server = server(&[]).await;
    let scene = setup().on(&server).start().await;
    let read_only = "default_transaction_read_only";
    server.set(read_only, Some("on")).await.expect("reloads");
    all_leave(&scene).await;
    scene.answers(SOME).await;
    server.set(read_only, None).await.expect("reloads");
    scene.recovers().await;
    scene.ends_well().await;
}

/// Sessions that exist need no name.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_name_server_refuses_fails_forgets_or_says_nothing() {
    let names = named().await;
    let setup = setup()
        .env("PGHOST", NAME)
        .env("SABAI_NAMESERVER", names.addr().to_string());
    let scene = setup.start().await;
    for answers in [
        Answers::Refused,
        Answers::Failing,
        Answers::Unknown,
        Answers::Silent,
    ] {
        names.answer(answers);
        scene.answers(SOME / 4).await;
        scene.gate.existing(Fault::Reset);
        let accepted = scene.gate.accepted();
        scene.answers(SOME / 2).await;
        assert_eq!(scene.gate.accepted(), accepted, "nobody knows where to");
        names.answer(Answers::Truly);
        eventually(LIMIT, "a new session", async || {
            match scene.gate.accepted() > accepted {
                true => Ok(()),
                false => Err(format!("{answers:?}, {} questions", names.asked())),
            }
        })
        .await;
        scene.recovers().await;
    }
    scene.names("NameNotResolved").await;
    scene.ends_well().await;
}
