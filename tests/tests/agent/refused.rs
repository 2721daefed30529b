//! New sessions must be refused: certificate expired, of another name, of an unknown authority, or no TLS at all. What exists
//! is protected, and the agent says what was presented and what was expected. It warns before it comes to that.

use std::time::Duration;

use sabai_tests::agent::Agent;
use sabai_tests::bot::sessions;
use sabai_tests::gate::{Fault, Gate, Tls};
use sabai_tests::postgres::certificates::{NAMES, Presents};
use sabai_tests::scene::{LIMIT, SOME, Scene, WARM, server, setup};
use sabai_tests::wait::eventually;

use crate::asking::{begun, failures, straight, tells, unnoticed};

/// Two intervals of the probe, as the scene sets them, each a fifth longer at most.
const NOTICED: Duration = Duration::from_millis(4_800);
/// How long a session lives, give or take a fifth.
const LIFETIME: Duration = Duration::from_secs(6);
const DAY: Duration = Duration::from_secs(24 * 3600);

async fn scene(on: &std::sync::Arc<sabai_tests::postgres::Postgres>) -> Scene {
    let lifetime = format!("{}s", LIFETIME.as_secs());
    let setup = setup()
        .on(on)
        .env("SABAI_POOL_MAX_LIFETIME", lifetime)
        .env("SABAI_POOL_IDLE_TIMEOUT", "5s");
    setup.start().await
}

/// The fault is named and nothing is recycled; what exists lives on past its time.
async fn protects(scene: &Scene, agent: &Agent, stage: &str, fault: &str) {
    let decision = format!("protect: old sessions may work and new ones cannot be made ({fault})");
    agent.says(200, &decision, NOTICED).await;
    agent
        .says(200, &format!("({fault} at {stage})"), LIMIT)
        .await;
    tells(agent, &decision).await;
    tells(agent, "the path to Postgres is Degraded").await;
    assert!(failures(agent, stage, fault).await > 0.0);
    live_on(scene).await;
    sessions::are_open(&scene.bot, WARM - 1, LIMIT).await;
    agent.says(200, &decision, LIMIT).await;
    assert!(begun(agent).is_empty(), "{:?}", begun(agent));
    scene.never_spooled().await;
}

/// Every open session is older than it could be if it had been replaced at its time.
async fn live_on(scene: &Scene) {
    let longest = LIFETIME.mul_f64(1.2).as_millis() as u64;
    eventually(LIMIT, "sessions to be older than they may be", async || {
        let report = scene.report().await;
        let sessions = report["sessions"].as_array().expect("sessions").iter();
        let ages = sessions.filter_map(|one| one["ageMilliseconds"].as_u64());
        match ages.min() {
            Some(youngest) if youngest > longest => Ok(()),
            youngest => Err(format!("the youngest is {youngest:?} ms old")),
        }
    })
    .await;
}

/// `sabai-agent probe` says all of this, and fails.
async fn a_person_reads(agent: &Agent, words: &[&str]) {
    let ended = agent.probe(&[]).await.expect("it ends");
    assert_eq!(ended.status.code(), Some(1), "{}", ended.output);
    for words in words {
        assert!(ended.output.contains(words), "{words}: {}", ended.output);
    }
}

/// It is well again, and what was opened with something else is renewed once at most.
async fn heals(scene: Scene, agent: &Agent) {
    agent.says(200, "Postgres Healthy", LIMIT).await;
    scene.recovers().await;
    agent.says(200, "nothing: all is well", LIMIT).await;
    let (recycles, probe) = (begun(agent), agent.probe(&[]).await.expect("it ends"));
    assert!(recycles.len() <= 1, "{recycles:?}");
    assert!(probe.status.success(), "{}", probe.output);
    scene.ends_well().await;
}

async fn refused(presents: Presents, fault: &str, words: &[&str]) {
    let server = server(&[]).await;
    let scene = scene(&server).await;
    let agent = straight(&scene, &[]).await;
    server.present(presents).await.expect("reloads");
    protects(&scene, &agent, "TLS", fault).await;
    let presented = [
        "presented and not verified:",
        "; expected: 127.0.0.1, issued by the CA in PGSSLROOTCERT",
    ];
    a_person_reads(&agent, &[&presented, words].concat()).await;
    server.present(Presents::Trusted).await.expect("reloads");
    heals(scene, &agent).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_expired_certificate() {
    let words = [
        "Failed at TLS",
        "CertificateExpired",
        "EXPIRED",
        "valid 2020-01-01",
    ];
    refused(Presents::Expired, "CertificateExpired", &words).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_for_another_name() {
    let words = ["CertificateWrongName", "names elsewhere.example"];
    refused(Presents::WrongName, "CertificateWrongName", &words).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_of_an_unknown_authority() {
    let words = [
        "CertificateUntrusted",
        "issuer CN=somebody else's authority",
    ];
    refused(Presents::Untrusted, "CertificateUntrusted", &words).await;
}

/// Somebody on the way, or the server, answers that there is no TLS.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_tls_is_offered() {
    let server = server(&[]).await;
    let scene = scene(&server).await;
    let aside = Gate::before(&server, Tls::Passed).await.expect("a gate");
    let port = aside.addr().port().to_string();
    let agent = straight(&scene, &[("PGPORT", &port)]).await;
    for gate in [&scene.gate, &aside] {
        gate.new_connections(Fault::AnswerSslRequest(b"N")).await;
    }
    protects(&scene, &agent, "SSLRequest", "TlsNotOffered").await;
    let words = [
        "Failed at SSLRequest",
        "offers no TLS; set ssl=on there (plaintext is never used)",
    ];
    a_person_reads(&agent, &words).await;
    for gate in [&scene.gate, &aside] {
        gate.new_connections_pass().await;
    }
    heals(scene, &agent).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_that_ends_soon() {
    let server = server(&[]).await;
    let scene = setup().on(&server).start().await;
    let agent = straight(&scene, &[]).await;
    let table = [
        (10, "WARN", "the server's certificate ends soon; renew it"),
        (
            2,
            "ERROR",
            "the server's certificate ends very soon; renew it",
        ),
    ];
    for (number, (days, level, words)) in (1..).zip(table) {
        let identity = server.authority().server_for(NAMES, DAY * days);
        let identity = identity.expect("signed");
        server.present_identity(&identity).await.expect("reloads");
        unnoticed(&agent, number, "refresh (CertificateChanged)").await;
        let lines = agent.log().lines();
        let told = lines.iter().filter(|line| line.message() == Some(words));
        let levels: Vec<_> = told.filter_map(|line| line.level()).collect();
        assert_eq!(levels, [level], "once, in {days} days");
        agent.says(200, "Postgres Healthy", LIMIT).await;
    }
    scene.never_spooled().await;
    scene.ends_well().await;
}
