//! Gathering: waiting a moment for more, before work is done together.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};

/// Receives into `waiting` until there are `enough`, or `within` has passed. Takes what is there in one go, `most` in
/// all.
pub(super) async fn gather<T>(
    receiver: &mut mpsc::Receiver<T>,
    waiting: &mut Vec<T>,
    enough: usize,
    most: usize,
    within: Duration,
) {
    let until = Instant::now() + within;
    while waiting.len() < enough.min(most) {
        let room = most - waiting.len();
        match timeout_at(until, receiver.recv_many(waiting, room)).await {
            Ok(received) if received > 0 => {}
            // Too late, or nobody is left who could come.
            _ => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOMENT: Duration = Duration::from_millis(3);

    async fn gathered(there: usize, enough: usize, most: usize) -> (usize, Duration) {
        let (sender, mut receiver) = mpsc::channel(100);
        for one in 0..there {
            sender.try_send(one).expect("room");
        }
        let (mut waiting, started) = (vec![100], Instant::now());
        gather(&mut receiver, &mut waiting, enough, most, MOMENT).await;
        (waiting.len(), started.elapsed())
    }

    #[tokio::test(start_paused = true)]
    async fn it_waits_for_enough_and_no_longer_than_a_moment() {
        assert_eq!(gathered(4, 5, 100).await, (5, Duration::ZERO), "enough");
        assert_eq!(
            gathered(9, 5, 100).await,
            (10, Duration::ZERO),
            "all there are"
        );
        assert_eq!(gathered(9, 20, 6).await, (6, Duration::ZERO), "at most");
        assert_eq!(gathered(2, 5, 100).await.0, 3, "what came in a moment");
        assert!(gathered(2, 5, 100).await.1 >= MOMENT);
    }

    #[tokio::test(start_paused = true)]
    async fn it_does_not_wait_when_nobody_can_come() {
        let (sender, mut receiver) = mpsc::channel::<u8>(1);
        drop(sender);
        let started = Instant::now();
        gather(&mut receiver, &mut vec![1], 5, 100, MOMENT).await;
        assert_eq!(started.elapsed(), Duration::ZERO);
    }
}
