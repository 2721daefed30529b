//! The preloaded faults reach the file system's calls of a program: this one, run once more.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};

use sabai_tests::postgres::{Options, Postgres};
use sabai_tests::preload::{Disk, Preload};
use tempfile::TempDir;

const LIMIT: Duration = Duration::from_secs(20);

/// What each call came to, in the order of `victim`.
const CALLS: [&str; 7] = [
    "append", "within", "sync", "open", "rename", "remove", "read",
];

struct Subject {
    _home: TempDir,
    folder: TempDir,
    preload: Preload,
}

impl Subject {
    async fn new() -> Self {
        let home = TempDir::new().expect("a folder");
        let folder = TempDir::new().expect("a folder");
        let preload = Preload::new(home.path(), folder.path()).await;
        Self {
            _home: home,
            folder,
            preload: preload.expect("it compiles"),
        }
    }

    fn victim(&self, folder: &Path) -> Command {
        for name in ["open", "old", "gone"] {
            fs::write(folder.join(name), "0123456789").expect("no fault is here");
        }
        let mut command = Command::new(std::env::current_exe().expect("this program"));
        command
            .args(["--exact", "preload::victim", "--ignored", "--nocapture"])
            .env("VICTIM_FOLDER", folder)
            .envs(self.preload.env())
            .stdout(Stdio::piped());
        command
    }

    fn outcomes(&self, folder: &Path) -> Vec<String> {
        let output = self.victim(folder).output().expect("this program starts");
        words(&String::from_utf8_lossy(&output.stdout))
    }
}

fn words(output: &str) -> Vec<String> {
    let line = output
        .lines()
        .find_map(|line| line.strip_prefix("outcomes "));
    let words = line.expect("it tells").split(' ');
    words.map(str::to_owned).collect()
}

/// The files that it works on are opened before the fault is asked for, as a bot's are; it tells what became of each
/// call and by how many seconds its clock is off the file system's.
#[test]
#[ignore = "the program that the other tests run"]
#[expect(clippy::print_stdout, reason = "tells the test that started it")]
fn victim() {
    let Some(folder) = std::env::var_os("VICTIM_FOLDER") else {
        return;
    };
    let folder = Path::new(&folder);
    let number = |result: io::Result<()>| match result {
        Ok(()) => "ok".to_owned(),
        Err(error) => error.raw_os_error().unwrap_or(-1).to_string(),
    };
    let open = File::open(folder.join("open"));
    let writing = || OpenOptions::new().write(true).open(folder.join("open"));
    let append = || OpenOptions::new().append(true).open(folder.join("open"));
    let outcomes = [
        number(append().and_then(|mut file| file.write_all(b"more"))),
        number(writing().and_then(|file| file.write_all_at(b"9", 9))),
        number(open.and_then(|file| file.sync_data())),
        number(File::create(folder.join("new")).map(drop)),
        number(fs::rename(folder.join("old"), folder.join("newer"))),
        number(fs::remove_file(folder.join("gone"))),
        number(fs::read(folder.join("open")).map(drop)),
    ];
    println!("\noutcomes {}", outcomes.join(" "));
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    println!("clock {}", now.expect("after 1970").as_secs());
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn each_fault_of_the_disk_reaches_its_calls_and_no_other_folder() {
    let subject = Subject::new().await;
    let (full, read_only, io) = ("28", "30", "5");
    let elsewhere = TempDir::new().expect("a folder");
    for (fault, expected) in [
        (Disk::Full, [full, "ok", "ok", "ok", "ok", "ok", "ok"]),
        (
            Disk::ReadOnly,
            [
                read_only, read_only, "ok", read_only, read_only, read_only, "ok",
            ],
        ),
        (Disk::WritesFail, [io, io, "ok", "ok", "ok", "ok", "ok"]),
        (Disk::SyncsFail, ["ok", "ok", io, "ok", "ok", "ok", "ok"]),
        (Disk::Broken, [io, io, io, io, io, io, "ok"]),
    ] {
        subject.preload.disk(fault);
        let outcomes = subject.outcomes(subject.folder.path());
        assert_eq!(outcomes, expected, "{fault:?}: {CALLS:?}");
        assert_eq!(subject.outcomes(elsewhere.path()), ["ok"; 7], "{fault:?}");
    }
    subject.preload.heal();
    assert_eq!(subject.outcomes(subject.folder.path()), ["ok"; 7]);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_sync_hangs_until_it_heals_and_the_clock_is_off() {
    let subject = Subject::new().await;
    subject.preload.disk(Disk::SyncsHang);
    subject.preload.clock_off_by(-3_600_000);
    let mut victim = subject
        .victim(subject.folder.path())
        .spawn()
        .expect("this program starts");
    tokio::time::timeout(Duration::from_millis(500), async {
        while victim.try_wait().expect("our child").is_none() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await
    .expect_err("it hangs");
    subject.preload.heal();
    let output = tokio::task::spawn_blocking(move || victim.wait_with_output());
    let output = tokio::time::timeout(LIMIT, output)
        .await
        .expect("it goes on");
    let output = output.expect("no panic").expect("our child").stdout;
    let output = String::from_utf8_lossy(&output);
    assert_eq!(words(&output), ["ok"; 7]);
    let clock = output.lines().find_map(|line| line.strip_prefix("clock "));
    let clock: u64 = clock.expect("it tells").parse().expect("seconds");
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let behind = now.expect("after 1970").as_secs() - clock;
    assert!((3_590..=3_630).contains(&behind), "{behind} s behind");
}

/// What a full disk is to Postgres: 53100, and the session goes on.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_server_s_disk_is_full() {
    let options = Options {
        faults: true,
        ..Options::default()
    };
    let postgres = Postgres::start(options).await.expect("Postgres starts");
    let session = postgres.database().connect().await.expect("up");
    let table = "CREATE TABLE filling (what text)";
    session.batch_execute(table).await.expect("room");
    let disk = postgres.faults().expect("asked for");
    disk.disk(Disk::Full);
    let fill = "INSERT INTO filling SELECT repeat('x', 1000) FROM generate_series(1, 10000)";
    let refused = session.batch_execute(fill).await.expect_err("no room");
    let code = refused.code().map(|code| code.code().to_owned());
    assert_eq!(code.as_deref(), Some("53100"), "{refused:?}");
    disk.heal();
    session.batch_execute(fill).await.expect("room again");
}
