//! A short soak: mishaps at random from a printed seed. `cargo bench --bench soak` runs a long one.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sabai_tests::bot::build::Profile;
use sabai_tests::soak::{self, Plan};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[expect(clippy::print_stdout, reason = "the seed of a failing run")]
async fn mishaps_at_random_lose_nothing_double_nothing_and_keep_order() {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let plan = Plan {
        seed: since.expect("after 1970").as_secs(),
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
