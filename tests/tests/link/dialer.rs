//! Opening a session: every stage's fault by name, and never a session that is not what was asked for.

use std::path::PathBuf;

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
