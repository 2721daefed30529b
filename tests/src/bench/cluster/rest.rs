//! What agents cost in a cluster while nothing happens: requests by the server's audit log, memory and processor.

use std::time::Instant;

use tokio::time::sleep;

use super::super::options::Options;
use super::super::report::{Goal, Row, Series};
use super::asked::Asked;
use super::{holder, used, usual};

pub(super) const ROWS: &[&str] = &[
    "requests_at_rest",
    "requests_at_rest_holder",
    "agent_rest_cluster_memory",
    "agent_rest_cluster_memory_holder",
    "agent_rest_cluster_cpu",
    "agent_rest_cluster_cpu_holder",
];
const PODS: usize = 3;
/// Six heartbeats, eight looks at the Lease.
const WINDOW: f64 = 720.0;
const SETTLES: f64 = 120.0;

/// Of the one that holds the Lease, and of the others.
#[derive(Default)]
struct Kinds {
    holder: Series,
    others: Series,
}

impl Kinds {
    fn push(&mut self, is_holder: bool, value: f64, not_ours: f64) {
        let series = match is_holder {
            true => &mut self.holder,
            false => &mut self.others,
        };
        series.push(value, not_ours);
    }

    /// Names of the others' row and the holder's.
    fn rows(
        self,
        names: &[&'static str],
        what: [&'static str; 2],
        unit: &'static str,
        goal: f64,
    ) -> [Row; 2] {
        let goal = Goal::AtMost(goal);
        [
            Row::alone(names[0], what[0], unit, self.others, goal),
            Row::alone(names[1], what[1], unit, self.holder, goal),
        ]
    }
}

pub(super) async fn rows(options: &Options) -> anyhow::Result<Vec<Row>> {
    if !options.wants_any(ROWS) {
        return Ok(Vec::new());
    }
    let release = usual(options, PODS).rate(1).start().await;
    release.says("Healthy", "True", "Reachable").await;
    sleep(options.seconds(SETTLES)).await;
    let holds = holder(&release).await;
    let (mut requests, mut memory, mut processor) =
        (Kinds::default(), Kinds::default(), Kinds::default());
    let (before, began) = (Asked::so_far(&release)?, Instant::now());
    let rounds = options.rounds();
    for _ in 0..rounds {
        let lasts = options.seconds(WINDOW / rounds as f64);
        let used = used(&release, lasts).await?;
        for (place, used) in used.into_iter().enumerate() {
            processor.push(place == holds, used.processor, used.not_ours);
            memory.push(place == holds, used.memory, used.not_ours);
        }
    }
    let asked = Asked::since(&release, before)?;
    for (place, member) in release.members.iter().enumerate() {
        let hourly = asked.per_hour(member, began.elapsed())?;
        requests.push(place == holds, hourly, f64::NAN);
    }
    drop(release);
    let what = [
        "requests of an agent in an hour at rest",
        "of the one that holds the Lease",
    ];
    let mut rows = Vec::from(requests.rows(&ROWS[..2], what, "/h", 80.0));
    let what = [
        "resident memory at rest in a cluster",
        "of the one that holds the Lease",
    ];
    rows.extend(memory.rows(&ROWS[2..4], what, "MiB", 12.0));
    let what = [
        "a core at rest in a cluster",
        "of the one that holds the Lease",
    ];
    rows.extend(processor.rows(&ROWS[4..], what, "%", 0.2));
    Ok(rows)
}
