//! From what the dialer tells to the report of a path.

use std::time::Duration;

use sabai_wire::certificate::CertificateFacts;
use sabai_wire::control::{FaultName, Timestamp};
use sabai_wire::dial::{Attempt, DialError, Reached, ServerFacts};
use sabai_wire::fault::Fault;
use sabai_wire::link::SessionFacts;
use sabai_wire::stage::{Passed, Stage};

use super::{AddressReport, CertificateReport, PathReport, ServerReport, StageReport, StageResult};
use crate::said::one_line;

const DAY: i64 = 86_400;

/// What came of writing a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wrote {
    /// It was committed.
    Committed(Duration),
    /// It was not; the duration is until that was known.
    Failed {
        fault: Fault,
        detail: String,
        took: Duration,
    },
    /// The schema has no table for it: no bot has migrated yet.
    NoTable,
    /// It was not wanted.
    NotWanted,
}

impl PathReport {
    /// Of a path that led to a session.
    #[must_use]
    pub fn of_session(began: Timestamp, facts: &SessionFacts, wrote: &Wrote) -> Self {
        let write = of_write(wrote);
        let server = ServerFacts {
            version: facts.server_version,
            start: facts.server_start,
            address: facts.server_address,
            session_limit: facts.session_limit,
            // Such a session is not handed out.
            in_recovery: false,
            read_only: false,
        };
        Self {
            began,
            target: target(&facts.reached),
            failed_stage: (write.result == StageResult::Failed).then_some(Stage::Write),
            stages: stages(&facts.passed, write),
            addresses: addresses(&facts.reached),
            certificate: Some(certificate(&facts.certificate, began, true)),
            server: Some(of_server(&server, &facts.reached)),
        }
    }

    /// Of a path that led to none.
    #[must_use]
    pub fn of_failure(began: Timestamp, error: &DialError) -> Self {
        let failed = StageReport {
            name: error.stage,
            result: StageResult::Failed,
            fault: Some(FaultName(error.fault)),
            detail: Some(one_line(&error.detail)),
            duration_microseconds: Some(micros(error.took)),
        };
        let verified = error.passed.iter().any(|one| one.stage == Stage::Tls);
        let certificate = error.certificate.as_deref();
        let server = error.server.as_deref();
        Self {
            began,
            target: target(&error.reached),
            failed_stage: Some(error.stage),
            stages: stages(&error.passed, failed),
            addresses: addresses(&error.reached),
            certificate: certificate.map(|facts| self::certificate(facts, began, verified)),
            server: server.map(|facts| of_server(facts, &error.reached)),
        }
    }
}

fn target(reached: &Reached) -> String {
    match &*reached.host {
        "" => String::new(),
        host if host.contains(':') => format!("[{host}]:{}", reached.port),
        host => format!("{host}:{}", reached.port),
    }
}

/// All of them, of which `last` is told already.
fn stages(passed: &[Passed], last: StageReport) -> Vec<StageReport> {
    let of = |stage: Stage| {
        let passed = passed.iter().find(|one| one.stage == stage);
        StageReport {
            name: stage,
            result: passed.map_or(StageResult::Skipped, |_| StageResult::Passed),
            fault: None,
            detail: None,
            duration_microseconds: passed.map(|one| micros(one.took)),
        }
    };
    let stages = Stage::ALL.iter().map(|&stage| {
        if stage == last.name {
            last.clone()
        } else {
            of(stage)
        }
    });
    stages.collect()
}

fn of_write(wrote: &Wrote) -> StageReport {
    let (result, fault, detail, took) = match wrote {
        Wrote::Committed(took) => (StageResult::Passed, None, None, Some(*took)),
        Wrote::Failed {
            fault,
            detail,
            took,
        } => {
            let detail = one_line(detail);
            (StageResult::Failed, Some(*fault), Some(detail), Some(*took))
        }
        Wrote::NoTable => {
            let why = "the schema has no table for it yet";
            (StageResult::Skipped, None, Some(why.to_owned()), None)
        }
        Wrote::NotWanted => (StageResult::Skipped, None, None, None),
    };
    StageReport {
        name: Stage::Write,
        result,
        fault: fault.map(FaultName),
        detail,
        duration_microseconds: took.map(micros),
    }
}

fn addresses(reached: &Reached) -> Vec<AddressReport> {
    let tried = reached.attempts.iter().map(tried);
    let rest = reached.addresses.iter().skip(reached.attempts.len());
    let untried = rest.map(|&address| AddressReport {
        address,
        result: StageResult::Skipped,
        fault: None,
        detail: None,
        duration_microseconds: None,
    });
    tried.chain(untried).collect()
}

fn tried(attempt: &Attempt) -> AddressReport {
    let refusal = attempt.refusal.as_ref();
    AddressReport {
        address: attempt.address,
        result: refusal.map_or(StageResult::Passed, |_| StageResult::Failed),
        fault: refusal.map(|refusal| FaultName(refusal.fault)),
        detail: refusal.map(|refusal| one_line(&refusal.detail)),
        duration_microseconds: Some(micros(attempt.took)),
    }
}

fn certificate(facts: &CertificateFacts, began: Timestamp, verified: bool) -> CertificateReport {
    let not_after = Timestamp::from(facts.not_after);
    CertificateReport {
        verified,
        sha256: facts.sha256.clone(),
        subject: facts.subject.clone(),
        names: facts.names.clone(),
        issuer: facts.issuer.clone(),
        not_before: facts.not_before.into(),
        not_after,
        days_left: days_between(began, not_after),
        protocol: facts.protocol.clone(),
        suite: facts.suite.clone(),
    }
}

/// Rounded down, so that it is 0 on the last day and -1 after it.
fn days_between(from: Timestamp, to: Timestamp) -> i64 {
    let seconds = |duration: Duration| i64::try_from(duration.as_secs()).unwrap_or(i64::MAX);
    let left = match to.get().duration_since(from.get()) {
        Ok(left) => seconds(left),
        Err(passed) => -seconds(passed.duration()).max(1),
    };
    left.div_euclid(DAY)
}

fn of_server(facts: &ServerFacts, reached: &Reached) -> ServerReport {
    // Since Postgres 10: the major version, then four digits of the minor one.
    let (major, minor) = (facts.version / 10_000, facts.version % 10_000);
    ServerReport {
        version: format!("{major}.{minor}"),
        start_time: facts.start.into(),
        address: facts.address,
        peer: reached.peer(),
        session_limit: u64::try_from(facts.session_limit).unwrap_or_default(),
        in_recovery: facts.in_recovery,
        read_only: facts.read_only,
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
