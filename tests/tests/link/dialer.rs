//! Opening a session: every stage's fault by name, and never a session that is not what was asked for.

use std::path::PathBuf;
use std::time::SystemTime;

use sabai_tests::postgres::Stop;
use sabai_tests::postgres::certificates::Presents;
use sabai_wire::dial::Target;
use sabai_wire::fault::Fault;
use sabai_wire::link::Credentials;
use sabai_wire::stage::Stage;
use sabai_wire::trust::Roots;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::scene::{credentials, link, postgres, refused, target};

#[tokio::test]
async fn each_bad_certificate_is_named_with_what_was_presented_and_plaintext_is_never_used() {
    let postgres = postgres().await;
    let database = postgres.database();
    let table = [
        (
            Presents::Untrusted,
            Fault::CertificateUntrusted,
            "issuer CN=somebody else's authority",
        ),
        (
            Presents::WrongName,
            Fault::CertificateWrongName,
            "names [elsewhere.example]",
        ),
        (
            Presents::Expired,
            Fault::CertificateExpired,
            "valid from 2020-01-01T00:00:00Z until 2021-01-01T00:00:00Z",
        ),
    ];
    let ca = database.root_certificate.display();
    let host = &database.host;
    let expected = format!("; expected: {host}, issued by the CA in PGSSLROOTCERT ({ca})");
    for (presents, fault, presented) in table {
        postgres.present(presents).await.expect("a new certificate");
        let error = refused(target(&database), &credentials(&database)).await;
        assert_eq!(
            (error.stage, error.fault),
            (Stage::Tls, fault),
            "{presents:?}: {error}"
        );
        let detail = &error.detail;
        assert!(detail.contains(presented), "{detail} lacks {presented}");
        assert!(detail.contains(&expected), "{detail} lacks {expected}");
        let facts = error.certificate.as_ref().expect("it was presented");
        assert!(detail.contains(&facts.sha256[..16]), "{detail}");
        assert_eq!(facts.subject, "CN=sabai test server");
        assert!(facts.not_before < facts.not_after, "{facts:?}");
        let stages = error.passed.iter().map(|passed| passed.stage);
        let before = [Stage::Dns, Stage::Tcp, Stage::SslRequest];
        assert!(stages.eq(before), "the stages before it");
        assert!(error.reached.peer().is_some(), "who presented it");
    }
    let plaintext = postgres.present(Presents::Plaintext).await;
    plaintext.expect("no certificate");
    let error = refused(target(&database), &credentials(&database)).await;
    let outcome = (error.stage, error.fault);
    let expected = (Stage::SslRequest, Fault::TlsNotOffered);
    assert_eq!(outcome, expected, "{error}");
    assert_eq!(error.certificate, None);
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
    let server = error.server.expect("it said who it is");
    assert_eq!((server.in_recovery, server.read_only), (false, true));
    let started: (SystemTime, String) = {
        let sql = "select pg_postmaster_start_time(), current_setting('server_version_num')";
        let row = superuser.query_one(sql, &[]).await.expect("told");
        (row.get(0), row.get(1))
    };
    assert_eq!((server.start, server.version.to_string()), started);
    let verified = error.certificate.expect("TLS was passed");
    assert_eq!(verified.protocol, "TLSv1.3");
}
