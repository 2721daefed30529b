//! The pod that the chart makes: what it may do, what it knows, and what does not restart it.

use sabai_tests::bot::build::Profile;
use sabai_tests::bot::{Bot, build};
use sabai_tests::release::LIMIT;
use sabai_wire::settings::{AGENT_FIELDS, FIELDS};
use serde_json::{Value, json};

use super::{SHOP, render, sets, the, words};

fn template(objects: &[Value]) -> &Value {
    let workload = objects
        .iter()
        .find(|one| one["kind"] == "StatefulSet")
        .unwrap_or_else(|| the(objects, "Deployment"));
    &workload["spec"]["template"]
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// The agent, then the bot.
fn containers(template: &Value) -> [&Value; 2] {
    let spec = &template["spec"];
    assert_eq!(list(&spec["initContainers"]).len(), 1);
    assert_eq!(list(&spec["containers"]).len(), 1);
    let both = [&spec["initContainers"][0], &spec["containers"][0]];
    assert_eq!(
        both.map(|one| one["name"].as_str()),
        [Some("agent"), Some("bot")]
    );
    both
}

#[tokio::test]
async fn the_pod_may_do_what_it_must_and_nothing_else() {
    for (name, set) in sets() {
        let objects = render(&words(&set)).await;
        let template = template(&objects);
        let spec = &template["spec"];
        assert_eq!(spec["automountServiceAccountToken"], false, "{name}");
        assert_eq!(
            the(&objects, "ServiceAccount")["automountServiceAccountToken"],
            false
        );
        for container in containers(template) {
            let security = &container["securityContext"];
            assert_eq!(security["readOnlyRootFilesystem"], true, "{name}");
            assert_eq!(security["allowPrivilegeEscalation"], false, "{name}");
            assert_eq!(security["capabilities"], json!({"drop": ["ALL"]}), "{name}");
            assert!(
                container["resources"]["limits"]["memory"].is_string(),
                "{name}"
            );
            assert!(container.get("lifecycle").is_none(), "{name}: no preStop");
        }
        // Which volumes hold a token, and who sees them.
        let is_token = |volume: &&Value| volume.to_string().contains("serviceAccountToken");
        let tokens: Vec<_> = list(&spec["volumes"]).iter().filter(is_token).collect();
        assert_eq!(tokens.len(), 1, "{name}");
        let sees = |container: &Value| {
            let mounts = list(&container["volumeMounts"]);
            mounts
                .iter()
                .any(|mount| mount["name"] == tokens[0]["name"])
        };
        assert_eq!(containers(template).map(sees), [true, false], "{name}");
    }
}

#[tokio::test]
async fn no_secret_is_taken_whole_and_none_stands_in_the_environment() {
    for (name, set) in sets() {
        let objects = render(&words(&set)).await;
        let template = template(&objects);
        let mut secrets = 0;
        for volume in list(&template["spec"]["volumes"]) {
            assert!(
                volume.get("secret").is_none(),
                "{name}: a whole Secret: {volume}"
            );
            let sources = list(&volume["projected"]["sources"]);
            for secret in sources.iter().filter_map(|source| source.get("secret")) {
                assert!(!list(&secret["items"]).is_empty(), "{name}: {secret}");
                secrets += 1;
            }
        }
        assert!(secrets >= 2, "{name}: of LINE and of Postgres");
        assert!(!template.to_string().contains("secretKeyRef"), "{name}");
        assert!(
            !template.to_string().contains("subPath"),
            "{name}: never updated"
        );
        assert!(objects.iter().all(|one| one["kind"] != "Secret"), "{name}");
    }
}

#[tokio::test]
async fn nothing_that_is_obeyed_live_restarts_a_pod() {
    let before = render(SHOP).await;
    for change in [
        "--set=poolConfig.create=true,poolConfig.spec.pool.maxConnections=8",
        "--set=answers.text=default_language: th",
        "--set=ingress.host=another.example.com,ingress.className=nginx",
        "--set=networkPolicy.enabled=true",
        "--set=replicas=3",
        "--set=podDisruptionBudget.enabled=true",
        "--set=podMonitor.enabled=true,prometheusRule.enabled=true,dashboard.enabled=true",
    ] {
        let after = render(&[SHOP, &[change]].concat()).await;
        assert_ne!(after, before, "{change}");
        assert_eq!(template(&after), template(&before), "{change}");
    }
    let restarts = render(&[SHOP, &["--set=settings.pool.maxConnections=8"]].concat()).await;
    assert_ne!(
        template(&restarts),
        template(&before),
        "what a pod begins with"
    );
}

#[tokio::test]
async fn every_setting_arrives_in_both_programs_under_its_name() {
    let fields = || FIELDS.iter().chain(AGENT_FIELDS.iter());
    let given: Vec<String> = fields()
        .map(|field| format!("--set=settings.{}={}", field.path, field.default))
        .collect();
    let objects = render(&words(&given)).await;
    for container in containers(template(&objects)) {
        for field in fields() {
            let expected = json!({"name": field.variable, "value": field.default});
            let env = list(&container["env"]);
            assert!(env.contains(&expected), "{}: {env:#?}", container["name"]);
        }
    }
}

/// A name that a program does not know does nothing, and nobody sees it.
#[tokio::test]
async fn every_variable_is_one_that_its_program_reads() {
    let programs = [
        (build::agent(Profile::Dev).await, "run"),
        (build::bot(Profile::Dev).await, "serve"),
    ];
    let mut help = Vec::new();
    for (program, command) in programs {
        let program = program.expect("it compiles");
        let ended = Bot::run(&program, [command, "--help"], vec![], LIMIT).await;
        help.push(ended.expect("it ends").output);
    }
    for (name, set) in sets() {
        let objects = render(&words(&set)).await;
        for (container, help) in containers(template(&objects)).into_iter().zip(&help) {
            let known: Vec<&str> = help.split_whitespace().collect();
            for variable in list(&container["env"]) {
                let variable = variable["name"].as_str().expect("a name");
                let plain = variable.strip_suffix("_FILE").unwrap_or(variable);
                assert!(
                    known.contains(&plain),
                    "{name}: {} reads no {plain}",
                    container["name"]
                );
            }
        }
    }
}

/// bot/src/app.rs and agent/src/app.rs: 3 s of accepting, 20 of work, 5 for calls, five parts of 5, the agent's 2, the kubelet's 5.
#[tokio::test]
async fn the_grace_period_is_what_stopping_may_take() {
    for (evacuation, seconds) in [(10, 70), (60, 120), (120, 180)] {
        let set = format!("--set=spool.evacuationSeconds={evacuation}");
        let objects = render(&[&set]).await;
        let grace = &template(&objects)["spec"]["terminationGracePeriodSeconds"];
        assert_eq!(*grace, seconds, "{set}");
    }
}

#[tokio::test]
async fn from_outside_only_the_webhook_can_be_reached() {
    let objects = render(SHOP).await;
    let rules = &the(&objects, "Ingress")["spec"]["rules"];
    assert_eq!(list(rules).len(), 1);
    assert_eq!(rules[0]["host"], "bot.example.com");
    let paths = list(&rules[0]["http"]["paths"]);
    assert_eq!(paths.len(), 1, "{rules}");
    assert_eq!(
        (&paths[0]["path"], &paths[0]["pathType"]),
        (&json!("/callback"), &json!("Exact"))
    );
    let ports = list(&the(&objects, "Service")["spec"]["ports"]);
    assert_eq!(ports.len(), 1);
    assert_eq!(ports[0]["targetPort"], "webhook");
}
