//! Files as an operator or a kubelet swaps them; nobody listens.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::Duration;

use ring::digest::{SHA256, digest};
use sabai_wire::dial::SocketOptions;
use tempfile::TempDir;

use super::*;
use crate::config::{Reader, read_file};

const CA: &str = "-----BEGIN CERTIFICATE-----";
const KEY: &str = "-----BEGIN PRIVATE KEY-----";

/// A folder with all files, and the access that reads them.
fn access(root: &str) -> (TempDir, Access) {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, content) in [("ca", CA), ("crt", CA), ("key", KEY), ("password", "one")] {
        fs::write(folder.path().join(name), content).expect("written");
    }
    let in_folder = |name: &str| folder.path().join(name).into_os_string();
    let lookup = |name: &str| {
        Some(match name {
            "PGHOST" => OsString::from("127.0.0.1"),
            // Nobody listens there without the rights of root.
            "PGPORT" => OsString::from("1"),
            "PGUSER" => OsString::from("shop"),
            "PGPASSWORD_FILE" => in_folder("password"),
            "PGSSLROOTCERT" if root == "system" => OsString::from(root),
            "PGSSLROOTCERT" => in_folder(root),
            "PGSSLCERT" => in_folder("crt"),
            "PGSSLKEY" => in_folder("key"),
            _ => return None,
        })
    };
    let mut reader = Reader::new(&lookup, &read_file);
    let config = DatabaseConfig::read(&mut reader);
    let config = reader.finish(config).expect("valid");
    let access = Access::new(&config);
    (folder, access)
}

async fn digests(access: &Access) -> Digests {
    access.contents().await.expect("readable").digests
}

fn session() -> Session {
    Session {
        application_name: "sabai/test".to_owned(),
        generation: 0,
        statement_timeout: Duration::from_secs(1),
        connect_timeout: Duration::from_secs(5),
        socket: SocketOptions {
            keepalive_idle: Duration::from_secs(60),
            keepalive_interval: Duration::from_secs(10),
            keepalive_count: 3,
            unacknowledged_timeout: Duration::from_secs(30),
        },
    }
}

/// What is done, how, and which of the three differ then.
type Step<'a> = (&'a str, &'a dyn Fn(), [bool; 3]);

/// Which of the three differ.
fn changed(before: &Digests, after: &Digests) -> [bool; 3] {
    [
        before.ca != after.ca,
        before.client_certificate != after.client_certificate,
        before.password != after.password,
    ]
}

#[tokio::test]
async fn a_change_of_contents_is_seen_whatever_the_way_and_nothing_else_is_one() {
    let (folder, access) = access("ca");
    let at = |name: &str| folder.path().join(name);
    let over = |name: &str, content: &str| fs::write(at(name), content).expect("written");
    let renamed = |name: &str, content: &str| {
        over("new", content);
        fs::rename(at("new"), at(name)).expect("renamed");
    };
    let linked = |name: &str, content: &str, target: &str| {
        over(target, content);
        symlink(Path::new(target), at("new")).expect("linked");
        fs::rename(at("new"), at(name)).expect("renamed");
    };
    let mut last = digests(&access).await;
    assert!(last.ca.is_some() && last.client_certificate.is_some() && last.password.is_some());
    assert_eq!(
        last.ca.expect("given")[..],
        *digest(&SHA256, CA.as_bytes()).as_ref(),
        "as sha256sum tells it"
    );
    let steps: [Step<'_>; 8] = [
        ("nothing", &|| {}, [false; 3]),
        ("the same again", &|| renamed("ca", CA), [false; 3]),
        (
            "the CA",
            &|| over("ca", &format!("{CA}\n")),
            [true, false, false],
        ),
        ("a link", &|| linked("ca", CA, "ca-2"), [true, false, false]),
        (
            "the certificate",
            &|| renamed("crt", &format!("{CA}2")),
            [false, true, false],
        ),
        (
            "the key",
            &|| over("key", &format!("{KEY}2")),
            [false, true, false],
        ),
        (
            "the password",
            &|| renamed("password", "two"),
            [false, false, true],
        ),
        ("its line end", &|| over("password", "two\n"), [false; 3]),
    ];
    for (what, change, expected) in steps {
        change();
        let now = digests(&access).await;
        assert_eq!(changed(&last, &now), expected, "{what}");
        last = now;
    }
}

#[tokio::test]
async fn a_byte_that_moves_from_certificate_to_key_is_a_change() {
    let (folder, access) = access("system");
    let write = |name: &str, content: &str| {
        fs::write(folder.path().join(name), content).expect("written");
    };
    write("crt", "ab");
    write("key", "c");
    let before = digests(&access).await;
    assert_eq!(before.ca, None, "the system's are not watched");
    write("crt", "a");
    write("key", "bc");
    let after = digests(&access).await;
    assert_eq!(changed(&before, &after), [false, true, false]);
}

#[tokio::test]
async fn what_cannot_be_read_is_the_fault_that_a_dial_would_meet() {
    let (folder, access) = access("ca");
    fs::write(folder.path().join("ca"), vec![b'x'; 5 << 20]).expect("written");
    let error = access.contents().await.expect_err("too long");
    assert_eq!(
        (error.stage, error.fault),
        (Stage::Tls, Fault::TrustFileBroken)
    );
    assert!(
        error.detail.starts_with("PGSSLROOTCERT: cannot read "),
        "{error}"
    );
    fs::remove_file(folder.path().join("password")).expect("removed");
    let gone = (Stage::Auth, Fault::PasswordFileBroken);
    let error = access.contents().await.expect_err("gone");
    assert_eq!((error.stage, error.fault), gone);
    let error = access.open(&session()).await.err().expect("gone");
    assert_eq!((error.stage, error.fault), gone);
    fs::write(folder.path().join("password"), "two").expect("written");
    let error = access.open(&session()).await.err().expect("nobody listens");
    assert_eq!(
        (error.stage, error.fault),
        (Stage::Tcp, Fault::Refused),
        "{error}"
    );
}

#[tokio::test]
async fn nothing_of_the_password_is_printed() {
    let (_folder, access) = access("ca");
    let digests = digests(&access).await;
    let password = digests.password.expect("given");
    let printed = format!("{digests:?}");
    assert!(printed.contains("password: Some(\"***\")"), "{printed}");
    let hex: String = password
        .iter()
        .take(4)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    assert!(!printed.contains(&hex), "{printed}");
}

#[tokio::test]
async fn a_dialer_is_kept_for_its_target() {
    let (_folder, access) = access("ca");
    let target = access.target().await.expect("readable");
    let first = access.dialer(&target);
    assert!(Arc::ptr_eq(&first, &access.dialer(&target)));
    let elsewhere = Target {
        port: 2,
        ..target.clone()
    };
    assert!(!Arc::ptr_eq(&first, &access.dialer(&elsewhere)));
    assert_eq!(access.dialer(&elsewhere).target().port, 2);
}
