//! `cargo bench -- soak`: mishaps at random under load for ten minutes, then Postgres gone for ten, and what became of
//! every event. With `--bench soak`, `--minutes N --gone N --rate N --seed N` change it; `--quick`, and
//! `cargo test --benches`, take seconds. Not asked for by name it does nothing, since it is no measurement.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::Context;
use sabai_tests::bot::build::Profile;
use sabai_tests::soak::{self, Plan};

const USAGE: &str = "cargo bench --bench soak -- soak [--minutes N] [--gone MINUTES] [--rate N] [--seed N] [--quick]";

fn main() -> anyhow::Result<()> {
    let Some(plan) = plan(std::env::args().skip(1)).context(USAGE)? else {
        say("soak: only when it is asked for by name, since it takes twenty minutes");
        return Ok(());
    };
    let runtime = tokio::runtime::Runtime::new()?;
    let outcome = runtime.block_on(async {
        say(&format!("seed {}", plan.seed));
        Box::pin(soak::run(plan, say)).await
    })?;
    say(&outcome.to_string());
    for (life, memory) in outcome.notes.memory.iter().enumerate() {
        say(&format!("memory of life {life}, KiB: {memory:?}"));
    }
    outcome.is_sound();
    Ok(())
}

fn plan(arguments: impl Iterator<Item = String>) -> anyhow::Result<Option<Plan>> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH)?;
    let optimised = !cfg!(debug_assertions);
    let mut plan = Plan {
        seed: since.as_secs(),
        lasts: Duration::from_secs(600),
        gone: Duration::from_secs(600),
        rate: 200,
        profile: if optimised {
            Profile::Release
        } else {
            Profile::Dev
        },
    };
    let (mut bench, mut quick, mut asked) = (false, false, false);
    let mut arguments = arguments;
    while let Some(argument) = arguments.next() {
        let mut number = || {
            let text = arguments
                .next()
                .with_context(|| format!("{argument} needs a number"))?;
            text.parse::<u64>()
                .with_context(|| format!("{argument}: {text} is no number"))
        };
        match &*argument {
            "--bench" => bench = true,
            "--quick" => quick = true,
            "--minutes" => plan.lasts = Duration::from_secs(60 * number()?),
            "--gone" => plan.gone = Duration::from_secs(60 * number()?),
            "--rate" => plan.rate = u32::try_from(number()?)?.max(1),
            "--seed" => plan.seed = number()?,
            "soak" => asked = true,
            option if option.starts_with('-') => anyhow::bail!("{option} is not known"),
            // Rows of other benches.
            _ => {}
        }
    }
    if quick || !bench {
        (plan.lasts, plan.gone) = (Duration::from_secs(10), Duration::from_secs(5));
    }
    Ok((asked || !bench).then_some(plan))
}

#[expect(clippy::print_stdout, reason = "what happens, as it does")]
fn say(what: &str) {
    println!("{what}");
}
