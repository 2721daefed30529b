use std::time::Duration;

use sabai_wire::dial::DialError;
use sabai_wire::fault::Fault;
use serde_json::{Value, json};

use super::*;
use crate::probe::sample;

fn failed(error: &DialError) -> PathReport {
    PathReport::of_failure(sample::began(), error)
}

fn opened(wrote: &Wrote) -> PathReport {
    PathReport::of_session(sample::began(), &sample::facts(), wrote)
}

fn json(report: &PathReport) -> Value {
    serde_json::to_value(report).expect("JSON")
}

/// The shape is that of `probe` in a `PoolInstance`.
#[test]
fn a_failed_path_names_its_stage_and_skips_those_after_it() {
    let error = sample::failed(Stage::Tcp, Fault::TimedOut, "no answer within 1000 ms");
    let skipped = |name: &str| json!({"name": name, "result": "Skipped"});
    let report = failed(&error);
    let expected = json!([
        {"name": "DNS", "result": "OK", "durationMicroseconds": 100},
        {"name": "TCP", "result": "Failed", "fault": "TimedOut", "detail": "no answer within 1000 ms",
         "durationMicroseconds": 1_000_000},
        skipped("SSLRequest"), skipped("TLS"), skipped("Auth"), skipped("Query"), skipped("Write"),
    ]);
    let value = json(&report);
    assert_eq!(value["stages"], expected);
    assert_eq!(value["failedStage"], "TCP");
    assert_eq!(value["target"], "shop-db-rw:5432");
    let refused = "cannot connect to 10.96.14.7:5432: connection refused";
    assert_eq!(
        value["addresses"],
        json!([
            {"address": "10.96.14.7:5432", "result": "Failed", "fault": "Refused", "detail": refused,
             "durationMicroseconds": 300},
            {"address": "10.96.14.8:5432", "result": "OK", "durationMicroseconds": 1100},
            {"address": "10.96.14.9:5432", "result": "Skipped"},
        ])
    );
    assert!(value.get("server").is_none() && value.get("certificate").is_none());
    let (stage, fault) = (Stage::Tcp, Fault::TimedOut);
    assert_eq!(report.cause(), Some(Cause { stage, fault }));
    assert_eq!(report.met(), None);
}

#[test]
fn a_good_path_tells_certificate_and_server_and_what_sessions_are_compared_with() {
    let report = opened(&Wrote::Committed(Duration::from_micros(700)));
    let value = json(&report);
    assert!(value.get("failedStage").is_none());
    let write = json!({"name": "Write", "result": "OK", "durationMicroseconds": 700});
    assert_eq!(value["stages"][6], write);
    assert_eq!(
        value["certificate"],
        json!({"verified": true, "sha256": "9f2c".repeat(16), "subject": "CN=shop-db",
               "names": ["shop-db-rw", "10.96.14.7"], "issuer": "CN=shop CA",
               "notBefore": "2026-11-20T02:11:00Z", "notAfter": "2027-02-18T02:11:00Z", "daysLeft": 86,
               "protocol": "TLSv1.3", "suite": "TLS13_AES_256_GCM_SHA384"})
    );
    assert_eq!(
        value["server"],
        json!({"version": "18.4", "startTime": "2026-11-01T04:00:00.25Z", "address": "10.244.1.5",
               "peer": "10.96.14.8:5432", "sessionLimit": 97, "inRecovery": false, "readOnly": false})
    );
    let met = report.met().expect("it led to a session");
    assert_eq!(met.certificate, "9f2c".repeat(16));
    assert_eq!(met.server_start, sample::server_start());
    assert_eq!(met.addresses.len(), 3);
    let at = Moment(Duration::from_secs(7));
    let (look, outcome) = (Look::Path, Ok(()));
    assert_eq!(report.sight(at), Sight { at, look, outcome });
}

#[test]
fn a_row_that_was_not_written_is_a_failure_and_a_session_nevertheless() {
    let table = [
        (Wrote::NotWanted, "Skipped", None),
        (Wrote::NoTable, "Skipped", None),
        (
            Wrote::Failed {
                fault: Fault::DiskFull,
                detail: "SQLSTATE 53100".to_owned(),
                took: Duration::from_millis(3),
            },
            "Failed",
            Some(Cause {
                stage: Stage::Write,
                fault: Fault::DiskFull,
            }),
        ),
    ];
    for (wrote, result, cause) in table {
        let report = opened(&wrote);
        assert_eq!(json(&report)["stages"][6]["result"], result, "{wrote:?}");
        assert_eq!(report.cause(), cause, "{wrote:?}");
        assert!(report.led_to_a_session() && report.met().is_some());
    }
}

#[test]
fn a_certificate_counts_as_verified_once_tls_was_passed() {
    for (stage, verified) in [
        (Stage::Tls, false),
        (Stage::Auth, true),
        (Stage::Query, true),
    ] {
        let mut error = sample::failed(stage, Fault::ConnectionReset, "reset");
        error.certificate = Some(Box::new(sample::certificate()));
        let certificate = failed(&error).certificate.expect("it was presented");
        assert_eq!(certificate.verified, verified, "{stage:?}");
    }
}

#[test]
fn what_the_canaries_found_stands_beside_the_stages() {
    let report = opened(&Wrote::NotWanted);
    let mut expected = json(&report);
    let bare = ProbeJson::<Value> {
        probe: &report,
        path: None,
    };
    assert_eq!(serde_json::to_value(bare).expect("JSON"), expected);
    let found = json!({"idleTimeout": "350s"});
    expected["path"] = found.clone();
    let whole = ProbeJson {
        probe: &report,
        path: Some(found),
    };
    assert_eq!(serde_json::to_value(whole).expect("JSON"), expected);
}
