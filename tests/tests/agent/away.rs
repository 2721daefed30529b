//! The database is away for everyone: nothing is recycled. The pod stays ready, since the bot acknowledges by its spool, unless
//! the policy is strict.

use sabai_tests::agent::Agent;
use sabai_tests::gate::{Fault, Gate, Tls};
use sabai_tests::scene::{LIMIT, SOME, setup};

use crate::asking::{begun, failures, no_statement_fails, straight, tells};

/// Paths that led to a session so far.
async fn paths(agent: &Agent) -> f64 {
    let metrics = agent.metrics().await.expect("the agent answers");
    let labels = [("stage", "Query")];
    let paths = metrics.sum("sabai_probe_stage_duration_seconds_count", &labels);
    paths.expect("some")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_reaches_the_database() {
    let scene = setup().start().await;
    let aside = Gate::before(&scene.world.postgres, Tls::Passed).await;
    let aside = aside.expect("a gate");
    let port = aside.addr().port().to_string();
    let strict = [("PGPORT", &*port), ("SABAI_READINESS_POLICY", "Strict")];
    let agent = straight(&scene, &[("PGPORT", &port)]).await;
    let strict = straight(&scene, &strict).await;
    scene.postgres_goes().await;
    aside.new_connections(Fault::Refuse).await;
    aside.existing(Fault::Reset);
    let before = paths(&strict).await;
    let reason = "Postgres cannot be written: Refused at TCP";
    strict.says(503, reason, LIMIT).await;
    tells(&strict, &format!("not ready: {reason}")).await;
    let decision = "nothing recycled: no fresh session can be made (Refused)";
    agent.says(200, decision, LIMIT).await;
    tells(&agent, decision).await;
    scene.answers(4 * SOME).await;
    agent
        .says(200, "Postgres Down (Refused at TCP)", LIMIT)
        .await;
    strict.says(503, reason, LIMIT).await;
    assert!(paths(&strict).await - before < 1.0, "none led to a session");
    scene.gate.heal().await;
    aside.heal().await;
    strict.says(200, "Postgres Healthy", LIMIT).await;
    assert!(paths(&strict).await - before >= 2.0, "two have to");
    scene.recovers().await;
    agent.says(200, "nothing: all is well", LIMIT).await;
    no_statement_fails(&scene).await;
    for agent in [&agent, &strict] {
        assert_eq!(begun(agent), Vec::<String>::new());
        assert!(failures(agent, "TCP", "Refused").await > 2.0);
    }
    let lines = agent.log().lines();
    let withdrawn = lines.iter().filter_map(|line| line.message());
    let mut withdrawn = withdrawn.filter(|message| message.starts_with("not ready"));
    // At its start it has not heard the bot yet.
    assert!(withdrawn.all(|message| message.contains("has not been heard yet")));
    scene.ends_well().await;
}
