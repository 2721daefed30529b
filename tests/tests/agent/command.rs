//! `sabai-agent` as a person meets it: the path printed like a traceroute, one object for programs, every problem of a
//! configuration at once, an end at once.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use sabai_tests::bot::build::{self, Profile};
use sabai_tests::bot::{Bot, Ended, Environment};
use sabai_tests::gate::{Fault, Gate, Tls};
use sabai_tests::postgres::Postgres;
use sabai_tests::postgres::certificates::Presents;
use sabai_tests::scene::{LIMIT, server, setup};
use sabai_wire::settings::AGENT_FIELDS;
use serde_json::{Value, json};
use tokio::net::TcpListener;

const STAGES: [&str; 7] = ["DNS", "TCP", "SSLRequest", "TLS", "Auth", "Query", "Write"];

async fn program() -> PathBuf {
    build::agent(Profile::Dev).await.expect("it compiles")
}

async fn run(arguments: &[&str], env: Environment) -> Ended {
    let ended = Bot::run(&program().await, arguments, env, LIMIT).await;
    ended.expect("it ends")
}

/// The path to this server by the way through this gate.
fn env(server: &Postgres, gate: &Gate) -> Environment {
    gate.database(&server.database()).env()
}

async fn gate(server: &Postgres) -> Gate {
    let gate = Gate::before(server, Tls::Passed).await;
    gate.expect("a gate")
}

/// The line of a stage.
fn line<'a>(page: &'a str, stage: &str) -> &'a str {
    let mut lines = page.lines();
    let line = lines.find(|line| line.split_whitespace().next() == Some(stage));
    line.unwrap_or_else(|| panic!("no line of {stage}: {page}"))
}

fn object(ended: &Ended) -> Value {
    let one = ended.output.trim();
    assert!(!one.contains('\n'), "one line: {one}");
    serde_json::from_str(one).expect("one object")
}

/// Shaped as in a `PoolInstance`: names, results, faults, times.
fn stages(object: &Value) -> Vec<(&str, &str)> {
    let stages = object["stages"].as_array().expect("stages");
    for stage in stages {
        let word = stage["result"].as_str().expect("a result");
        assert_eq!(stage["fault"].is_string(), word == "Failed", "{stage}");
        assert_eq!(
            stage["durationMicroseconds"].is_u64(),
            word != "Skipped",
            "{stage}"
        );
    }
    let pairs = stages
        .iter()
        .map(|stage| (&stage["name"], &stage["result"]));
    let pairs = pairs.map(|(name, result)| (name.as_str(), result.as_str()));
    pairs
        .map(|(name, result)| name.zip(result).expect("words"))
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_path_that_is_well_is_printed_stage_by_stage() {
    let scene = setup().start().await;
    let page = run(&["probe"], scene.agent_env(&[])).await;
    assert_eq!(page.status.code(), Some(0), "{}", page.output);
    for stage in STAGES {
        assert!(line(&page.output, stage).contains(" ms"), "{}", page.output);
    }
    assert!(line(&page.output, "Write").contains("one row committed"));
    assert!(
        page.output.contains("Healthy: the path took"),
        "{}",
        page.output
    );

    let json = run(&["probe", "--json"], scene.agent_env(&[])).await;
    assert_eq!(json.status.code(), Some(0), "{}", json.output);
    let object = object(&json);
    assert_eq!(stages(&object), STAGES.map(|name| (name, "OK")));
    assert_eq!(object.get("failedStage"), None, "{object}");
    assert_eq!(object["certificate"]["verified"], true, "{object}");
    assert_eq!(object["server"]["inRecovery"], false, "{object}");
    assert!(!json.output.contains(&scene.world.database.password));
    scene.ends_well().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_path_that_fails_is_told_by_its_stage() {
    let server = server(&[]).await;
    let gate = gate(&server).await;
    gate.new_connections(Fault::Refuse).await;
    let page = run(&["probe"], env(&server, &gate)).await;
    assert_eq!(page.status.code(), Some(1), "{}", page.output);
    assert!(line(&page.output, "TCP").contains("FAILED: Refused"));
    assert!(line(&page.output, "TLS").contains("not reached"));
    assert!(
        page.output.contains("Failed at TCP after"),
        "{}",
        page.output
    );
    assert!(page.output.contains("What to do: "), "{}", page.output);

    let json = run(&["probe", "--json"], env(&server, &gate)).await;
    assert_eq!(json.status.code(), Some(1), "{}", json.output);
    let refused = object(&json);
    assert_eq!(refused["failedStage"], "TCP", "{refused}");
    let expected = STAGES.map(|name| match name {
        "DNS" => (name, "OK"),
        "TCP" => (name, "Failed"),
        _ => (name, "Skipped"),
    });
    assert_eq!(stages(&refused), expected);
    assert_eq!(refused["stages"][1]["fault"], "Refused", "{refused}");

    gate.heal().await;
    server.present(Presents::Expired).await.expect("reloads");
    let json = run(&["probe", "--json"], env(&server, &gate)).await;
    assert_eq!(json.status.code(), Some(1), "{}", json.output);
    let expired = object(&json);
    assert_eq!(expired["failedStage"], "TLS", "{expired}");
    assert_eq!(expired["stages"][3]["fault"], "CertificateExpired");
    let presented = &expired["certificate"];
    assert_eq!(presented["verified"], false, "{expired}");
    assert!(
        presented["daysLeft"].as_i64().expect("days") < 0,
        "{expired}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_says_nothing_is_given_up_in_time() {
    let server = server(&[]).await;
    let gate = gate(&server).await;
    gate.new_connections(Fault::Stall).await;
    let began = Instant::now();
    let short = [("SABAI_PROBE_TIMEOUT".to_owned(), "2s".to_owned())];
    let json = run(
        &["probe", "--json"],
        [env(&server, &gate), short.to_vec()].concat(),
    )
    .await;
    assert!(
        began.elapsed() < Duration::from_secs(10),
        "{:?}",
        began.elapsed()
    );
    assert_eq!(json.status.code(), Some(1), "{}", json.output);
    let object = object(&json);
    assert_eq!(object["failedStage"], "SSLRequest", "{object}");
    assert_eq!(object["stages"][2]["fault"], json!("TimedOut"), "{object}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_problem_is_told_at_once_with_exit_64_and_no_secret() {
    let server = server(&[]).await;
    let database = server.database();
    let wrong = [
        ("PGPORT", "seventy"),
        ("PGSSLMODE", "require"),
        ("PGSSLROOTCERT", ""),
        ("SABAI_PROBE_INTERVAL", "now and then"),
        ("SABAI_READINESS_POLICY", "Lenient"),
        ("SABAI_RECYCLE_MAX_PER_HOUR", "0"),
        ("SABAI_CANARIES", "some"),
        ("SABAI_ADMIN_LISTEN", "everywhere"),
        ("SABAI_CONTROL_SOCKET", ""),
    ];
    let wrong = wrong.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let both = [database.env(), wrong.to_vec()].concat();
    for (command, of_run) in [("run", true), ("probe", false)] {
        let ended = run(&[command], both.clone()).await;
        assert_eq!(ended.status.code(), Some(64), "{}", ended.output);
        for (name, _) in &wrong {
            let run_alone = ["CANARIES", "ADMIN_LISTEN", "CONTROL_SOCKET"];
            let of_run_alone = run_alone.iter().any(|part| name.ends_with(part));
            let told = ended.output.contains(name.as_str());
            assert_eq!(
                told,
                of_run || !of_run_alone,
                "{command} {name}: {}",
                ended.output
            );
        }
        assert!(
            !ended.output.contains(&database.password),
            "{}",
            ended.output
        );
    }
}

#[tokio::test]
async fn help_lists_every_variable_and_a_wrong_command_ends_with_64() {
    let help = run(&["--help"], Environment::new()).await;
    assert_eq!(help.status.code(), Some(0));
    let own = [
        "PGHOST",
        "PGSSLROOTCERT",
        "SABAI_CONTROL_SOCKET",
        "SABAI_CANARIES",
    ];
    let settings = AGENT_FIELDS.iter().map(|field| field.variable);
    for name in own.into_iter().chain(settings) {
        assert!(help.output.contains(name), "{name}: {}", help.output);
    }
    for wrong in [&["walk"][..], &["run", "--fast"], &[]] {
        let ended = run(wrong, Environment::new()).await;
        assert_eq!(ended.status.code(), Some(64), "{wrong:?}: {}", ended.output);
    }
}

/// Whatever it is in the middle of, and though neither bot nor server was ever there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agent_that_is_asked_to_stop_ends_at_once_and_a_port_that_is_taken_is_told() {
    let scene = setup().start().await;
    let nowhere = scene
        .world
        .folder()
        .join("nobody.sock")
        .display()
        .to_string();
    let busy = scene.agent(&[("SABAI_CANARIES", "on")]).await;
    let alone = scene
        .agent(&[("PGPORT", "9"), ("SABAI_CONTROL_SOCKET", &nowhere)])
        .await;
    busy.says(200, "Postgres Healthy", LIMIT).await;
    alone.says(503, "BotUnreachable", LIMIT).await;
    alone.says(503, "(Refused at TCP)", LIMIT).await;
    for agent in [busy, alone] {
        let asked = Instant::now();
        let status = agent.terminate().await.expect("it ends");
        assert_eq!(status.code(), Some(0), "{}", agent.log().tail());
        let took = asked.elapsed();
        assert!(took < Duration::from_secs(2), "{took:?}");
    }

    let taken = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    let env = scene.agent_env(&[("SABAI_ADMIN_LISTEN", &address)]);
    let ended = run(&["run"], env).await;
    assert_eq!(ended.status.code(), Some(64), "{}", ended.output);
    let told = format!("SABAI_ADMIN_LISTEN: cannot listen on {address}");
    assert!(ended.output.contains(&told), "{}", ended.output);
    scene.ends_well().await;
}
