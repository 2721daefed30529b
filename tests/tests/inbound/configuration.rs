//! The configuration as a person meets it: all problems at once, help that suffices to deploy, a port that is taken.

use std::time::Duration;

use sabai_tests::bot::{Bot, Ended, Environment};
use tokio::net::TcpListener;

use super::scene::world;

async fn run(program: &std::path::Path, argument: &str, environment: Environment) -> Ended {
    let limit = Duration::from_secs(20);
    let ended = Bot::run(program, [argument], environment, limit).await;
    ended.expect("it ends")
}

fn set(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

#[tokio::test]
async fn every_problem_is_told_at_once_with_exit_64_and_no_secret() {
    let world = world().await;
    let wrong = vec![
        set("PGPORT", "seventy"),
        set("PGSSLMODE", "require"),
        set("PGPASSWORD_FILE", "/nowhere/password"),
        set("LINE_CHANNEL_ID", "1234567890"),
        set("LINE_DESTINATION", "the shop"),
        set("SABAI_LEASE", "10ms"),
        set("SABAI_BODY_LIMIT", "0"),
        set("SABAI_LOG", "info,="),
        set("SABAI_LISTEN", "everywhere"),
    ];
    let environment = [world.environment(), wrong.clone()].concat();
    let ended = run(world.program(), "serve", environment).await;
    assert_eq!(ended.status.code(), Some(64), "{}", ended.output);
    for (name, _) in &wrong {
        assert!(ended.output.contains(name), "{name}: {}", ended.output);
    }
    for secret in [
        &world.database.password,
        &world.line.options().channel_secret,
        &world.line.options().access_token,
    ] {
        assert!(!ended.output.contains(secret.as_str()), "{}", ended.output);
    }

    let ended = run(world.program(), "serve", Vec::new()).await;
    assert_eq!(ended.status.code(), Some(64), "{}", ended.output);
    for name in [
        "PGHOST",
        "PGUSER",
        "PGSSLROOTCERT",
        "LINE_CHANNEL_SECRET",
        "LINE_CHANNEL_ACCESS_TOKEN",
    ] {
        assert!(ended.output.contains(name), "{name}: {}", ended.output);
    }
}

#[tokio::test]
async fn help_names_every_variable_and_exit_code_and_a_wrong_command_ends_with_64() {
    let program = world().await.program().to_owned();
    let help = run(&program, "--help", Vec::new()).await;
    assert_eq!(help.status.code(), Some(0));
    for word in [
        "PGHOST",
        "PGSSLROOTCERT",
        "LINE_CHANNEL_SECRET",
        "LINE_DESTINATION",
        "SABAI_LISTEN",
        "SABAI_ANSWERS",
        "SABAI_POOL_MAX_CONNECTIONS",
        "SABAI_LEASE",
        "_FILE",
        "64",
        "migrate",
    ] {
        assert!(help.output.contains(word), "{word}: {}", help.output);
    }
    let wrong = run(&program, "dance", Vec::new()).await;
    assert_eq!(wrong.status.code(), Some(64), "{}", wrong.output);
}

#[tokio::test]
async fn a_port_that_is_taken_ends_it_with_64_and_the_variable_s_name() {
    let world = world().await;
    let taken = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = taken.local_addr().expect("bound").to_string();
    for variable in ["SABAI_LISTEN", "SABAI_ADMIN_LISTEN"] {
        let free = [
            set("SABAI_LISTEN", "127.0.0.1:0"),
            set("SABAI_ADMIN_LISTEN", "127.0.0.1:0"),
        ];
        let environment = [
            world.environment(),
            free.to_vec(),
            vec![set(variable, &address)],
        ];
        let ended = run(world.program(), "serve", environment.concat()).await;
        assert_eq!(ended.status.code(), Some(64), "{}", ended.output);
        assert!(
            ended
                .output
                .contains(&format!("{variable}: cannot listen on {address}")),
            "{}",
            ended.output
        );
    }
}
