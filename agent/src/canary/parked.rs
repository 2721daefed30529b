//! One parked session: left alone until its age, asked once, closed.

use std::sync::Arc;
use std::time::Duration;

use sabai_wire::fault::Fault;
use sabai_wire::link::End;
use tokio::sync::{Mutex, oneshot};
use tokio::time::{Instant, sleep_until};

use super::ClosedBy;
use super::path::{Canary, Path};
use super::search::{Outcome, Told};
use crate::moment::Moment;

/// How long an answer is waited for.
pub(super) const ASKING: Duration = Duration::from_secs(2);
/// Who is asked later than this may have heard a keepalive before.
pub(super) const LATE: Duration = Duration::from_secs(1);
/// When awake time and the clock differ by more, the process stood still.
const STOOD_STILL: Duration = Duration::from_millis(300);

/// The path, one opening at a time.
pub(super) type OneByOne<P> = Arc<Mutex<P>>;

/// A session that is parked, and how.
pub(super) struct Parked<P: Path, C> {
    pub(super) canary: P::Canary,
    pub(super) age: Duration,
    pub(super) path: OneByOne<P>,
    pub(super) awake: C,
    /// Its sender is dropped when nobody wants to know any more.
    pub(super) abandoned: oneshot::Receiver<()>,
}

impl<P: Path, C: Fn() -> Moment> Parked<P, C> {
    /// Waits for its end or its age; nothing when it was abandoned before.
    pub(super) async fn run(self) -> Option<Told> {
        let Self {
            canary,
            age,
            path,
            awake,
            abandoned,
        } = self;
        let since = (awake(), Instant::now());
        let stood_still = || {
            let (by_awake, by_clock) = (awake().since(since.0), since.1.elapsed());
            by_clock.abs_diff(by_awake) > STOOD_STILL
        };
        let ended = tokio::select! {
            end = canary.ended() => Some(end),
            () = sleep_until(since.1 + age) => None,
            _ = abandoned => {
                canary.close().await;
                return None;
            }
        };
        let (at, idle) = (awake(), since.1.elapsed());
        let outcome = match ended {
            Some(end) => of_end(end),
            None => of_answer(canary.ask(Instant::now() + ASKING).await),
        };
        // Before another one is opened, so that they are no more than they should be.
        canary.close().await;
        let doubtful =
            idle > age + LATE || stood_still() || (is_dead(outcome) && !leads_on(&path).await);
        Some(Told {
            at,
            age: Duration::from_millis(u64::try_from(idle.as_millis()).unwrap_or(u64::MAX)),
            outcome: if doubtful { Outcome::Spoiled } else { outcome },
        })
    }
}

/// Whether a fresh session can be had. If not, it was not idling that ended the parked one.
async fn leads_on<P: Path>(path: &OneByOne<P>) -> bool {
    let path = path.lock().await;
    match Box::pin(path.open(Duration::ZERO)).await {
        Ok(fresh) => {
            fresh.close().await;
            true
        }
        Err(_) => false,
    }
}

fn is_dead(outcome: Outcome) -> bool {
    matches!(outcome, Outcome::Ended(_) | Outcome::FoundDead(_))
}

fn of_end(end: End) -> Outcome {
    match end {
        End::Lost(fault) => ClosedBy::of(fault).map_or(Outcome::Spoiled, Outcome::Ended),
        End::Closed | End::Cut(_) => Outcome::Spoiled,
    }
}

fn of_answer(answer: Result<(), Fault>) -> Outcome {
    match answer {
        Ok(()) => Outcome::Alive,
        // An error is an answer too.
        Err(fault) if fault.keeps_session() => Outcome::Alive,
        Err(fault) => ClosedBy::of(fault).map_or(Outcome::Spoiled, Outcome::FoundDead),
    }
}
