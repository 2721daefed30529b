//! Rows 8 and 9: certificates that are rotated, and certificates that must be refused.

use sabai_tests::gate::Fault;
use sabai_tests::postgres::certificates::Presents;

use super::scene::{SOME, Scene, options, server};

/// New sessions are refused by that name; those that exist go on. Then it heals.
async fn refused(presents: Presents, fault: &str) {
    let server = server(&[]).await;
    let scene = Scene::new(options().on(server.clone())).await;
    server.present(presents).await.expect("reloads");
    // One session is lost, and cannot be replaced.
    let connections = scene.gate.connections();
    connections[0].inflict(Fault::Reset);
    scene.names(fault).await;
    scene.answers(SOME).await;
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
    let scene = Scene::new(options()).await;
    scene
        .gate
        .new_connections(Fault::AnswerSslRequest(b"SR"))
        .await;
    scene.gate.connections()[0].inflict(Fault::Reset);
    scene.names("ProtocolBroken").await;
    scene.answers(SOME).await;
    scene.gate.heal().await;
    scene.recovers().await;
    scene.ends_well().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_server_s_certificate_is_rotated() {
    let server = server(&[]).await;
    let scene = Scene::new(options().on(server.clone())).await;
    server.present(Presents::Trusted).await.expect("reloads");
    scene.answers(SOME / 2).await;
    let before = scene.gate.accepted();
    scene.gate.existing(Fault::Reset);
    scene.answers(SOME / 2).await;
    assert!(
        scene.gate.accepted() > before,
        "new sessions, with the new certificate"
    );
    assert_eq!(scene.met("CertificateUntrusted").await, 0);
    scene.ends_well().await;
}
