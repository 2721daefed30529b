//! A short soak: mishaps at random from a seed, the same in each run unless `SEED` says another. `cargo bench -- soak` is a
//! long one, with a new seed each time.

use std::time::Duration;

use sabai_tests::bot::build::Profile;
use sabai_tests::soak::{self, Plan};

const SEED: u64 = 2026;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[expect(clippy::print_stdout, reason = "the seed of a failing run")]
async fn mishaps_at_random_lose_nothing_double_nothing_and_keep_order() {
    let seed = std::env::var("SEED")
        .ok()
        .and_then(|seed| seed.parse().ok());
    let plan = Plan {
        seed: seed.unwrap_or(SEED),
        lasts: Duration::from_secs(30),
        gone: Duration::ZERO,
        rate: 100,
        profile: Profile::Dev,
    };
    println!("seed {}", plan.seed);
    let outcome = soak::run(plan, |what| println!("{what}")).await;
    let outcome = outcome.unwrap_or_else(|error| panic!("seed {}: {error:#}", plan.seed));
    println!("{outcome}");
    outcome.is_sound();
}
