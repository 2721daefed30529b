//! The agent in a check: its verdict stands in the status, its probe prints every stage, its canaries find what is wrong
//! with the way.

use std::ops::RangeInclusive;
use std::time::Duration;

use serde::Serialize;
use tokio::time::{Instant, sleep};

use super::super::path;
use super::super::screen::Screen;
use super::super::stage::Stage;
use super::super::trouble::{self, LOOK};
use super::mark;

/// The stages of a path, as the agent prints them.
const STAGES: [&str; 7] = ["DNS", "TCP", "SSLRequest", "TLS", "Auth", "Query", "Write"];
const IDLE: Duration = Duration::from_secs(2);
/// What is right to find: the longest idle time that was seen to be safe, and the canaries see it to 5 %.
const FOUND: RangeInclusive<f64> = 1.8..=2.1;
/// Both come within seconds; a busy machine may need longer.
const VERDICT_LIMIT: Duration = Duration::from_secs(60);
const CANARIES_LIMIT: Duration = Duration::from_secs(180);

/// What became of it, in the order in which it is printed.
#[derive(Debug, Serialize)]
pub(super) struct Tried {
    healthy: bool,
    /// Stages that the probe has printed.
    stages: usize,
    idle_timeout_seconds: Option<f64>,
}

impl Tried {
    /// Tries it and tells. What it does to the way is taken back.
    pub(super) async fn on(screen: &Screen, stage: &Stage) -> Self {
        screen.show("\nThe agent, by its status, its probe and its canaries:");
        let healthy = healthy(screen, stage).await;
        let stages = stages(screen, stage).await;
        path::forget_the_idle(stage, screen, IDLE).await;
        let idle_timeout_seconds = found(screen, stage).await;
        trouble::heal(stage, screen).await;
        let tried = Self {
            healthy,
            stages,
            idle_timeout_seconds,
        };
        if !tried.is_well() {
            let log = stage.sidecar().log().path().display();
            screen.show(&format!("The agent's log is in {log}"));
        }
        tried
    }

    /// All of it is as it should be.
    pub(super) fn is_well(&self) -> bool {
        let found = self.idle_timeout_seconds;
        self.healthy
            && self.stages == STAGES.len()
            && found.is_some_and(|seconds| FOUND.contains(&seconds))
    }
}

async fn healthy(screen: &Screen, stage: &Stage) -> bool {
    let began = Instant::now();
    loop {
        let line = trouble::line(stage).await;
        let healthy = line.contains(" · agent: Healthy");
        if healthy || began.elapsed() >= VERDICT_LIMIT {
            screen.show(&format!("  {} {line}", mark(healthy)));
            return healthy;
        }
        sleep(LOOK).await;
    }
}

/// How many stages the page has, each in its place.
async fn stages(screen: &Screen, stage: &Stage) -> usize {
    match stage.sidecar().probe().await {
        Ok(ended) => {
            let printed = printed(&ended.output);
            let well = ended.status.success() && printed == STAGES.len();
            let text = ended.output.trim_end().replace('\n', "\n    ");
            screen.show(&format!("  {} {text}", mark(well)));
            if well { printed } else { 0 }
        }
        Err(error) => {
            screen.show(&format!("  ! {error:#}"));
            0
        }
    }
}

fn printed(page: &str) -> usize {
    let first = page.lines().filter_map(|line| line.split(' ').next());
    let mut left = STAGES.iter().peekable();
    for word in first {
        left.next_if(|stage| **stage == word);
    }
    STAGES.len() - left.len()
}

async fn found(screen: &Screen, stage: &Stage) -> Option<f64> {
    let began = Instant::now();
    loop {
        let found = stage.sidecar().idle_timeout().await;
        let took = began.elapsed();
        if found.is_some() || took >= CANARIES_LIMIT {
            let right = found.is_some_and(|seconds| FOUND.contains(&seconds));
            let said = found.map_or("nothing".to_owned(), |seconds| format!("{seconds:.2} s"));
            let took = took.as_secs();
            screen.show(&format!(
                "  {} after {took} s the canaries have found {said}",
                mark(right)
            ));
            return found;
        }
        sleep(LOOK).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_are_counted_in_their_order() {
        let whole = "Path to x\n\nDNS  1 ms\n  more\nTCP\nSSLRequest\nTLS\nAuth\nQuery\nWrite\n";
        assert_eq!(printed(whole), 7);
        assert_eq!(printed("TCP\nDNS\nTLS\n"), 1);
        assert_eq!(printed(""), 0);
    }

    #[test]
    fn all_of_it_has_to_be_well() {
        let well = Tried {
            healthy: true,
            stages: 7,
            idle_timeout_seconds: Some(1.97),
        };
        assert!(well.is_well());
        for wrong in [
            Tried {
                healthy: false,
                ..well
            },
            Tried { stages: 6, ..well },
            Tried {
                idle_timeout_seconds: None,
                ..well
            },
            Tried {
                idle_timeout_seconds: Some(1.0),
                ..well
            },
        ] {
            assert!(!wrong.is_well(), "{wrong:?}");
        }
    }
}
