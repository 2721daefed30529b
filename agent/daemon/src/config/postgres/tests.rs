//! Postgres by libpq's names: what is taken, what is refused and why, and that each dial reads files anew.

use super::super::tests::{problems, read};
use super::*;

fn target(changes: &[(&str, &str)], files: &[(&str, &str)]) -> Target {
    let config = read(changes, files).expect("valid");
    let fake = |path: &std::path::Path| {
        let file = files
            .iter()
            .find(|(of, _)| std::path::Path::new(of) == path);
        file.map(|(_, content)| content.as_bytes().to_vec())
            .ok_or_else(|| std::io::ErrorKind::NotFound.into())
    };
    let mut reader = Reader::of_files(&fake);
    let target = config.database.postgres.read(&mut reader, false);
    reader.finish(target).expect("as at start")
}

#[test]
fn the_least_and_the_whole() {
    let least = target(&[], &[]);
    let expected = Target {
        host: "db".to_owned(),
        port: 5432,
        database: "shop".to_owned(),
        user: "shop".to_owned(),
        password: Some("pg-sekrit".into()),
        root: RootCertificates::File("/ca.crt".into()),
        client: None,
    };
    assert_eq!(least, expected);
    let files = [
        ("/tls.crt", "-----BEGIN CERTIFICATE-----"),
        ("/tls.key", "-----BEGIN EC PRIVATE KEY-----"),
        ("/db", "other\n"),
    ];
    let whole = target(
        &[
            ("PGHOST", "::1"),
            ("PGPORT", "6543"),
            ("PGDATABASE_FILE", "/db"),
            ("PGPASSWORD", ""),
            ("PGSSLMODE", "verify-full"),
            ("PGSSLROOTCERT", "system"),
            ("PGSSLCERT", "/tls.crt"),
            ("PGSSLKEY", "/tls.key"),
        ],
        &files,
    );
    let client = ClientCertificate {
        certificate: "/tls.crt".into(),
        key: "/tls.key".into(),
    };
    assert_eq!(
        (whole.host.as_str(), whole.port, whole.database.as_str()),
        ("::1", 6543, "other")
    );
    assert_eq!(
        (whole.password, whole.root, whole.client),
        (None, RootCertificates::System, Some(client))
    );
}

/// Each alone makes one problem: the variable, its value, how the reason begins.
const REFUSED: &str = r#"
PGHOST|a,b|"a,b" names several hosts
PGHOST|/run/postgresql|"/run/postgresql" is the folder of a unix socket
PGHOST|@abstract|is the folder of a unix socket
PGHOST|a b|"a b" is neither a host name
PGHOST|postgres://shop:pw@db/shop|is neither a host name
PGHOST|postgres://db|"postgres://db" is neither a host name
PGPORT|5432,5433|"5432,5433" names several ports
PGPORT|0|"0" must be 1 to 65535
PGSSLMODE|disable|"disable" sends everything in plaintext; only verify-full
PGSSLMODE|allow|"allow" falls back to plaintext
PGSSLMODE|prefer|"prefer" falls back to plaintext
PGSSLMODE|require|"require" encrypts, but takes any certificate
PGSSLMODE|verify-ca|"verify-ca" takes a certificate of any other server
PGSSLMODE|VERIFY-FULL|"VERIFY-FULL" is not a mode of libpq
PGSSLROOTCERT||is not set. File of the CA
PGSSLROOTCERT|/gone.crt|cannot read /gone.crt
PGSSLROOTCERT|/empty.crt|/empty.crt holds no certificate in PEM
PGPASSFILE|/pgpass|is set, and so is PGPASSWORD
"#;

#[test]
fn what_is_refused_says_why() {
    for row in REFUSED.trim().lines() {
        let [variable, value, reason] = row.split('|').collect::<Vec<_>>()[..] else {
            panic!("three columns: {row}");
        };
        let found = problems(
            &[(variable, value)],
            &[("/empty.crt", "\n"), ("/pgpass", "*:*:*:*:pw")],
        );
        let begins = found
            .iter()
            .all(|line| line.starts_with(&format!("{variable}: {reason}")));
        assert!(found.len() == 1 && begins, "{row}: {found:?}");
    }
}

#[test]
fn every_name_of_libpq_that_is_not_supported_is_refused_alone_and_together() {
    for (name, instead) in refused::REFUSED {
        let expected =
            format!("{name}: is not supported and would be ignored; unset it: {instead}");
        assert_eq!(problems(&[(name, "anything")], &[]), [expected]);
        assert_eq!(problems(&[(name, "")], &[]), [""; 0], "empty is not set");
        assert!(table::shared().all(|variable| variable.name != *name));
    }
    let all: Vec<_> = refused::REFUSED
        .iter()
        .map(|(name, _)| (*name, "x"))
        .collect();
    assert_eq!(problems(&all, &[]).len(), refused::REFUSED.len());
}

#[test]
fn one_way_to_log_in_at_least_and_the_certificate_with_its_key() {
    let files = [
        ("/tls.crt", "-----BEGIN CERTIFICATE-----"),
        ("/tls.key", "-----BEGIN ENCRYPTED PRIVATE KEY-----"),
    ];
    for (changes, expected) in [
        (
            &[("PGPASSWORD", "")][..],
            &["PGPASSWORD: is not set, nor is PGPASSFILE"][..],
        ),
        (
            &[("PGSSLCERT", "/tls.crt")],
            &["PGSSLKEY: is not set, but PGSSLCERT is"],
        ),
        (
            &[("PGSSLKEY", "/tls.key")],
            &["PGSSLCERT: is not set, but PGSSLKEY is"],
        ),
        (
            &[("PGSSLCERT", "/tls.crt"), ("PGSSLKEY", "/tls.key")],
            &["PGSSLKEY: /tls.key is locked by a passphrase"],
        ),
        (
            &[("PGSSLCERT", "/tls.key"), ("PGSSLKEY", "/tls.crt")],
            &[
                "PGSSLCERT: /tls.key is locked by a passphrase",
                "PGSSLKEY: /tls.crt holds no private key in PEM",
            ],
        ),
        (
            &[("PGPASSWORD", ""), ("PGPASSFILE", "/none")],
            &["PGPASSFILE: /none cannot be read"],
        ),
        (
            &[("PGPASSWORD", ""), ("PGPASSFILE", "/tls.crt")],
            &["PGPASSFILE: /tls.crt has no line for db:5432:shop:shop"],
        ),
    ] {
        let found = problems(changes, &files);
        assert_eq!(found.len(), expected.len(), "{found:?}");
        for (found, expected) in found.iter().zip(expected) {
            assert!(found.starts_with(expected), "{found}");
        }
    }
    let by_file = target(
        &[("PGPASSWORD", ""), ("PGPASSFILE", "/pgpass")],
        &[("/pgpass", "db:*:*:*:from-file")],
    );
    assert_eq!(by_file.password, Some("from-file".into()));
}

#[test]
fn each_dial_reads_the_files_anew() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("password");
    let name = path.to_str().expect("UTF-8").to_owned();
    std::fs::write(&path, "one").expect("written");
    let config = read(
        &[("PGPASSWORD", ""), ("PGPASSWORD_FILE", &name)],
        &[(&name, "one")],
    )
    .expect("valid");
    let password = || {
        config
            .database
            .postgres
            .target()
            .map(|target| target.password)
    };
    assert_eq!(password(), Ok(Some("one".into())));
    std::fs::write(&path, "two\n").expect("written");
    assert_eq!(password(), Ok(Some("two".into())));
    std::fs::remove_file(&path).expect("removed");
    assert!(
        password()
            .expect_err("gone")
            .to_string()
            .starts_with("PGPASSWORD_FILE: cannot read ")
    );
}
