//! The dialer and the link of `sabai-wire` against a real Postgres: every stage's fault by name, statements within
//! their deadlines, and the truth about how a session ended.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use sabai_tests::postgres::certificates::Presents;
use sabai_tests::postgres::{Database, Options, Postgres, Stop};
use sabai_wire::dial::{DialError, Dialer, SocketOptions, Target};
use sabai_wire::fault::Fault;
use sabai_wire::link::{Credentials, End, Link, Session, Statement};
use sabai_wire::stage::Stage;
use sabai_wire::trust::Roots;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::time::Instant;

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
const LIMIT: Duration = Duration::from_secs(10);

async fn postgres() -> Arc<Postgres> {
    Postgres::start(Options::default())
        .await
        .expect("Postgres starts")
}

fn target(database: &Database) -> Target {
    Target {
        host: database.host.clone(),
        port: database.port,
        roots: Roots::File(database.root_certificate.clone()),
        identity: None,
        nameserver: None,
    }
}

fn credentials(database: &Database) -> Credentials {
    Credentials {
        user: database.user.clone(),
        database: database.name.clone(),
        password: Some(database.password.clone().into_bytes()),
    }
}

fn session() -> Session {
    Session {
        application_name: "sabai/test".to_owned(),
        statement_timeout: Duration::from_secs(5),
        connect_timeout: Duration::from_secs(2),
        socket: SocketOptions {
            keepalive_idle: Duration::from_secs(60),
            keepalive_interval: Duration::from_secs(10),
            keepalive_count: 3,
            unacknowledged_timeout: Duration::from_secs(30),
        },
    }
}

async fn open(target: Target, who: &Credentials) -> Result<Link, DialError> {
    Box::pin(Link::open(&Dialer::new(target), who, &session())).await
}

async fn link(database: &Database) -> Link {
    open(target(database), &credentials(database))
        .await
        .expect("a session")
}

async fn refused(target: Target, who: &Credentials) -> DialError {
    open(target, who).await.err().expect("refused")
}

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
async fn each_bad_certificate_is_named_with_what_was_presented_and_plaintext_is_never_used() {
    let postgres = postgres().await;
    let database = postgres.database();
    let table = [
        (Presents::Untrusted, Stage::Tls, Fault::CertificateUntrusted),
        (Presents::WrongName, Stage::Tls, Fault::CertificateWrongName),
        (Presents::Expired, Stage::Tls, Fault::CertificateExpired),
        (Presents::Plaintext, Stage::SslRequest, Fault::TlsNotOffered),
    ];
    for (presents, stage, fault) in table {
        postgres.present(presents).await.expect("a new certificate");
        let error = refused(target(&database), &credentials(&database)).await;
        assert_eq!(
            (error.stage, error.fault),
            (stage, fault),
            "{presents:?}: {error}"
        );
        let presented = error.certificate.is_some();
        assert_eq!(
            presented,
            presents != Presents::Plaintext,
            "{presents:?}: what was presented is told"
        );
    }
    postgres
        .present(Presents::Trusted)
        .await
        .expect("a good certificate");
    link(&database).await;
}

#[tokio::test]
async fn each_wrong_credential_and_broken_file_is_named() {
    let postgres = postgres().await;
    let database = postgres.database();
    let good = credentials(&database);
    let missing = Target {
        roots: Roots::File(PathBuf::from("/nonexistent/ca.crt")),
        ..target(&database)
    };
    let table = [
        (
            target(&database),
            Credentials {
                password: Some(b"wrong".to_vec()),
                ..good.clone()
            },
            Fault::PasswordRejected,
        ),
        (
            target(&database),
            Credentials {
                database: "none".to_owned(),
                ..good.clone()
            },
            Fault::DatabaseMissing,
        ),
        (missing, good.clone(), Fault::TrustFileBroken),
        (
            Target {
                host: "no-such-host.invalid".to_owned(),
                ..target(&database)
            },
            good,
            Fault::NameNotResolved,
        ),
    ];
    for (target, who, fault) in table {
        let error = refused(target, &who).await;
        assert_eq!(error.fault, fault, "{error}");
        assert!(
            !error.to_string().contains("wrong\""),
            "no password in {error}"
        );
    }
}

#[tokio::test]
async fn a_server_that_is_away_silent_or_no_postgres_is_named() {
    let postgres = postgres().await;
    let database = postgres.database();
    postgres.stop(Stop::Fast).await.expect("stops");
    let error = refused(target(&database), &credentials(&database)).await;
    assert_eq!(
        (error.stage, error.fault),
        (Stage::Tcp, Fault::Refused),
        "{error}"
    );

    for (answer, fault) in [(None, Fault::TimedOut), (Some(b'H'), Fault::ProtocolBroken)] {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("bound").port();
        let served = tokio::spawn(async move {
            let (mut tcp, _) = listener.accept().await.expect("a client");
            let mut request = [0; 8];
            tcp.read_exact(&mut request).await.expect("SSLRequest");
            if let Some(byte) = answer {
                tcp.write_all(&[byte]).await.expect("written");
            }
            // Held open until the client goes.
            let _ = tcp.read(&mut request).await;
        });
        let error = refused(
            Target {
                port,
                ..target(&database)
            },
            &credentials(&database),
        )
        .await;
        assert_eq!(
            (error.stage, error.fault),
            (Stage::SslRequest, fault),
            "{error}"
        );
        served.await.expect("the stand-in ends");
    }
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
    let killed = async {
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

#[tokio::test]
async fn a_read_only_server_is_refused() {
    let postgres = postgres().await;
    let superuser = postgres.superuser().await.expect("a look inside");
    let sql = "alter role sabai set default_transaction_read_only = on";
    superuser.execute(sql, &[]).await.expect("altered");
    let error = refused(
        target(&postgres.database()),
        &credentials(&postgres.database()),
    )
    .await;
    assert_eq!(
        (error.stage, error.fault),
        (Stage::Query, Fault::ReadOnly),
        "{error}"
    );
}
