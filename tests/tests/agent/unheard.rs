//! The bot's control socket is dead, slow, or answers nonsense: the agent says which, withdraws the pod after three
//! seconds since nobody can tell whether it acknowledges, and is ready again when the bot is.

mod stand_in;

use std::time::{Duration, Instant};

use sabai_tests::agent::Agent;
use sabai_tests::scene::{LIMIT, Scene, setup};
use serde_json::json;

use super::asking::begun;
use super::watched::{count, is_unharmed, said};
use stand_in::{Answer, Road};

/// Three seconds of silence, a question each second, half a second for its answer, and a look each quarter.
const WITHDRAWN: Duration = Duration::from_millis(5_500);

/// The agent names it, withdraws the pod, and takes it back when the bot answers again.
async fn unheard(agent: &Agent, road: &Road, word: &str) {
    let (before, began) = (agent.log().count(), Instant::now());
    let seconds = "the bot has not answered for 3 s";
    agent.says(503, seconds, WITHDRAWN).await;
    agent.says(503, word, WITHDRAWN).await;
    assert!(
        began.elapsed() >= Duration::from_secs(2),
        "one bad answer is no reason: {:?}",
        began.elapsed()
    );
    assert!(count(agent, "sabai_faults_total", &[("fault", word)]).await >= 2.0);
    let told = said(agent, before, "the bot cannot be heard");
    assert!(told.iter().any(|line| line.field("fault") == Some(word)));
    road.leads_to_the_bot();
    agent.says(200, "Postgres Healthy", WITHDRAWN).await;
    assert_eq!(said(agent, before, "the bot is heard again").len(), 1);
}

async fn ends(scene: Scene, agent: &Agent) {
    is_unharmed(agent).await;
    assert!(begun(agent).is_empty(), "{:?}", begun(agent));
    scene.recovers().await;
    scene.ends_well().await;
}

async fn beside(scene: &Scene) -> (Road, Agent) {
    let road = Road::to(&scene.control_socket(), scene.world.folder());
    let path = road.path().display().to_string();
    let agent = scene.agent(&[("SABAI_CONTROL_SOCKET", &path)]).await;
    agent.says(200, "Postgres Healthy", LIMIT).await;
    (road, agent)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_is_at_the_socket_or_nobody_answers_there() {
    let scene = setup().start().await;
    let (road, agent) = beside(&scene).await;
    road.leads_nowhere();
    unheard(&agent, &road, "BotUnreachable").await;
    let silent = road.leads_to(Answer::Nothing);
    unheard(&agent, &road, "BotSilent").await;
    drop(silent);
    let slow = road.leads_to(Answer::ByteByByte);
    unheard(&agent, &road, "BotSilent").await;
    drop(slow);
    ends(scene, &agent).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn somebody_else_is_at_the_socket() {
    let scene = setup().start().await;
    let (road, agent) = beside(&scene).await;
    for answer in [
        Answer::Bytes(b"\x15\x03\x03\x00\x02\x02\x28 220 mail ready\r\n"),
        Answer::Refusal,
        Answer::WithoutEnd,
        Answer::Json("{\"status\": \"fine\"}".to_owned()),
        Answer::Json("[".repeat(100_000)),
    ] {
        let somebody = road.leads_to(answer);
        unheard(&agent, &road, "BotGarbled").await;
        drop(somebody);
    }
    ends(scene, &agent).await;
}

/// What a bot says of itself may be anything that has the shape of it: nothing in the agent panics for it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_report_holds_the_largest_numbers_and_the_latest_times() {
    let scene = setup().start().await;
    let (road, agent) = beside(&scene).await;
    let mut report = scene.report().await;
    let mut before = report.clone();
    before["faults"] = json!({});
    for fault in ["Silent", "ConnectionReset", "Terminated", "NoSuchFault"] {
        report["faults"][fault] = json!(u64::MAX);
    }
    report["generation"] = json!(u64::MAX);
    report["time"] = json!("9999-12-31T23:59:59.999999Z");
    for number in ["size", "idle", "inUse", "waiting", "oldSessions"] {
        report["pool"][number] = json!(usize::MAX);
    }
    for session in report["sessions"].as_array_mut().expect("sessions") {
        session["ageMilliseconds"] = json!(u64::MAX);
        session["serverStart"] = json!("9999-12-31T23:59:59.999999Z");
    }
    let lines = agent.log().count();
    for report in [before, report] {
        let boaster = road.leads_to(Answer::Json(report.to_string()));
        boaster.is_asked(4, LIMIT).await;
        drop(boaster);
        road.leads_to_the_bot();
    }
    agent.says(200, "Postgres Healthy", LIMIT).await;
    is_unharmed(&agent).await;
    let unheard = said(&agent, lines, "the bot cannot be heard");
    let garbled = |line: &&sabai_tests::bot::log::Line| line.field("fault") == Some("BotGarbled");
    assert!(!unheard.iter().any(|line| garbled(&line)), "{unheard:#?}");
    scene.recovers().await;
    scene.ends_well().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_bot_is_killed() {
    let scene = setup().start().await;
    let agent = scene.agent(&[]).await;
    agent.says(200, "Postgres Healthy", LIMIT).await;
    let scene = scene
        .kill(async |_| agent.says(503, "BotUnreachable", WITHDRAWN).await)
        .await;
    agent.says(200, "Postgres Healthy", LIMIT).await;
    ends(scene, &agent).await;
}
