//! Certificate, CA, client certificate and password are rotated, and what is new is good: the agent has the sessions renewed,
//! once for each, and nobody notices.

use std::path::Path;
use std::time::Duration;

use sabai_tests::agent::Agent;
use sabai_tests::postgres::OWNER;
use sabai_tests::postgres::certificates::{Authority, Identity, NAMES, Presents};
use sabai_tests::scene::{SOME, Scene, server, setup};
use tempfile::TempDir;

use crate::asking::{begun, planned, sessions, straight, tells, unnoticed};
use crate::watched::count;

/// Three intervals of the probe later these are still all that it did, each planned, and the load has seen nothing.
async fn are_all(scene: Scene, agent: &Agent, recycles: &[&str]) {
    scene.answers(3 * SOME).await;
    // Where the machine itself stood still, sessions were silent and renewed for that.
    let stood_still = scene.met("Silent").await > 0;
    let of_rotations = |mut recycles: Vec<String>| {
        recycles.retain(|one| !(stood_still && one == "refresh (SessionsLost)"));
        recycles
    };
    assert_eq!(of_rotations(begun(agent)), recycles);
    let planned = of_rotations(planned(agent));
    assert_eq!(planned, recycles, "each is spread over the pods");
    scene.never_spooled().await;
    scene.ends_well().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_server_s_certificate_is_rotated() {
    let server = server(&[]).await;
    let scene = setup().on(&server).start().await;
    let agent = straight(&scene, &[]).await;
    let old = sessions(&scene, "certificateSha256").await;
    server.present(Presents::Trusted).await.expect("reloads");
    unnoticed(&agent, 1, "refresh (CertificateChanged)").await;
    let new = sessions(&scene, "certificateSha256").await;
    assert_eq!(new.len(), 1, "{new:?}");
    assert!(old.is_disjoint(&new));
    are_all(scene, &agent, &["refresh (CertificateChanged)"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_authority_is_rotated_with_overlap() {
    let server = server(&[]).await;
    let files = TempDir::new().expect("a folder");
    let roots = files.path().join("ca.crt");
    let old = server.authority().pem();
    std::fs::write(&roots, &old).expect("writable");
    let path = roots.display().to_string();
    let scene = setup().on(&server).env("PGSSLROOTCERT", path).start().await;
    let agent = straight(&scene, &[]).await;
    let new = Authority::new("the next authority").expect("randomness");
    replace(&roots, &format!("{old}{}", new.pem()));
    unnoticed(&agent, 1, "refresh (CAChanged)").await;
    let identity = new.server(NAMES, false).expect("signed");
    server.present_identity(&identity).await.expect("reloads");
    unnoticed(&agent, 2, "refresh (CertificateChanged)").await;
    replace(&roots, &new.pem());
    unnoticed(&agent, 3, "refresh (CAChanged)").await;
    let expected = [
        "refresh (CAChanged)",
        "refresh (CertificateChanged)",
        "refresh (CAChanged)",
    ];
    are_all(scene, &agent, &expected).await;
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
        .env("PGSSLKEY", key.display().to_string());
    let scene = setup.start().await;
    let agent = straight(&scene, &[]).await;
    let day = Duration::from_secs(24 * 3600);
    let soon = server.authority().client_for(OWNER, 2 * day);
    write(&soon.expect("signed"));
    unnoticed(&agent, 1, "refresh (ClientCertificateChanged)").await;
    tells(&agent, "our client certificate ends very soon; renew it").await;
    let role = [("role", "client")];
    let ends = "sabai_tls_certificate_not_after_timestamp_seconds";
    assert!(count(&agent, ends, &role).await > 0.0);
    are_all(scene, &agent, &["refresh (ClientCertificateChanged)"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_password_is_rotated() {
    let server = server(&[]).await;
    let secrets = TempDir::new().expect("a folder");
    let file = secrets.path().join("password");
    std::fs::write(&file, &server.database().password).expect("writable");
    let path = file.display().to_string();
    let setup = setup().on(&server).env("PGPASSWORD_FILE", path);
    let scene = setup.start().await;
    let agent = straight(&scene, &[]).await;
    scene
        .execute(&format!("ALTER ROLE {OWNER} PASSWORD 'a new one'"))
        .await;
    replace(&file, "a new one\n");
    unnoticed(&agent, 1, "refresh (PasswordChanged)").await;
    are_all(scene, &agent, &["refresh (PasswordChanged)"]).await;
}

/// As Kubernetes and editors do: nobody ever reads half a file.
fn replace(path: &Path, text: &str) {
    let aside = path.with_extension("new");
    std::fs::write(&aside, text).expect("writable");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(&aside, mode).expect("ours");
    std::fs::rename(&aside, path).expect("writable");
}
