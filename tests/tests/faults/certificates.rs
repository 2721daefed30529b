//! Rows 8 and 9: certificates that are rotated, and certificates that must be refused.

use std::collections::BTreeSet;

use sabai_tests::bot::sessions;
use sabai_tests::gate::Fault;
use sabai_tests::postgres::OWNER;
use sabai_tests::postgres::certificates::{Authority, Identity, NAMES, Presents};
use serde_json::json;
use tempfile::TempDir;

use sabai_tests::scene::{LIMIT, SOME, Scene, WARM, server, setup};

/// New sessions are refused by that name; those that exist go on. Then it heals.
async fn refused(presents: Presents, fault: &str) {
    let server = server(&[]).await;
    // The good one that it has in the end is another.
    let setup = setup()
        .on(&server)
        .renewed_only_for(&["CertificateChanged"]);
    let scene = setup.start().await;
    server.present(presents).await.expect("reloads");
    scene.loses_one(fault).await;
    // A refresh protects what works.
    let report = scene.refresh("Requested").await;
    assert_eq!(
        (&report["outcome"], &report["fault"]),
        (&json!("Stopped"), &json!(fault))
    );
    sessions::are_open(&scene.bot, WARM - 1, LIMIT).await;
    let plain = "SELECT count(*) FROM pg_stat_activity JOIN pg_stat_ssl USING (pid)
        WHERE datname = current_database() AND application_name LIKE 'sabai/%' AND NOT ssl";
    assert_eq!(scene.count(plain).await, 0);
    server.present(Presents::Trusted).await.expect("reloads");
    scene.recovers().await;
    scene.ends_well().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_expired_certificate() {
    refused(Presents::Expired, "CertificateExpired").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_for_another_name() {
    refused(Presents::WrongName, "CertificateWrongName").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_of_an_unknown_authority() {
    refused(Presents::Untrusted, "CertificateUntrusted").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_without_tls() {
    refused(Presents::Plaintext, "TlsNotOffered").await;
}

/// CVE-2021-23222: bytes that came before the handshake must never be read as the server's.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plaintext_byte_after_the_ssl_request() {
    let scene = setup().renewed_only_for(&[]).start().await;
    scene
        .gate
        .new_connections(Fault::AnswerSslRequest(b"SR"))
        .await;
    scene.loses_one("ProtocolBroken").await;
    scene.gate.heal().await;
    scene.recovers().await;
    scene.ends_well().await;
}

/// Every session is renewed and none of the old is left; nobody notices.
async fn all_new(scene: &Scene, reason: &str) {
    let before = scene.gate.connections();
    let report = scene.refresh(reason).await;
    assert_eq!(report["outcome"], "Completed", "{report}");
    assert_eq!(
        (&report["oldSessions"], &report["witness"]["older"]),
        (&json!(0), &json!(0))
    );
    assert_eq!(report["requestsFailed"], 0, "{report}");
    let left = before.iter().filter(|one| one.is_open()).count();
    assert_eq!(left, 0, "of {} old sessions: {report}", before.len());
    scene.answers(SOME / 4).await;
    for fault in ["CertificateUntrusted", "ClientCertificateRefused"] {
        assert_eq!(scene.met(fault).await, 0, "{fault}");
    }
    scene.never_spooled().await;
}

/// The certificates that sessions were made with, each once.
async fn certificates(scene: &Scene) -> BTreeSet<String> {
    let report = scene.report().await;
    let sessions = report["sessions"].as_array().expect("sessions");
    let hashes = sessions
        .iter()
        .filter_map(|session| session["certificateSha256"].as_str());
    hashes.map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_server_s_certificate_is_rotated() {
    let server = server(&[]).await;
    let setup = setup()
        .on(&server)
        .renewed_only_for(&["CertificateChanged"]);
    let scene = setup.start().await;
    let old = certificates(&scene).await;
    server.present(Presents::Trusted).await.expect("reloads");
    scene.answers(SOME / 2).await;
    all_new(&scene, "CertificateChanged").await;
    let new = certificates(&scene).await;
    assert_eq!(new.len(), 1, "{new:?}");
    assert!(old.is_disjoint(&new));
    scene.ends_well().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_authority_is_rotated_with_overlap() {
    let server = server(&[]).await;
    let files = TempDir::new().expect("a folder");
    let roots = files.path().join("ca.crt");
    let old = server.authority().pem();
    std::fs::write(&roots, &old).expect("writable");
    let path = roots.display().to_string();
    let setup = setup()
        .on(&server)
        .env("PGSSLROOTCERT", path)
        .renewed_only_for(&["CAChanged", "CertificateChanged"]);
    let scene = setup.start().await;
    let new = Authority::new("the next authority").expect("randomness");
    replace(&roots, &format!("{old}{}", new.pem()));
    all_new(&scene, "CAChanged").await;
    let identity = new.server(NAMES, false).expect("signed");
    server.present_identity(&identity).await.expect("reloads");
    all_new(&scene, "CAChanged").await;
    replace(&roots, &new.pem());
    all_new(&scene, "CAChanged").await;
    scene.ends_well().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn our_own_certificate_is_rotated() {
    let server = server(&[]).await;
    let files = TempDir::new().expect("a folder");
    let (certificate, key) = (files.path().join("crt"), files.path().join("key"));
    let write = |identity: &Identity| {
        replace(&key, &identity.key);
        replace(&certificate, &identity.certificate);
    };
    write(&server.authority().client(OWNER).expect("signed"));
    let scram = "hostssl all all all scram-sha-256 clientcert=verify-full\n";
    server.log_in_by(scram).await.expect("reloads");
    let setup = setup()
        .on(&server)
        .env("PGSSLCERT", certificate.display().to_string())
        .env("PGSSLKEY", key.display().to_string())
        .renewed_only_for(&["ClientCertificateChanged"]);
    let scene = setup.start().await;
    write(&server.authority().client(OWNER).expect("signed"));
    all_new(&scene, "Requested").await;
    // One that the server does not know: what exists goes on, and it is named.
    let stranger = Authority::new("somebody else's").expect("randomness");
    write(&stranger.client(OWNER).expect("signed"));
    scene.loses_one("ClientCertificateRefused").await;
    write(&server.authority().client(OWNER).expect("signed"));
    scene.recovers().await;
    scene.ends_well().await;
}

/// As Kubernetes and editors do: nobody ever reads half a file.
fn replace(path: &std::path::Path, text: &str) {
    let aside = path.with_extension("new");
    std::fs::write(&aside, text).expect("writable");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(&aside, mode).expect("ours");
    std::fs::rename(&aside, path).expect("writable");
}
