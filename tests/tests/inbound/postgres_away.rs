//! Postgres away or not to be trusted at start: the bot stays up, says which and what to do, refuses in time, and heals
//! by itself when the fault is mended.

use std::sync::Arc;
use std::time::{Duration, Instant};

use http::Request;
use http_body_util::Full;
use sabai_tests::bot::Bot;
use sabai_tests::http::Client;
use sabai_tests::postgres::certificates::Presents;
use sabai_tests::postgres::{Options as PostgresOptions, Postgres, Stop};
use sabai_tests::wait::eventually;
use sabai_tests::webhook::{Event, Webhook, sign};
use sabai_tests::world::{Options, World};

use super::scene::{ANSWERS, SOON, taken, world};

/// LINE gives up at 2 s, and the way back takes time.
const IN_TIME: Duration = Duration::from_millis(1500);

async fn own_world() -> (Arc<Postgres>, World) {
    let postgres = Postgres::start(PostgresOptions::default())
        .await
        .expect("Postgres starts");
    let world = World::new(Options::answering(ANSWERS).on(Arc::clone(&postgres)))
        .await
        .expect("everything starts");
    (postgres, world)
}

/// Waits until the bot is not ready for this reason and tells this remedy; webhooks are refused meanwhile.
async fn says(world: &World, bot: &Bot, fault: &str, remedy: &str) {
    eventually(SOON, fault, async || {
        match bot.admin_page("/readyz").await {
            Ok((503, page)) if page.contains(fault) && page.contains(remedy) => Ok(()),
            other => Err(format!("{other:?}")),
        }
    })
    .await;
    let live = bot.admin_page("/livez").await.expect("it lives");
    assert_eq!(live.0, 200);
    assert!(bot.exit_status().is_none(), "the process stays");
    refuses_in_time(world, bot).await;
}

/// 503 with Retry-After to an event, 200 to a call without one.
async fn refuses_in_time(world: &World, bot: &Bot) {
    let webhook = world.webhook(bot);
    let body = webhook.body(&[Event::text("ann", "hello")]);
    let signature = sign::signature(&world.line.options().channel_secret, &body);
    let request = Request::post(format!("http://{}/callback", bot.webhook()))
        .header("x-line-signature", signature)
        .body(Full::new(body))
        .expect("a request");
    let started = Instant::now();
    let answer = Client::default()
        .send(request, 2 * IN_TIME)
        .await
        .expect("an answer");
    let took = started.elapsed();
    assert_eq!(answer.status(), 503);
    assert!(answer.headers().contains_key("retry-after"));
    assert!(took < IN_TIME, "after {took:?}");
    assert_eq!(
        webhook.deliver(&[]).await.outcome,
        Ok(200),
        "nothing to store"
    );
}

async fn healed(world: &World, bot: &Bot, webhook: &Webhook) {
    bot.wait_ready(SOON).await;
    let event = Event::text("ann", "hello");
    taken(world, webhook, std::slice::from_ref(&event)).await;
    let report = world.settled(SOON).await;
    assert_eq!(world.line.accepted_for(&event.id).len(), 1, "{report}");
}

#[tokio::test]
async fn a_server_that_starts_after_the_bot_is_found_and_until_then_line_is_told_503() {
    let (postgres, world) = own_world().await;
    postgres.stop(Stop::Fast).await.expect("stops");
    let bot = world.bot_with(Vec::new()).await.expect("it listens");
    says(&world, &bot, "Refused", "check that Postgres runs").await;
    postgres.start_again().await.expect("starts");
    healed(&world, &bot, &world.webhook(&bot)).await;
}

#[tokio::test]
async fn a_certificate_that_cannot_be_trusted_is_named_and_a_good_one_taken_without_a_restart() {
    let (postgres, world) = own_world().await;
    postgres
        .present(Presents::Untrusted)
        .await
        .expect("reloads");
    let bot = world.bot_with(Vec::new()).await.expect("it listens");
    for (presents, fault, remedy) in [
        (Presents::Untrusted, "CertificateUntrusted", "PGSSLROOTCERT"),
        (Presents::WrongName, "CertificateWrongName", "PGHOST"),
        (Presents::Plaintext, "TlsNotOffered", "ssl=on"),
    ] {
        postgres.present(presents).await.expect("reloads");
        says(&world, &bot, fault, remedy).await;
    }
    let sessions = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'sabai'";
    assert_eq!(super::scene::number(&world, sessions).await, 0);
    postgres.present(Presents::Trusted).await.expect("reloads");
    healed(&world, &bot, &world.webhook(&bot)).await;
}

#[tokio::test]
async fn a_wrong_password_is_named_and_the_file_read_again_until_it_is_right() {
    let world = world().await;
    let file = world.folder().join("password");
    std::fs::write(&file, "not-the-password\n").expect("written");
    let from_file = [
        ("PGPASSWORD", String::new()),
        ("PGPASSWORD_FILE", file.display().to_string()),
    ];
    let from_file = from_file.map(|(name, value)| (name.to_owned(), value));
    let bot = world
        .bot_with(from_file.to_vec())
        .await
        .expect("it listens");
    says(&world, &bot, "PasswordRejected", "PGPASSWORD").await;
    std::fs::write(&file, &world.database.password).expect("written");
    healed(&world, &bot, &world.webhook(&bot)).await;
    let log = bot.log().lines();
    assert!(
        log.iter()
            .all(|line| !line.text().contains("not-the-password"))
    );
}
