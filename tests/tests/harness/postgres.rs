//! The harness's Postgres: verified TLS or nothing, and it survives what the fault tests do to it.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use sabai_tests::postgres::certificates::Presents;
use sabai_tests::postgres::{Options, Postgres, Stop};
use sabai_tests::wait::eventually;

async fn postgres() -> std::sync::Arc<Postgres> {
    Postgres::start(Options::default())
        .await
        .expect("Postgres starts")
}

async fn refusal(database: &sabai_tests::postgres::Database) -> String {
    format!("{:#}", database.connect().await.err().expect("refused"))
}

#[tokio::test]
async fn tls_is_verified_and_plaintext_refused() {
    let postgres = postgres().await;
    let database = postgres.database();
    let session = database.connect().await.expect("verified TLS");
    let row = session
        .query_one(
            "SELECT ssl, current_user::text FROM pg_stat_ssl WHERE pid = pg_backend_pid()",
            &[],
        )
        .await
        .expect("own session");
    assert!(row.get::<_, bool>(0));
    assert_eq!(row.get::<_, String>(1), "sabai");
    let row = session
        .query_one(
            "SELECT rolsuper FROM pg_roles WHERE rolname = current_user",
            &[],
        )
        .await
        .expect("own role");
    assert!(!row.get::<_, bool>(0));
    let refused = database
        .connect_in_plaintext()
        .await
        .err()
        .expect("plaintext is refused");
    assert!(
        format!("{refused:?}").contains("pg_hba.conf"),
        "{refused:?}"
    );
    let mut other = database.clone();
    other.password = "wrong".into();
    assert!(refusal(&other).await.contains("log in"));
}

#[tokio::test]
async fn every_bad_certificate_is_refused_and_a_good_one_taken_again() {
    let postgres = postgres().await;
    let database = postgres.database();
    for (presents, word) in [
        (Presents::Untrusted, "UnknownIssuer"),
        (Presents::WrongName, "not valid for"),
        (Presents::Expired, "expired"),
        (Presents::Plaintext, "offers no TLS"),
    ] {
        postgres.present(presents).await.expect("reloads");
        let refusal = refusal(&database).await;
        assert!(refusal.contains(word), "{presents:?}: {refusal}");
    }
    postgres.present(Presents::Trusted).await.expect("reloads");
    database.connect().await.expect("good again");
}

#[tokio::test]
async fn what_was_committed_survives_stop_crash_and_kill() {
    let postgres = postgres().await;
    let database = postgres
        .create_database("survivor")
        .await
        .expect("a database of its own");
    let session = database.connect().await.expect("up");
    session
        .batch_execute("CREATE TABLE kept (n int)")
        .await
        .expect("the owner may create");
    for round in 0..3 {
        let session = database.connect().await.expect("up");
        session
            .execute("INSERT INTO kept VALUES ($1)", &[&round])
            .await
            .expect("committed");
        match round {
            0 => postgres.restart(Stop::Fast).await.expect("comes back"),
            1 => postgres.restart(Stop::Immediate).await.expect("comes back"),
            _ => {
                postgres.kill().await;
                database.connect().await.err().expect("away");
                postgres.start_again().await.expect("comes back");
            }
        }
        eventually(
            Duration::from_secs(5),
            "the old session to end",
            async || {
                if session.is_closed() {
                    Ok(())
                } else {
                    Err("open")
                }
            },
        )
        .await;
        let row = database
            .connect()
            .await
            .expect("up")
            .query_one("SELECT count(*) FROM kept", &[])
            .await
            .expect("there");
        assert_eq!(row.get::<_, i64>(0), i64::from(round) + 1);
    }
}

#[tokio::test]
async fn dropping_leaves_no_process_and_no_folder() {
    let postgres = postgres().await;
    let (folder, database) = (postgres.folder().to_owned(), postgres.database());
    let _session = database.connect().await.expect("up");
    drop(postgres);
    assert!(!folder.exists());
    database.connect().await.err().expect("nobody listens");
}

/// A process of its own, so that it can be killed: prints its server's folder and waits for the end.
#[tokio::test]
#[ignore = "the process that a_killed_harness_leaves_nothing_running kills"]
#[expect(
    clippy::print_stdout,
    reason = "tells the test that started it where to look"
)]
async fn victim() {
    let postgres = postgres().await;
    println!("\nfolder {}", postgres.folder().display());
    std::future::pending::<()>().await;
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_killed_harness_leaves_nothing_running() {
    let mut victim = Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", "postgres::victim", "--ignored", "--nocapture"])
        .stdout(Stdio::piped())
        .spawn()
        .expect("this program starts");
    let lines = BufReader::new(victim.stdout.take().expect("piped")).lines();
    let mut lines = lines.map_while(Result::ok);
    let folder = lines
        .find_map(|line| line.strip_prefix("folder ").map(PathBuf::from))
        .expect("it tells");
    let file = std::fs::read_to_string(folder.join("data/postmaster.pid"))
        .expect("a running server's file");
    let server =
        PathBuf::from("/proc").join(file.lines().next().expect("its first line is the pid"));
    assert!(server.exists());
    victim.kill().expect("it runs");
    victim.wait().expect("it is ours");
    eventually(
        Duration::from_secs(20),
        "server and folder to be gone",
        async || match (server.exists(), folder.exists()) {
            (false, false) => Ok(()),
            state => Err(format!("{state:?}")),
        },
    )
    .await;
}
