//! Values that cannot be meant are refused before anything is installed, in words that say which value and why.

use super::both;

/// What is given, and words of the complaint. Helm 3 and Helm 4 differ in the rest.
const WRONG: &[(&str, &[&str])] = &[
    ("--set=imagee.tag=1", &["imagee"]),
    ("--set=image.pullPolicy=Sometimes", &["pullPolicy"]),
    ("--set=image.digest=sha1:abc", &["digest"]),
    ("--set=replicas=-1", &["replicas"]),
    ("--set=replicas=two", &["replicas"]),
    ("--set-string=line.channelId=shop", &["channelId"]),
    ("--set=line.destination=shop", &["destination"]),
    ("--set=line.secretName=Line_Secret", &["secretName"]),
    ("--set=line.channelSecret=abc", &["channelSecret"]),
    ("--set=postgres.port=70000", &["port"]),
    ("--set=postgres.host=postgres://db", &["host"]),
    (
        "--set=postgres.authSecret.keys.host=",
        &["postgres.host is empty"],
    ),
    (
        "--set=postgres.authSecret.keys.password=",
        &["could not log in"],
    ),
    (
        "--set=postgres.systemCA=true,postgres.caSecret.name=ca",
        &["give one of them"],
    ),
    ("--set=settings.pool.maxConnection=8", &["maxConnection"]),
    ("--set=settings.pool.maxConnections=3", &["maxConnections"]),
    (
        "--set=settings.pool.maxConnections=6,settings.pool.minIdle=4",
        &["minIdle"],
    ),
    ("--set=settings.probe.interval=5", &["interval"]),
    ("--set=settings.readiness.policy=Never", &["policy"]),
    (
        "--set=poolConfig.create=true,poolConfig.spec.pool.size=3",
        &["size"],
    ),
    (
        "--set=autoscaling.enabled=true,autoscaling.minReplicas=9",
        &["autoscaling.minReplicas is 9"],
    ),
    (
        "--set=autoscaling.enabled=true,keda.enabled=true,keda.serverAddress=http://p:9090",
        &["Choose one"],
    ),
    ("--set=keda.enabled=true", &["keda.serverAddress is empty"]),
    (
        "--set=sessionBudget=30",
        &["may open 40 sessions", "sessionBudget is 30"],
    ),
    ("--set=spool.maxMiB=0", &["maxMiB"]),
    (
        "--set=spool.persistence.accessMode=ReadWriteMany",
        &["accessMode"],
    ),
    ("--set=queue.lease=soon", &["lease"]),
    ("--set=ingress.host=https://bot.example.com", &["host"]),
    ("--set=log.format=xml", &["format"]),
    (
        "--set=networkPolicy.enabled=true,podMonitor.enabled=true",
        &["metricsFrom is empty"],
    ),
    (
        "--set=bot.extraEnv[0].name=PGHOST,bot.extraEnv[0].value=db",
        &["PGHOST", "the chart sets itself"],
    ),
    ("--set=fullnameOverride=1shop", &["fullnameOverride"]),
];

#[tokio::test]
async fn what_cannot_be_meant_is_refused_by_name() {
    for helm in both().await {
        for (given, words) in WRONG {
            let refused = helm.template("shop", &[given]).await;
            let Err(complaint) = refused else {
                panic!("{}: {given} is taken", helm.name);
            };
            let complaint = format!("{complaint:#}");
            for word in *words {
                assert!(
                    complaint.contains(word),
                    "{}: {given}: {complaint}",
                    helm.name
                );
            }
        }
    }
}

#[tokio::test]
async fn a_release_whose_name_is_no_services_is_told_what_to_do() {
    for helm in both().await {
        let refused = helm.template("1shop", &[]).await;
        let complaint = format!("{:#}", refused.expect_err("no Service is named so"));
        assert!(complaint.contains("set fullnameOverride"), "{complaint}");
        let named = helm
            .template("1shop", &["--set=fullnameOverride=shop"])
            .await;
        named.expect("another name");
    }
}

#[tokio::test]
async fn an_older_kubernetes_is_refused() {
    for helm in both().await {
        let refused = helm.template("shop", &["--kube-version=1.32.0"]).await;
        let complaint = format!("{:#}", refused.expect_err("native sidecars, 1.33"));
        assert!(complaint.contains("1.33"), "{complaint}");
    }
}
