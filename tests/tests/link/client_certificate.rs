//! A server that wants to see who comes: a session is opened with our certificate alone, and with no other.

use std::fs;
use std::sync::Arc;

use sabai_tests::postgres::Postgres;
use sabai_tests::postgres::certificates::{Authority, Identity};
use sabai_wire::dial::Target;
use sabai_wire::fault::Fault;
use sabai_wire::link::Credentials;
use sabai_wire::stage::Stage;
use sabai_wire::trust::ClientIdentity;
use tempfile::TempDir;

use super::scene::{credentials, open, postgres, refused, target};

const LIMIT: std::time::Duration = std::time::Duration::from_secs(10);

const LOGINS: &str = "local all postgres trust\nhostssl all all all cert\n";

/// A server that logs nobody in without a certificate of the same name.
async fn demanding() -> Arc<Postgres> {
    let postgres = postgres().await;
    let logins = postgres.folder().join("data/pg_hba.conf");
    fs::write(&logins, LOGINS).expect("the server's own folder");
    let inside = postgres.superuser().await.expect("up");
    let reload = "SELECT pg_reload_conf()";
    inside.batch_execute(reload).await.expect("it reloads");
    postgres
}

/// Where the files lie, as long as the folder lives.
fn with(identity: &Identity, mut target: Target) -> (TempDir, Target) {
    let folder = TempDir::new().expect("a folder");
    let (certificate, key) = (folder.path().join("crt"), folder.path().join("key"));
    fs::write(&certificate, &identity.certificate).expect("writable");
    fs::write(&key, &identity.key).expect("writable");
    target.identity = Some(ClientIdentity { certificate, key });
    (folder, target)
}

#[tokio::test]
async fn our_own_certificate_logs_in_without_a_password_and_no_other_does() {
    let postgres = demanding().await;
    let database = postgres.database();
    let who = Credentials {
        password: None,
        ..credentials(&database)
    };
    let ours = postgres.authority().client(&database.user).expect("signed");
    let (_files, known) = with(&ours, target(&database));
    // The reload is on its way; nobody is let in by certificate before it.
    sabai_tests::wait::eventually(LIMIT, "the new logins", async || {
        let link = open(known.clone(), &who).await;
        link.map(drop).map_err(|error| error.to_string())
    })
    .await;

    let none = refused(target(&database), &credentials(&database)).await;
    assert_eq!((none.stage, none.fault), (Stage::Auth, Fault::RoleRejected));
    let another = postgres.authority().client("another").expect("signed");
    let (_files, another) = with(&another, target(&database));
    let another = refused(another, &who).await;
    assert_eq!(another.fault, Fault::RoleRejected, "{another}");
    let stranger = Authority::new("another authority").expect("an authority");
    let foreign = stranger.client(&database.user).expect("signed");
    let (_files, foreign) = with(&foreign, target(&database));
    let foreign = refused(foreign, &who).await;
    assert_eq!(foreign.fault, Fault::ClientCertificateRefused, "{foreign}");
}
