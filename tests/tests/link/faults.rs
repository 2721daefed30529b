//! What Postgres itself says, by the word that every part decides by: the rows of the table of measured faults that are
//! an SQLSTATE. Those of dialing are in `dialer`, those of a broken connection in `session`.

use std::time::Duration;

use sabai_tests::gate::{Gate, Tls};
use sabai_wire::dial::Dialer;
use sabai_wire::fault::Fault;
use sabai_wire::link::{End, Link, Statement};
use sabai_wire::stage::Stage;
use tokio::time::{Instant, timeout};

use super::scene::{credentials, link, postgres, refused, session, target};

const LIMIT: Duration = Duration::from_secs(10);
const CACHED: Statement = Statement {
    name: "test.cached",
    sql: "select * from grows",
};
/// Raises whatever SQLSTATE it is given.
const RAISE: Statement = Statement {
    name: "test.raise",
    sql: "select raise($1)",
};
const RAISING: &str = "create function raise(code text) returns void language plpgsql as
    $$ begin raise exception 'as asked' using errcode = code; end $$";

async fn run(link: &Link, sql: &str) {
    let done = link.batch("test.batch", sql, Instant::now() + LIMIT).await;
    done.expect("a sound statement");
}

#[tokio::test]
async fn each_sqlstate_is_named_and_only_an_answered_session_is_kept() {
    let postgres = postgres().await;
    let asked = link(&postgres.database()).await;
    run(&asked, RAISING).await;
    let table = [
        ("57014", Fault::StatementTimeout, true),
        ("53100", Fault::DiskFull, true),
        ("53200", Fault::OutOfMemory, true),
        ("40001", Fault::SerializationFailed, true),
        ("40P01", Fault::Deadlock, true),
        ("55P03", Fault::LockTimeout, true),
        ("42501", Fault::PermissionDenied, true),
        ("42P01", Fault::SchemaBehind, true),
        ("23505", Fault::DataRefused, true),
        ("25006", Fault::ReadOnly, false),
        ("57P04", Fault::ReadOnly, false),
        ("0A000", Fault::StalePlan, false),
        ("57P03", Fault::ServerStarting, false),
        ("XX000", Fault::Unexpected, false),
    ];
    for (code, fault, kept) in table {
        let raised = asked.query(&RAISE, &[&code], Instant::now() + LIMIT).await;
        let error = raised.expect_err(code);
        assert_eq!(
            (error.fault, error.fault.keeps_session()),
            (fault, kept),
            "{code}"
        );
        if kept {
            assert!(asked.is_quiet(), "{code}: the answer is complete");
        }
    }
}

#[tokio::test]
async fn a_statement_that_outlived_a_migration_and_one_that_took_too_long_are_named() {
    let postgres = postgres().await;
    let database = postgres.database();
    let (session, other) = (link(&database).await, link(&database).await);
    run(&session, "create table grows (one int)").await;
    let query = async || session.query(&CACHED, &[], Instant::now() + LIMIT).await;
    query().await.expect("the table is there");
    run(&other, "alter table grows add column two int").await;
    assert_eq!(
        query().await.expect_err("an old plan").fault,
        Fault::StalePlan
    );

    run(&other, "set statement_timeout = '50ms'").await;
    let slow = other
        .batch("test.slow", "select pg_sleep(10)", Instant::now() + LIMIT)
        .await;
    assert_eq!(slow.expect_err("too slow").fault, Fault::StatementTimeout);
    assert!(other.is_quiet());
}

#[tokio::test]
async fn a_server_without_room_and_one_that_ends_who_rests_are_named() {
    let postgres = postgres().await;
    let database = postgres.database();
    let superuser = postgres.superuser().await.expect("Postgres is there");
    let set = async |sql: &str| {
        let sql = format!("alter role {} {sql}", database.user);
        superuser
            .batch_execute(&sql)
            .await
            .expect("a sound statement");
    };
    set("set idle_session_timeout = '100ms'").await;
    let resting = link(&database).await;
    let end = timeout(LIMIT, resting.ended())
        .await
        .expect("the server ends it");
    assert_eq!(end, End::Lost(Fault::IdleTerminated));
    set("connection limit 0").await;
    let error = refused(target(&database), &credentials(&database)).await;
    assert_eq!(
        (error.stage, error.fault),
        (Stage::Auth, Fault::TooManyConnections)
    );
}

/// Through a gate that loses packets: the kernel gives the session up, and a new one is not had.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn packets_that_vanish_are_named_in_flight_and_at_dialing() {
    let postgres = postgres().await;
    let gate = Gate::before(&postgres, Tls::Passed).await.expect("a gate");
    let database = gate.database(&postgres.database());
    let mut impatient = session();
    impatient.socket.unacknowledged_timeout = Duration::from_secs(1);
    let dialer = Dialer::new(target(&database));
    let who = credentials(&database);
    let lost = Box::pin(Link::open(&dialer, &who, &impatient)).await;
    let lost = lost.expect("a session");
    gate.all(sabai_tests::gate::Fault::Drop).await;
    let sent = lost
        .batch("test.lost", "select 1", Instant::now() + LIMIT)
        .await;
    assert_eq!(
        sent.expect_err("nobody has it").fault,
        Fault::Unacknowledged
    );
    let error = Box::pin(Link::open(&dialer, &who, &impatient)).await;
    let error = error.err().expect("nobody answers");
    assert_eq!((error.stage, error.fault), (Stage::Tcp, Fault::TimedOut));
}

/// Acknowledged and never answered: only a deadline of ours ends it.
#[tokio::test]
async fn a_peer_that_stalls_is_named_by_the_deadline_of_the_statement_and_of_the_stage() {
    let postgres = postgres().await;
    let gate = Gate::before(&postgres, Tls::Passed).await.expect("a gate");
    let database = gate.database(&postgres.database());
    let stalled = link(&database).await;
    gate.all(sabai_tests::gate::Fault::Stall).await;
    let soon = Instant::now() + Duration::from_millis(300);
    let sent = stalled.batch("test.stalled", "select 1", soon).await;
    assert_eq!(sent.expect_err("nobody answers").fault, Fault::Silent);
    let error = refused(target(&database), &credentials(&database)).await;
    assert_eq!(
        (error.stage, error.fault),
        (Stage::SslRequest, Fault::TimedOut)
    );
}
