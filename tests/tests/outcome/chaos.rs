//! Twenty kills at random moments under load: nothing lost, nothing doubled, order kept.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use sabai_tests::bot::Bot;
use sabai_tests::random::Random;
use sabai_tests::webhook::{Event, Webhook};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::scene::{LIMIT, SHORT, Scene, options};

const KILLS: usize = 20;
const CUSTOMERS: usize = 12;

/// The bots' present addresses, as a Service knows them.
type Addresses = watch::Sender<[Option<Webhook>; 2]>;

#[tokio::test]
#[expect(clippy::print_stdout, reason = "the seed of a failing run")]
async fn twenty_kills_under_load_lose_nothing_double_nothing_and_keep_order() {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let seed = since.expect("after 1970").as_nanos() as u64;
    println!("seed {seed}");
    // It is we who kill, not the events: none may be buried for it.
    let options = options()
        .env("SABAI_LEASE", SHORT)
        .env("SABAI_MAX_ATTEMPTS", "100");
    let scene = Arc::new(Scene::new(options).await);
    let addresses: Addresses = watch::Sender::new([None, None]);
    let mut bots = [
        start(&scene, &addresses, 0).await,
        start(&scene, &addresses, 1).await,
    ];
    let ended = Arc::new(AtomicBool::new(false));
    let mut customers = JoinSet::new();
    for number in 0..CUSTOMERS {
        let dice = Random::new(seed.wrapping_add(number as u64));
        let talking = talk(
            number,
            dice,
            Arc::clone(&scene),
            addresses.subscribe(),
            Arc::clone(&ended),
        );
        customers.spawn(talking);
    }
    let mut dice = Random::new(!seed);
    for kill in 0..KILLS {
        wait(Duration::from_millis(dice.within(0..=499) as u64)).await;
        let victim = kill % 2;
        addresses.send_modify(|addresses| addresses[victim] = None);
        let [one, two] = bots;
        bots = if victim == 0 {
            one.kill().await;
            [start(&scene, &addresses, 0).await, two]
        } else {
            two.kill().await;
            [one, start(&scene, &addresses, 1).await]
        };
    }
    ended.store(true, Ordering::Relaxed);
    while let Some(customer) = customers.join_next().await {
        customer.expect("a customer does not panic");
    }
    let report = scene.world.settled(LIMIT).await;
    println!("{report}");
    assert!(report.is_sound(), "seed {seed}: {report}");
    assert_eq!(report.acknowledged, report.sent, "{report}");
    assert!(report.answered > 3 * CUSTOMERS, "{report}");
}

async fn start(scene: &Scene, addresses: &Addresses, number: usize) -> Bot {
    let folder = scene.world.folder().join(format!("spool {number}"));
    let bot = scene
        .bot_with(&[("SABAI_SPOOL_DIR", &folder.display().to_string())])
        .await;
    let webhook = scene.world.webhook(&bot);
    addresses.send_modify(|addresses| addresses[number] = Some(webhook));
    bot
}

/// One customer: calls of one to three events, delivered until they are acknowledged, some twice.
async fn talk(
    number: usize,
    mut dice: Random,
    scene: Arc<Scene>,
    addresses: watch::Receiver<[Option<Webhook>; 2]>,
    ended: Arc<AtomicBool>,
) {
    let name = format!("customer {number}");
    while !ended.load(Ordering::Relaxed) {
        let count = dice.within(1..=3);
        let mut events: Vec<Event> = (0..count).map(|_| Event::text(&name, "hello")).collect();
        let mut twice = dice.chance(10);
        let end = Instant::now() + LIMIT;
        loop {
            assert!(
                Instant::now() < end,
                "{name} is not acknowledged for {LIMIT:?}"
            );
            let index = usize::from(dice.chance(50));
            let webhook = addresses.borrow()[index].clone();
            let Some(webhook) = webhook else {
                wait(Duration::from_millis(5)).await;
                continue;
            };
            let delivery = webhook.deliver(&events).await;
            scene.world.history.record(&events, &delivery);
            events = events.iter().map(Event::redelivered).collect();
            if delivery.acknowledged() && !std::mem::take(&mut twice) {
                break;
            }
        }
        answered(&scene, &events, &mut dice).await;
    }
}

/// Most customers wait for an answer before they go on, though not for long.
async fn answered(scene: &Scene, events: &[Event], dice: &mut Random) {
    let end = Instant::now() + Duration::from_millis(dice.within(0..=1_999) as u64);
    let all = || {
        events
            .iter()
            .all(|event| !scene.world.line.accepted_for(&event.id).is_empty())
    };
    while Instant::now() < end && !all() {
        wait(Duration::from_millis(20)).await;
    }
}

/// A moment of chance, not a wait for something.
async fn wait(time: Duration) {
    tokio::time::sleep(time).await;
}
