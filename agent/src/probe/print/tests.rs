use std::time::Duration;

use sabai_wire::dial::{DialError, ServerFacts};
use sabai_wire::fault::Fault;

use super::*;
use crate::probe::report::Wrote;
use crate::probe::sample;

const HEALTHY: &str = "\
Path to shop-db-rw:5432, 2026-11-23T09:16:40Z

DNS              0.1 ms   10.96.14.7, 10.96.14.8, 10.96.14.9
TCP              0.2 ms   10.96.14.7:5432 Refused after 0.3 ms
                          10.96.14.8:5432 connected after 1.1 ms
                          10.96.14.9:5432 not tried
SSLRequest       0.3 ms   TLS is offered
TLS              0.4 ms   TLSv1.3, TLS13_AES_256_GCM_SHA384
                          names shop-db-rw, 10.96.14.7
                          subject CN=shop-db
                          issuer CN=shop CA
                          valid 2026-11-20T02:11:00Z to 2027-02-18T02:11:00Z: 86 days left
                          SHA-256 9f2c9f2c9f2c9f2c9f2c9f2c9f2c9f2c9f2c9f2c9f2c9f2c9f2c9f2c9f2c9f2c
Auth             0.5 ms
Query            0.6 ms   Postgres 18.4, takes writes
                          started 2026-11-01T04:00:00.25Z
                          its own address 10.244.1.5
Write            2.5 ms   one row committed

Healthy: the path took 4.6 ms.
";

const NO_ANSWER: &str = "\
Path to shop-db-rw:5432, 2026-11-23T09:16:40Z

DNS              0.1 ms   10.96.14.7
TCP           1000.0 ms   FAILED: TimedOut: 10.96.14.7:5432 did not answer within 1000 ms
                          10.96.14.7:5432 Refused after 0.3 ms
SSLRequest            -   not reached
TLS                   -   not reached
Auth                  -   not reached
Query                 -   not reached
Write                 -   not reached

Failed at TCP after 1000.1 ms: TimedOut.
What to do: check the network path to PGHOST; it is tried again.
";

const EXPIRED: &str = "\
TLS           1000.0 ms   FAILED: CertificateExpired: TLS was refused
                          presented and not verified:
                          names shop-db-rw, 10.96.14.7
                          issuer CN=shop CA
                          valid 2026-11-20T02:11:00Z to 2026-11-23T09:16:39Z: EXPIRED
";

const STANDBY: &str = "\
Auth             0.5 ms
Query         1000.0 ms   FAILED: ReadOnly: this server is a standby; the primary is needed
                          Postgres 17.0, a standby
                          started 2026-11-01T04:00:00.25Z
Write                 -   not reached
";

const UNREADABLE: &str = "\
Path to Postgres, 2026-11-23T09:16:40Z

DNS                   -   not reached
TCP                   -   not reached
SSLRequest            -   not reached
TLS                   -   not reached
Auth             0.0 ms   FAILED: PasswordFileBroken: cannot read it
Query                 -   not reached
Write                 -   not reached

Failed at Auth after 0.0 ms: PasswordFileBroken.
What to do: repair the file that is named; it is read again at each try.
";

fn opened(wrote: &Wrote) -> PathReport {
    PathReport::of_session(sample::began(), &sample::facts(), wrote)
}

fn failed(error: &DialError) -> PathReport {
    PathReport::of_failure(sample::began(), error)
}

fn one_address() -> DialError {
    let detail = "10.96.14.7:5432 did not answer within 1000 ms";
    let mut error = sample::failed(Stage::Tcp, Fault::TimedOut, detail);
    error.reached.addresses.truncate(1);
    error.reached.attempts.truncate(1);
    error
}

fn expired() -> DialError {
    let mut facts = sample::certificate();
    facts.not_after = sample::time("2026-11-23T09:16:39Z").get();
    facts.subject.clear();
    let mut error = sample::failed(Stage::Tls, Fault::CertificateExpired, "TLS was refused");
    error.certificate = Some(Box::new(facts));
    error
}

fn standby() -> DialError {
    let detail = "this server is a standby; the primary is needed";
    let mut error = sample::failed(Stage::Query, Fault::ReadOnly, detail);
    error.server = Some(Box::new(ServerFacts {
        version: 170_000,
        start: sample::server_start(),
        address: None,
        session_limit: 97,
        in_recovery: true,
        read_only: true,
    }));
    error
}

#[test]
fn a_path_is_shown_stage_by_stage_with_what_was_seen_and_what_to_do() {
    let file = DialError::new(Stage::Auth, Fault::PasswordFileBroken, "cannot read it");
    let committed = Wrote::Committed(Duration::from_micros(2_500));
    let no_table =
        "Write                 -   skipped: the schema has no table for it yet\n\nHealthy";
    let table = [
        (opened(&committed), HEALTHY),
        (opened(&Wrote::NoTable), no_table),
        (
            opened(&Wrote::NotWanted),
            "Write                 -   skipped\n\nHealthy",
        ),
        (failed(&one_address()), NO_ANSWER),
        (failed(&expired()), EXPIRED),
        (failed(&standby()), STANDBY),
        (failed(&file), UNREADABLE),
    ];
    for (report, expected) in table {
        let page = page(&report);
        assert!(page.contains(expected), "{page}\nlacks\n{expected}");
    }
}

#[test]
fn a_certificate_is_shown_as_to_be_renewed_in_time() {
    for (until, expected) in [
        ("2026-12-07T09:16:40Z", ": 14 days left\n"),
        ("2026-12-07T09:16:39Z", ": 13 days left, RENEW IT\n"),
        ("2026-11-23T09:16:40Z", ": 0 days left, RENEW IT\n"),
        ("2026-11-23T09:16:39Z", ": EXPIRED\n"),
    ] {
        let mut facts = sample::facts();
        facts.certificate.not_after = sample::time(until).get();
        let report = PathReport::of_session(sample::began(), &facts, &Wrote::NotWanted);
        let page = page(&report);
        assert!(page.contains(expected), "{page}\nlacks{expected}");
    }
}

#[test]
fn nothing_that_a_server_says_reaches_the_terminal_as_a_command() {
    let error = sample::failed(Stage::Auth, Fault::Unexpected, "\u{1b}[2Jgone\nDNS fine");
    let page = page(&failed(&error));
    assert!(page.contains("Unexpected:  [2Jgone DNS fine\n"), "{page}");
}
