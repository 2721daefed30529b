//! An open session: what is known of it, statements within their deadlines, and the truth about how it ended.

use std::time::Duration;

use sabai_tests::postgres::Session;
use sabai_tests::wait::eventually;
use sabai_wire::fault::Fault;
use sabai_wire::link::{End, Statement};
use sabai_wire::stage::Stage;
use tokio::time::Instant;

use super::scene::{link, postgres};

const SLEEP: Statement = Statement {
    name: "test.sleep",
    sql: "/* test.sleep */ select pg_sleep($1::float8)",
};
const ONE: Statement = Statement {
    name: "test.one",
    sql: "/* test.one */ select 1",
};
const FAIL: Statement = Statement {
    name: "test.fail",
    sql: "/* test.fail */ select 1 / $1::int4",
};
const PLANNED: Statement = Statement {
    name: "test.planned",
    sql: "/* test.planned */ select split_part(statement, ' ', 2) as name, generic_plans
        from pg_prepared_statements order by name",
};
const LIMIT: Duration = Duration::from_secs(10);

#[tokio::test]
async fn a_session_knows_its_stages_its_backend_and_its_certificate() {
    let postgres = postgres().await;
    let link = link(&postgres.database()).await;
    let facts = link.facts();
    let stages: Vec<Stage> = facts.passed.iter().map(|passed| passed.stage).collect();
    assert_eq!(
        stages,
        [
            Stage::Dns,
            Stage::Tcp,
            Stage::SslRequest,
            Stage::Tls,
            Stage::Auth,
            Stage::Query
        ]
    );
    assert!(
        facts.certificate.names.contains(&"localhost".to_owned()),
        "{:?}",
        facts.certificate
    );
    assert_eq!(facts.certificate.protocol, "TLSv1.3");
    assert_eq!(facts.certificate.sha256.len(), 64);
    let superuser = postgres.superuser().await.expect("a look inside");
    let sql = "select application_name, ssl from pg_stat_activity join pg_stat_ssl using (pid) where pid = $1";
    let row = superuser
        .query_one(sql, &[&facts.backend_pid])
        .await
        .expect("our backend is there");
    assert_eq!(
        (row.get::<_, &str>(0), row.get::<_, bool>(1)),
        ("sabai/test", true)
    );
}

#[tokio::test]
async fn a_statement_ends_by_its_deadline_and_leaves_the_session_unquiet() {
    let postgres = postgres().await;
    let link = link(&postgres.database()).await;
    assert!(link.is_quiet());
    let deadline = Instant::now() + Duration::from_millis(100);
    let error = link
        .query(&SLEEP, &[&3.0_f64], deadline)
        .await
        .expect_err("too slow");
    assert_eq!(error.fault, Fault::Silent);
    assert!(!link.is_quiet(), "the statement still runs at the server");
    assert!(link.close(LIMIT).await, "its end is seen");
}

#[tokio::test]
async fn what_one_session_has_run_another_has_planned_before_its_first_user() {
    let postgres = postgres().await;
    let (used, fresh) = (
        link(&postgres.database()).await,
        link(&postgres.database()).await,
    );
    let deadline = Instant::now() + LIMIT;
    used.query(&SLEEP, &[&0.0_f64], deadline)
        .await
        .expect("ran");
    used.query(&ONE, &[], deadline).await.expect("ran");
    let prepared = fresh.prepare(&used.statements(), deadline).await;
    prepared.expect("prepared, and nothing was run");
    let rows = fresh.query(&PLANNED, &[], deadline).await.expect("a look");
    let plans: Vec<(&str, i64)> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
    let expected = [("test.one", 1), ("test.planned", 1), ("test.sleep", 1)];
    assert_eq!(plans, expected, "once each, before any use");
    assert!(fresh.is_quiet());
}

#[tokio::test]
async fn an_error_of_postgres_leaves_the_session_quiet_and_an_open_transaction_does_not() {
    let postgres = postgres().await;
    let link = link(&postgres.database()).await;
    let error = link
        .query(&FAIL, &[&0_i32], Instant::now() + LIMIT)
        .await
        .expect_err("division by zero");
    assert_eq!(error.fault, Fault::DataRefused);
    assert_eq!(
        error.detail, "SQLSTATE 22012, constraint none",
        "no data in it"
    );
    assert!(link.is_quiet());
    link.query(&ONE, &[], Instant::now() + LIMIT)
        .await
        .expect("usable");
    link.batch("test.begin", "begin", Instant::now() + LIMIT)
        .await
        .expect("begun");
    assert!(!link.is_quiet(), "a transaction is open");
}

/// Waits until the backend sleeps.
async fn asleep(superuser: &Session, backend_pid: i32) {
    let sql = "select wait_event from pg_stat_activity where pid = $1";
    eventually(LIMIT, "the backend to sleep", async || {
        let row = superuser.query_one(sql, &[&backend_pid]).await;
        let waits: Option<String> = row.map_err(|error| error.to_string())?.get(0);
        match waits.as_deref() {
            Some("PgSleep") => Ok(()),
            other => Err(format!("it waits for {other:?}")),
        }
    })
    .await;
}

#[tokio::test]
async fn a_session_says_by_whom_it_was_ended() {
    let postgres = postgres().await;
    let database = postgres.database();
    let superuser = postgres.superuser().await.expect("a look inside");
    let ours = link(&database).await;
    let sql = "select pg_terminate_backend($1)";
    superuser
        .execute(sql, &[&ours.facts().backend_pid])
        .await
        .expect("terminated");
    assert_eq!(ours.ended().await, End::Lost(Fault::Terminated));
    let error = ours
        .query(&ONE, &[], Instant::now() + LIMIT)
        .await
        .expect_err("gone");
    assert_eq!(error.fault, Fault::Terminated, "{error}");

    let ours = link(&database).await;
    let running = ours.query(&SLEEP, &[&5.0_f64], Instant::now() + LIMIT);
    // While it still reads the statement, a backend tells the end of its postmaster as one by an administrator.
    let killed = async {
        asleep(&superuser, ours.facts().backend_pid).await;
        postgres.kill().await;
    };
    let (outcome, ()) = tokio::join!(running, killed);
    let fault = outcome.expect_err("the server was killed").fault;
    // A backend that notices the death of its postmaster before its own still says goodbye.
    let severed = [
        Fault::ConnectionReset,
        Fault::ClosedAbruptly,
        Fault::ClosedByPeer,
    ];
    assert!(severed.contains(&fault), "{fault}");
}

#[tokio::test]
async fn closing_waits_for_the_backend_to_go() {
    let postgres = postgres().await;
    let ours = link(&postgres.database()).await;
    let pid = ours.facts().backend_pid;
    assert!(ours.close(LIMIT).await, "the end is seen");
    let superuser = postgres.superuser().await.expect("a look inside");
    let sql = "select count(*) from pg_stat_activity where pid = $1";
    let left: i64 = superuser
        .query_one(sql, &[&pid])
        .await
        .expect("counted")
        .get(0);
    assert_eq!(left, 0, "the backend has gone before close returns");
}
