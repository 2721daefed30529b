//! `cargo bench --bench link`: statements through a link of `sabai_wire` beside sqlx over its own TLS, both to the
//! same server, verified, one session each, medians of round trips.

mod direct;
mod ours;

use std::path::Path;
use std::time::{Duration, Instant};

use sabai_tests::bench::meter::Reading;
use sabai_tests::bench::report::{self, Goal, Row, Series};
use sabai_tests::bench::{Options, Timed};
use sabai_tests::postgres::{self, Postgres};

/// What is asked: one round trip that does nothing, or one with a parameter of 64 KiB.
#[derive(Clone, Copy)]
enum Ask {
    Tiny,
    Large,
}

fn main() -> anyhow::Result<()> {
    let options = Options::parse(std::env::args().skip(1)).map_err(anyhow::Error::msg)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(Box::pin(run(&options)))
}

async fn run(options: &Options) -> anyhow::Result<()> {
    let mut rows = vec![
        row("tiny", "tiny query through a link", Goal::RatioAtMost(1.3)),
        // Twenty times faster is a twentieth of the time.
        row(
            "large",
            "statement of 64 KiB through a link",
            Goal::RatioAtMost(0.05),
        ),
    ];
    rows.retain(|row| options.wants(row.name));
    if !rows.is_empty() {
        let postgres = Postgres::start(postgres::Options::default()).await?;
        let mut direct = direct::connect(&postgres.database()).await?;
        let link = Box::pin(ours::connect(&postgres.database())).await?;
        for _ in 0..options.rounds() {
            for row in &mut rows {
                let ask = if row.name == "tiny" {
                    Ask::Tiny
                } else {
                    Ask::Large
                };
                let lasts = options.seconds(1.5);
                let reference = row.reference.get_or_insert_default();
                timed(&postgres, reference, lasts, async || {
                    direct::ask(&mut direct, ask).await
                })
                .await?;
                timed(&postgres, &mut row.ours, lasts, async || {
                    ours::ask(&link, ask).await
                })
                .await?;
            }
        }
    }
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("bench");
    report::publish("link", &rows, options.quick, &target)
}

fn row(name: &'static str, what: &'static str, goal: Goal) -> Row {
    let against = "sqlx, its own TLS, p50";
    Row {
        name,
        what,
        against,
        unit: "ms",
        reference: Some(Series::default()),
        ours: Series::default(),
        goal,
    }
}

async fn timed(
    postgres: &Postgres,
    series: &mut Series,
    lasts: Duration,
    mut ask: impl AsyncFnMut() -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    // The first one prepares the statement.
    ask().await?;
    let before = Reading::take(postgres, &[]);
    let started = Instant::now();
    let mut timed = Timed::default();
    while started.elapsed() < lasts {
        let began = Instant::now();
        ask().await?;
        timed.took.push(began.elapsed());
    }
    let usage = before
        .zip(Reading::take(postgres, &[]))
        .map(|(before, after)| after.since(&before));
    series.push(
        timed.quantile_ms(0.5),
        usage.map_or(f64::NAN, |usage| usage.not_ours),
    );
    Ok(())
}

/// The parameter of [`Ask::Large`].
fn large() -> String {
    "x".repeat(64 * 1024)
}
