//! Row 14, damage to what stands on the spool, and what Postgres never takes: it is kept aside and counted, the rest is
//! intact and drained.

use std::fs;
use std::path::{Path, PathBuf};

use sabai_tests::wait::eventually;
use sabai_tests::webhook::Event;

use sabai_tests::scene::{LIMIT, SOME, Scene, setup};

const REJECTED: &str = "sabai_spool_rejected_records_total";

/// The newest file of webhooks.
fn segment(spool: &Path) -> PathBuf {
    let files = fs::read_dir(spool.join("webhooks")).expect("a spool");
    let paths = files.map(|file| file.expect("readable").path());
    let segments = paths.filter(|path| path.extension().is_some_and(|end| end == "segment"));
    segments.max().expect("a segment")
}

/// Killed with webhooks on its spool, which meets `damage` before the next life.
async fn damaged(damage: impl FnOnce(&mut Vec<u8>)) -> (Scene, PathBuf) {
    let scene = setup().start().await;
    scene.postgres_goes().await;
    scene.answers(SOME).await;
    let spool = scene.world.folder().join("spool");
    let harm = async |_: &_| {
        let file = segment(&spool);
        let mut bytes = fs::read(&file).expect("readable");
        damage(&mut bytes);
        fs::write(&file, bytes).expect("writable");
    };
    let scene = scene.kill(harm).await;
    scene.gate.heal().await;
    scene.recovers().await;
    (scene, spool)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_record_is_torn() {
    // The beginning of a record that nobody was told of.
    let (scene, _) = damaged(|bytes| bytes.extend_from_within(..60)).await;
    scene.ends_well().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bit_is_flipped_in_the_middle() {
    let (scene, spool) = damaged(|bytes| {
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
    })
    .await;
    scene.metric(REJECTED, |records| records > 0.0).await;
    let aside = fs::read_dir(spool.join("webhooks/rejected")).expect("kept aside");
    assert_eq!(aside.count(), 1);
    one_is_missing(scene).await;
}

/// All but one acknowledged event come to their end, once and in order.
async fn one_is_missing(scene: Scene) {
    scene.load.stop().await.all_answered(&[200]);
    let report = eventually(LIMIT, "all but one to be settled", async || {
        let report = scene
            .world
            .check()
            .await
            .map_err(|error| format!("{error:#}"))?;
        match report.unsettled.len() {
            1 => Ok(report),
            _ => Err(report.to_string()),
        }
    })
    .await;
    assert_eq!((report.duplicates, report.out_of_order), (0, 0), "{report}");
}

/// Postgres refuses one event for good, whatever is made of it, and it stands before all others.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_poisoned_record_stands_at_the_head() {
    let scene = setup().start().await;
    let poison = "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            IF position('poison'::bytea IN NEW.body) > 0 THEN
                RAISE EXCEPTION 'injected' USING ERRCODE = '22021';
            END IF;
            RETURN NEW; END $$;
        CREATE TRIGGER refuse BEFORE INSERT ON event FOR EACH ROW EXECUTE FUNCTION refuse();
        CREATE TRIGGER refuse BEFORE INSERT ON dead_letter FOR EACH ROW EXECUTE FUNCTION refuse()";
    scene.execute(poison).await;
    scene.postgres_goes().await;
    let event = Event::text("somebody", "poison");
    let delivery = scene.world.webhook(&scene.bot).deliver(&[event]).await;
    assert!(delivery.acknowledged(), "{delivery:?}");
    scene.answers(SOME).await;
    scene.gate.heal().await;
    scene.recovers().await;
    scene.metric(REJECTED, |records| records > 0.0).await;
    scene.ends_well().await;
}
