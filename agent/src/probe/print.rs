//! A path for people, like a traceroute: a line for each stage, with what was seen there, and what to do about what failed.

#[cfg(test)]
mod tests;

use std::fmt::Write;

use sabai_wire::stage::Stage;

use super::report::{
    AddressReport, CertificateReport, PathReport, ServerReport, StageReport, StageResult,
};

/// From then on a certificate is shown as one to be renewed.
const RENEW_DAYS: i64 = 14;
/// Where what was seen begins: behind the stage and its time.
const COLUMN: usize = 26;

/// The page, with a line end after its last line.
#[must_use]
pub fn page(report: &PathReport) -> String {
    let mut page = String::new();
    let target = match &*report.target {
        "" => "Postgres",
        target => target,
    };
    line(&mut page, &format!("Path to {target}, {}", report.began));
    line(&mut page, "");
    for stage in &report.stages {
        let mut seen = seen(report, stage).into_iter();
        let first = seen.next().unwrap_or_default();
        let (name, time) = (stage.name.as_str(), time(stage.duration_microseconds));
        line(&mut page, &format!("{name:<11}{time:>12}   {first}"));
        for more in seen {
            line(&mut page, &format!("{:COLUMN$}{more}", ""));
        }
    }
    line(&mut page, "");
    for sentence in conclusion(report) {
        line(&mut page, &sentence);
    }
    page
}

fn line(page: &mut String, text: &str) {
    writeln!(page, "{}", text.trim_end()).expect("a String takes all");
}

fn time(micros: Option<u64>) -> String {
    micros.map_or_else(
        || "-".to_owned(),
        |micros| format!("{}.{} ms", micros / 1000, micros % 1000 / 100),
    )
}

/// What a stage saw, line by line.
fn seen(report: &PathReport, stage: &StageReport) -> Vec<String> {
    let failed = stage.result == StageResult::Failed;
    let mut lines = match (stage.result, &stage.detail) {
        (StageResult::Skipped, Some(why)) => return vec![format!("skipped: {why}")],
        (StageResult::Skipped, None) if report.is_healthy() => return vec!["skipped".to_owned()],
        (StageResult::Skipped, None) => return vec!["not reached".to_owned()],
        (StageResult::Failed, _) => vec![format!("FAILED: {}", said(stage))],
        (StageResult::Passed, _) => Vec::new(),
    };
    match stage.name {
        Stage::Dns if !failed => lines.push(addresses(report)),
        Stage::Tcp => lines.extend(report.addresses.iter().map(tcp)),
        Stage::SslRequest if !failed => lines.push("TLS is offered".to_owned()),
        Stage::Tls => lines.extend(report.certificate.iter().flat_map(certificate)),
        Stage::Query => lines.extend(report.server.iter().flat_map(server)),
        Stage::Write if !failed => lines.push("one row committed".to_owned()),
        _ => {}
    }
    lines
}

fn said(stage: &StageReport) -> String {
    let fault = stage.fault.map_or("", |fault| fault.0.as_str());
    match &stage.detail {
        Some(detail) => format!("{fault}: {detail}"),
        None => fault.to_owned(),
    }
}

fn addresses(report: &PathReport) -> String {
    let addresses = report.addresses.iter().map(|one| one.address.ip());
    let addresses: Vec<String> = addresses.map(|ip| ip.to_string()).collect();
    addresses.join(", ")
}

fn tcp(one: &AddressReport) -> String {
    let (address, time) = (one.address, time(one.duration_microseconds));
    match (one.result, one.fault) {
        (StageResult::Failed, Some(fault)) => format!("{address} {} after {time}", fault.0),
        (StageResult::Skipped, _) => format!("{address} not tried"),
        _ => format!("{address} connected after {time}"),
    }
}

fn certificate(facts: &CertificateReport) -> Vec<String> {
    let validity = match facts.days_left {
        ..0 => "EXPIRED".to_owned(),
        left @ 0..RENEW_DAYS => format!("{left} days left, RENEW IT"),
        left => format!("{left} days left"),
    };
    let mut lines = Vec::new();
    if facts.verified {
        lines.push(format!("{}, {}", facts.protocol, facts.suite));
    } else {
        lines.push("presented and not verified:".to_owned());
    }
    lines.push(format!("names {}", facts.names.join(", ")));
    if !facts.subject.is_empty() {
        lines.push(format!("subject {}", facts.subject));
    }
    lines.push(format!("issuer {}", facts.issuer));
    lines.push(format!(
        "valid {} to {}: {validity}",
        facts.not_before, facts.not_after
    ));
    lines.push(format!("SHA-256 {}", facts.sha256));
    lines
}

fn server(facts: &ServerReport) -> Vec<String> {
    let writes = match (facts.in_recovery, facts.read_only) {
        (true, _) => "a standby",
        (_, true) => "read-only",
        _ => "takes writes",
    };
    let mut lines = vec![format!("Postgres {}, {writes}", facts.version)];
    lines.push(format!("started {}", facts.start_time));
    lines.extend(facts.address.map(|ip| format!("its own address {ip}")));
    lines
}

fn conclusion(report: &PathReport) -> Vec<String> {
    let micros = report
        .stages
        .iter()
        .flat_map(|one| one.duration_microseconds);
    let whole = time(Some(micros.sum()));
    match report.cause() {
        None => vec![format!("Healthy: the path took {whole}.")],
        Some(cause) => vec![
            format!(
                "Failed at {} after {whole}: {}.",
                cause.stage.as_str(),
                cause.fault
            ),
            format!("What to do: {}.", cause.fault.advice()),
        ],
    }
}
