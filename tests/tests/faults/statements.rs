//! Row 12, what the server says to statements: locks, deadlocks, conflicts, limits, a full disk.

#[cfg(target_os = "linux")]
use sabai_tests::preload::Disk;

#[cfg(target_os = "linux")]
use sabai_tests::scene::faulty_server;
use sabai_tests::scene::{SOME, setup};

/// Statements that store events fail with this SQLSTATE, each second one.
fn failing(sqlstate: &str) -> String {
    format!(
        "CREATE SEQUENCE turn_of_fault;
         GRANT USAGE ON SEQUENCE turn_of_fault TO PUBLIC;
         CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
             IF nextval('turn_of_fault') % 2 = 0 THEN
                 RAISE EXCEPTION 'injected' USING ERRCODE = '{sqlstate}';
             END IF;
             RETURN NULL; END $$;
         CREATE TRIGGER fail AFTER INSERT ON event EXECUTE FUNCTION fail();
         CREATE TRIGGER fail AFTER INSERT ON turn EXECUTE FUNCTION fail()"
    )
}

const CLEARED: &str =
    "SET lock_timeout = '2s'; DROP TRIGGER fail ON event; DROP TRIGGER fail ON turn";

async fn each_second_statement_fails(sqlstate: &str, fault: &str) {
    let scene = setup().start().await;
    scene.execute(&failing(sqlstate)).await;
    scene.answers(SOME).await;
    scene.execute(CLEARED).await;
    scene.names(fault).await;
    scene.recovers().await;
    scene.ends_well().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deadlocks() {
    each_second_statement_fails("40P01", "Deadlock").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn serialization_failures() {
    each_second_statement_fails("40001", "SerializationFailed").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_out_of_memory() {
    each_second_statement_fails("53200", "OutOfMemory").await;
}

/// Somebody holds the table for longer than LINE waits.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lock_that_is_held_for_long() {
    let scene = setup().start().await;
    let somebody = scene.world.database.superuser().await.expect("there");
    let lock = "BEGIN; LOCK TABLE event IN SHARE ROW EXCLUSIVE MODE";
    somebody.batch_execute(lock).await.expect("sound");
    scene.answers(2 * SOME).await;
    scene.names("StatementTimeout").await;
    somebody.batch_execute("COMMIT").await.expect("sound");
    scene.recovers().await;
    scene.ends_well().await;
}

/// Every statement that stores events takes longer than it may.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn statements_that_reach_the_server_s_limit() {
    let scene = setup().start().await;
    let slow = "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql
            AS 'BEGIN PERFORM pg_sleep(3); RETURN NULL; END';
        CREATE TRIGGER slow AFTER INSERT ON event EXECUTE FUNCTION slow()";
    scene.execute(slow).await;
    scene.answers(2 * SOME).await;
    scene.names("StatementTimeout").await;
    scene
        .execute("SET lock_timeout = '10s'; DROP TRIGGER slow ON event")
        .await;
    scene.recovers().await;
    scene.ends_well().await;
}

/// The tables cannot grow: what was taken stays on the spool, and is answered when there is room.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_server_s_disk_is_full() {
    let server = faulty_server().await;
    let scene = setup().on(&server).start().await;
    let disk = server.faults().expect("asked for");
    disk.disk(Disk::Full);
    scene.answers(2 * SOME).await;
    scene.names("DiskFull").await;
    disk.heal();
    scene.recovers().await;
    scene.ends_well().await;
}
