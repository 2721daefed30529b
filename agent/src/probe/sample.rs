//! What the tests of the probe take for granted: settings, a server, and ways to fail.

use std::net::SocketAddr;
use std::time::{Duration, SystemTime};

use sabai_wire::certificate::CertificateFacts;
use sabai_wire::control::Timestamp;
use sabai_wire::dial::{Attempt, DialError, Reached, Refusal, SocketOptions};
use sabai_wire::fault::Fault;
use sabai_wire::link::SessionFacts;
use sabai_wire::stage::{Passed, Stage};
use tokio::time::Instant;

use super::ProbeSettings;

pub(crate) fn settings() -> ProbeSettings {
    ProbeSettings {
        interval: Duration::from_secs(10),
        timeout: Duration::from_secs(5),
        write_interval: Duration::from_secs(30),
        success_threshold: 2,
        socket: SocketOptions {
            keepalive_idle: Duration::from_secs(60),
            keepalive_interval: Duration::from_secs(10),
            keepalive_count: 3,
            unacknowledged_timeout: Duration::from_secs(30),
        },
    }
}

pub(crate) fn time(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

pub(crate) fn began() -> Timestamp {
    time("2026-11-23T09:16:40Z")
}

pub(crate) fn certificate() -> CertificateFacts {
    CertificateFacts {
        sha256: "9f2c".repeat(16),
        names: vec!["shop-db-rw".to_owned(), "10.96.14.7".to_owned()],
        subject: "CN=shop-db".to_owned(),
        issuer: "CN=shop CA".to_owned(),
        not_before: time("2026-11-20T02:11:00Z").get(),
        not_after: time("2027-02-18T02:11:00Z").get(),
        protocol: "TLSv1.3".to_owned(),
        suite: "TLS13_AES_256_GCM_SHA384".to_owned(),
    }
}

fn address(last: u8) -> SocketAddr {
    SocketAddr::from(([10, 96, 14, last], 5432))
}

/// The first address refuses, the second answers, the third is not tried.
pub(crate) fn reached() -> Reached {
    let refusal = Refusal {
        fault: Fault::Refused,
        detail: "cannot connect to 10.96.14.7:5432: connection refused".to_owned(),
    };
    let attempt = |last, micros, refusal| Attempt {
        address: address(last),
        took: Duration::from_micros(micros),
        refusal,
    };
    Reached {
        host: "shop-db-rw".to_owned(),
        port: 5432,
        addresses: [7, 8, 9].map(address).to_vec(),
        attempts: vec![attempt(7, 300, Some(refusal)), attempt(8, 1_100, None)],
    }
}

/// The stages before `end`; the first takes a tenth of a millisecond, each other one that much more.
pub(crate) fn passed(end: Stage) -> Vec<Passed> {
    let before = Stage::ALL.iter().take_while(|stage| **stage != end);
    let tenths = (1..).map(|n| Duration::from_micros(100 * n));
    let passed = before.zip(tenths);
    passed
        .map(|(&stage, took)| Passed { stage, took })
        .collect()
}

pub(crate) fn server_start() -> SystemTime {
    time("2026-11-01T04:00:00.25Z").get()
}

pub(crate) fn facts() -> SessionFacts {
    SessionFacts {
        generation: 0,
        backend_pid: 4711,
        backend_start: began().get(),
        server_version: 180_004,
        server_start: server_start(),
        server_address: Some([10, 244, 1, 5].into()),
        session_limit: 97,
        peer: address(8),
        reached: reached(),
        certificate: certificate(),
        passed: passed(Stage::Write),
        opened: Instant::now(),
    }
}

/// How a dial failed at this stage, with what is known by then.
pub(crate) fn failed(stage: Stage, fault: Fault, detail: &str) -> DialError {
    let mut error = DialError::new(stage, fault, detail);
    error.took = Duration::from_millis(1000);
    error.passed = passed(stage);
    *error.reached = reached();
    error
}
