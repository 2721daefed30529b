//! The chart, by Helm 3 and Helm 4: what it renders, what it refuses and in which words, that its files are those of the programs,
//! and that a real API server takes all of it. Nothing runs here: that is a cluster's.

mod alerted;
mod files;
mod installed;
mod pods;
mod refused;
mod rendered;
mod watched;

use sabai_tests::helm::{Helm, chart};
use serde_json::Value;

/// Three values, as a shop gives them.
const SHOP: &[&str] = &[
    "--set=line.secretName=line",
    "--set=postgres.authSecret.name=db-app",
    "--set=ingress.host=bot.example.com",
];

fn own(text: &[&str]) -> Vec<String> {
    text.iter().map(|one| (*one).to_owned()).collect()
}

/// Sets of values that differ in what is made.
fn sets() -> Vec<(&'static str, Vec<String>)> {
    let file = |name: &str| format!("--values={}", chart().join(name).display());
    vec![
        ("default", vec![]),
        ("shop", own(SHOP)),
        ("ha", vec![file("values-ha.yaml")]),
        ("dev", vec![file("values-dev.yaml")]),
        (
            "claims",
            own(&["--set=spool.persistence.enabled=true,replicas=2"]),
        ),
        (
            "closed",
            own(&[
                "--set=networkPolicy.enabled=true,postgres.port=6432,admissionPolicy.enabled=false",
                "--set=postgres.clientCertSecret.name=client,postgres.authSecret.keys.password=",
                "--set-string=line.channelId=1234567890",
                "--set=answers.existingConfigMap=answers,poolConfig.create=true",
                "--set=poolConfig.spec.pool.maxConnections=8,image.tag=v1,dashboard.enabled=true",
            ]),
        ),
    ]
}

/// Sets with objects whose definitions only other projects have.
fn foreign_sets() -> Vec<(&'static str, Vec<String>)> {
    vec![
        (
            "watched",
            own(&["--set=podMonitor.enabled=true,prometheusRule.enabled=true"]),
        ),
        (
            "scaled by age",
            own(&["--set=keda.enabled=true,keda.serverAddress=http://prometheus:9090"]),
        ),
        (
            "gateway",
            own(&[
                "--set=httpRoute.parentRefs[0].name=public,httpRoute.hostnames[0]=bot.example.com",
            ]),
        ),
    ]
}

async fn both() -> [Helm; 2] {
    Helm::both().await.expect("Helm 3 and Helm 4")
}

/// What Helm 4 makes of the release `shop`.
async fn render(arguments: &[&str]) -> Vec<Value> {
    let [_, helm] = both().await;
    let objects = helm.template("shop", arguments).await;
    objects.expect("the values are right")
}

/// The one object of this kind.
fn the<'a>(objects: &'a [Value], kind: &str) -> &'a Value {
    let all: Vec<_> = objects.iter().filter(|one| one["kind"] == kind).collect();
    assert_eq!(all.len(), 1, "{kind}: {all:#?}");
    all[0]
}

fn words(arguments: &[String]) -> Vec<&str> {
    arguments.iter().map(String::as_str).collect()
}
