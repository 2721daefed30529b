//! The gate does what it says, seen from a client's side of the socket and from a session's.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::time::Duration;

use sabai_tests::gate::{Fault, Gate, IdleEnd, Tls, Way};
use sabai_tests::postgres::{self, Database, Postgres};
use sabai_tests::wait::eventually;
use sabai_wire::dial::{Dialer, SocketOptions, Target};
use sabai_wire::fault as wire;
use sabai_wire::link::{Credentials, End, Link, Session};
use sabai_wire::trust::Roots;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

const LIMIT: Duration = Duration::from_secs(10);
/// Long enough for what comes on this machine to have come.
const SILENCE: Duration = Duration::from_millis(150);

/// A server that says back what it hears, and a gate before it.
async fn gate() -> Gate {
    Gate::start(echo().await).await.expect("a gate")
}

async fn echo() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("bound");
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (mut from, mut to) = stream.into_split();
                tokio::io::copy(&mut from, &mut to).await
            });
        }
    });
    address
}

async fn connect(gate: &Gate) -> TcpStream {
    let mut stream = TcpStream::connect(gate.addr()).await.expect("a listener");
    assert_eq!(said_back(&mut stream).await.expect("an answer"), *b"hello");
    stream
}

async fn said_back(stream: &mut TcpStream) -> io::Result<[u8; 5]> {
    let mut answer = [0; 5];
    stream.write_all(b"hello").await?;
    let read = timeout(LIMIT, stream.read_exact(&mut answer));
    read.await.map_err(|_| ErrorKind::TimedOut)??;
    Ok(answer)
}

async fn is_silent(stream: &mut TcpStream) -> bool {
    stream
        .write_all(b"hello")
        .await
        .expect("the kernel takes it");
    timeout(SILENCE, stream.read_u8()).await.is_err()
}

#[tokio::test]
async fn a_stall_is_silent_and_what_was_held_comes_when_it_heals() {
    let gate = gate().await;
    let mut stream = connect(&gate).await;
    gate.all(Fault::Stall).await;
    assert!(is_silent(&mut stream).await);
    let mut fresh = TcpStream::connect(gate.addr()).await.expect("accepted");
    assert!(is_silent(&mut fresh).await);
    gate.heal().await;
    for stream in [&mut stream, &mut fresh] {
        let mut held = [0; 5];
        stream.read_exact(&mut held).await.expect("what was held");
        assert_eq!(&held, b"hello");
    }
    let bytes: Vec<_> = gate
        .connections()
        .iter()
        .map(|connection| {
            (
                connection.bytes(Way::ToServer),
                connection.bytes(Way::ToClient),
            )
        })
        .collect();
    assert_eq!(bytes, [(10, 10), (5, 5)]);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn dropped_packets_are_not_acknowledged_and_syns_not_answered() {
    let gate = gate().await;
    let mut stream = connect(&gate).await;
    gate.all(Fault::Drop).await;
    assert!(is_silent(&mut stream).await);
    let fresh = timeout(SILENCE, TcpStream::connect(gate.addr())).await;
    assert!(fresh.is_err(), "{fresh:?}");
    let socket = socket2::SockRef::from(&stream);
    socket
        .set_tcp_user_timeout(Some(Duration::from_millis(300)))
        .expect("Linux");
    let given_up = timeout(LIMIT, stream.read_u8()).await.expect("in time");
    assert_eq!(given_up.expect_err("gone").kind(), ErrorKind::TimedOut);
    gate.heal().await;
    connect(&gate).await;
}

#[tokio::test]
async fn reset_close_and_refuse_look_so_to_the_client() {
    let gate = gate().await;
    let (mut reset, mut closed) = (connect(&gate).await, connect(&gate).await);
    let [first, second] = &gate.connections()[..] else {
        panic!("two connections")
    };
    first.inflict(Fault::Reset);
    second.inflict(Fault::Close);
    let error = reset.read_u8().await.expect_err("reset");
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    assert_eq!(closed.read(&mut [0]).await.expect("a FIN"), 0);
    gate.new_connections(Fault::Refuse).await;
    let error = TcpStream::connect(gate.addr()).await.expect_err("refused");
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    gate.heal().await;
    connect(&gate).await;
}

#[tokio::test]
async fn a_companion_meets_the_same_and_is_not_counted() {
    let gate = gate().await.with_companion().await.expect("a port");
    let companion = gate.companion().expect("it has one");
    let (mut ours, mut beside) = (connect(&gate).await, connect(companion).await);
    connect(companion).await;
    assert_eq!(
        (gate.connections().len(), gate.accepted(), gate.peak()),
        (1, 1, 1)
    );
    gate.existing(Fault::Stall);
    assert!(is_silent(&mut ours).await && is_silent(&mut beside).await);
    gate.new_connections(Fault::Refuse).await;
    for address in [gate.addr(), companion.addr()] {
        let error = TcpStream::connect(address).await.expect_err("refused");
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused, "{address}");
    }
    gate.heal().await;
    for stream in [&mut ours, &mut beside] {
        let mut held = [0; 5];
        stream.read_exact(&mut held).await.expect("what was held");
        assert_eq!(&held, b"hello");
    }
    gate.lead_to(SocketAddr::from(([127, 0, 0, 1], 9)));
    for address in [gate.addr(), companion.addr()] {
        let mut lost = TcpStream::connect(address).await.expect("accepted");
        assert!(lost.read_u8().await.is_err(), "nobody is there");
    }
}

#[tokio::test]
async fn a_cut_comes_after_so_many_bytes() {
    let gate = gate().await;
    let mut stream = connect(&gate).await;
    gate.existing(Fault::CutAfter(Way::ToClient, 2));
    stream.write_all(b"hello").await.expect("open");
    let mut answer = Vec::new();
    let end = stream.read_to_end(&mut answer).await;
    assert_eq!(end.expect_err("cut").kind(), ErrorKind::ConnectionReset);
    assert_eq!(answer, b"he");
}

#[tokio::test]
async fn a_connection_ends_that_is_idle_for_too_long_and_not_before() {
    let limit = Duration::from_millis(800);
    for end in [IdleEnd::Silent, IdleEnd::Reset, IdleEnd::Close] {
        let gate = gate().await;
        gate.new_connections(Fault::IdleTimeout(limit, end)).await;
        let mut stream = connect(&gate).await;
        let passing = gate.connections().remove(0);
        let idle_for = async |time: Duration| {
            eventually(LIMIT, "the connection to be idle", async || {
                match passing.idle_for() {
                    idle if idle >= time => Ok(()),
                    idle => Err(format!("{idle:?}")),
                }
            })
            .await;
        };
        // Together longer than the timeout.
        for _ in 0..3 {
            idle_for(limit / 2).await;
            said_back(&mut stream).await.expect("an answer");
        }
        match end {
            IdleEnd::Silent => {
                idle_for(limit + SILENCE).await;
                assert!(is_silent(&mut stream).await);
            }
            IdleEnd::Reset => {
                let error = stream.read_u8().await.expect_err("reset");
                assert_eq!(error.kind(), ErrorKind::ConnectionReset);
            }
            IdleEnd::Close => assert_eq!(stream.read(&mut [0]).await.expect("a FIN"), 0),
        }
        assert!(passing.idle_for() >= limit, "{end:?}");
        // Only what was idle.
        connect(&gate).await;
    }
}

#[tokio::test]
async fn answers_are_swallowed_or_late_and_a_failover_leads_elsewhere() {
    let gate = gate().await;
    let mut stream = connect(&gate).await;
    gate.existing(Fault::SwallowAnswers);
    assert!(is_silent(&mut stream).await);
    let passed = &gate.connections()[0];
    eventually(LIMIT, "the question to pass", async || {
        match passed.bytes(Way::ToServer) {
            10 => Ok(()),
            bytes => Err(bytes),
        }
    })
    .await;
    gate.existing(Fault::Delay(SILENCE));
    assert!(is_silent(&mut stream).await, "each piece is late");
    let other = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    gate.lead_to(other.local_addr().expect("bound"));
    let _moved = TcpStream::connect(gate.addr()).await.expect("accepted");
    timeout(LIMIT, other.accept())
        .await
        .expect("led here")
        .expect("accepted");
}

#[tokio::test]
async fn an_ssl_request_is_answered_as_told() {
    let gate = gate().await;
    gate.new_connections(Fault::AnswerSslRequest(b"N")).await;
    let mut stream = TcpStream::connect(gate.addr()).await.expect("accepted");
    stream
        .write_all(&postgres::SSL_REQUEST)
        .await
        .expect("open");
    assert_eq!(stream.read_u8().await.expect("an answer"), b'N');
}

#[tokio::test]
async fn sessions_pass_and_a_close_notify_is_one() {
    let postgres = Postgres::start(postgres::Options::default())
        .await
        .expect("Postgres starts");
    for (tls, end, fault) in [
        (Tls::Passed, Fault::Close, wire::Fault::ClosedAbruptly),
        (
            Tls::Terminated,
            Fault::CloseNotify,
            wire::Fault::ClosedByPeer,
        ),
        (Tls::Terminated, Fault::Close, wire::Fault::ClosedAbruptly),
        (Tls::Terminated, Fault::Reset, wire::Fault::ConnectionReset),
    ] {
        let gate = Gate::before(&postgres, tls).await.expect("a gate");
        let link = link(&gate.database(&postgres.database())).await;
        gate.existing(end);
        let ended = timeout(LIMIT, link.ended()).await.expect("an end");
        assert_eq!(ended, End::Lost(fault), "{tls:?} {end:?}");
        assert_eq!(gate.accepted(), 1);
    }
}

async fn link(database: &Database) -> Link {
    let target = Target {
        host: database.host.clone(),
        port: database.port,
        roots: Roots::File(database.root_certificate.clone()),
        identity: None,
        nameserver: None,
    };
    let who = Credentials {
        user: database.user.clone(),
        database: database.name.clone(),
        password: Some(database.password.clone().into_bytes()),
    };
    let session = Session {
        generation: 1,
        application_name: "sabai/test".to_owned(),
        statement_timeout: LIMIT,
        connect_timeout: LIMIT,
        socket: SocketOptions {
            keepalive_idle: LIMIT,
            keepalive_interval: LIMIT,
            keepalive_count: 3,
            unacknowledged_timeout: LIMIT,
        },
    };
    let opened = Box::pin(Link::open(&Dialer::new(target), &who, &session)).await;
    opened.expect("a session")
}
