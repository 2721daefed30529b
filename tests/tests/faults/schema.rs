//! Row 13: the schema changes under statements that are prepared and cached.

use sabai_tests::scene::{SOME, setup};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn columns_are_added_and_changed_under_cached_statements() {
    let scene = setup().start().await;
    for change in [
        "ALTER TABLE event ADD COLUMN of_a_later_version text",
        "ALTER TABLE turn ADD COLUMN of_a_later_version int",
        // Other result types: what is cached no longer fits.
        "ALTER TABLE event ALTER COLUMN destination TYPE varchar(200)",
        "ALTER TABLE event ALTER COLUMN lane TYPE varchar(200)",
        "ALTER TABLE lane ALTER COLUMN lane TYPE varchar(200)",
    ] {
        scene
            .execute(&format!("SET lock_timeout = '1s'; {change}"))
            .await;
        scene.answers(SOME / 2).await;
    }
    assert!(scene.met("StalePlan").await > 0, "the fault was injected");
    assert_eq!(scene.met("Unexpected").await, 0);
    scene.never_spooled().await;
    scene.ends_well().await;
}
