//! Events of days that are not kept: stored settled, never answered, however often they come; and the days that are
//! kept are there.

use std::time::{SystemTime, UNIX_EPOCH};

use sabai_tests::webhook::Event;

use super::scene::{endings, number, quiet, taken, world_and_bot};

const DAY: u64 = 86_400_000;

#[tokio::test]
async fn an_event_older_than_29_days_or_over_a_day_ahead_is_stored_and_never_answered() {
    let (world, bot) = world_and_bot().await;
    let webhook = world.webhook(&bot);
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("after 1970");
    let now = u64::try_from(now.as_millis()).expect("this century");
    // Days begin at midnight UTC: half a day in between keeps the test from standing on the edge of one.
    let strange = [now - 31 * DAY, now + 3 * DAY, 0, 253_402_300_799_999];
    let strange = strange.map(|at| Event::text("ann", "hello").at(at));
    let kept = [now - 28 * DAY, now - DAY, now + DAY / 2];
    let kept = kept.map(|at| Event::text("ben", "hello").at(at));
    for _ in 0..3 {
        taken(&world, &webhook, &strange).await;
        taken(&world, &webhook, &kept).await;
        quiet(&world).await;
    }
    for event in &strange {
        let endings = endings(&world, event).await;
        assert!(!endings.is_empty(), "stored");
        assert!(
            endings.iter().all(|ending| ending == "stored_only too_old"),
            "{endings:?}"
        );
        assert!(world.line.accepted_for(&event.id).is_empty());
    }
    for event in &kept {
        assert_eq!(
            endings(&world, event).await.len(),
            1,
            "deduplicated by its own day"
        );
    }
    assert_eq!(endings(&world, &kept[1]).await.len(), 1);
    let days = "SELECT count(*) FROM generate_series(-29, 1) n, pg_inherits
        WHERE inhparent = 'seen'::regclass AND inhrelid = to_regclass('seen_' ||
            to_char((now() AT TIME ZONE 'utc')::date + n, 'YYYYMMDD'))";
    assert_eq!(number(&world, days).await, 31);
    assert_eq!(webhook.deliver(&[]).await.outcome, Ok(200));
}
