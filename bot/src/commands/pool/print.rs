//! Reports for people.

use std::io::{self, Write};

use sabai_wire::control::{PoolReport, RecycleReport, Report, SessionReport};

use super::super::table::{Column, fitted};

pub(super) fn report(out: &mut dyn Write, report: &Report) -> io::Result<()> {
    let pool = &report.pool;
    let applied = if report.applied {
        "applied"
    } else {
        "not applied to every session yet"
    };
    writeln!(
        out,
        "generation {}, settings {} ({applied}), at most {} sessions",
        report.generation, report.settings_digest, report.max_connections
    )?;
    if let Some(trouble) = &report.trouble {
        writeln!(
            out,
            "no session can be opened since {}: {} at {}: {}",
            trouble.since, trouble.fault.0, trouble.stage, trouble.detail
        )?;
        writeln!(out, "    {}", trouble.fault.0.advice())?;
    }
    writeln!(out)?;
    counts(out, pool)?;
    if !report.sessions.is_empty() {
        writeln!(out)?;
        sessions(out, &report.sessions)?;
    }
    if !report.faults.is_empty() {
        writeln!(out)?;
        let columns = [Column::left("FAULT", 0), Column::right("MET", 0)];
        let rows: Vec<Vec<String>> = report
            .faults
            .iter()
            .map(|(fault, count)| vec![fault.clone(), count.to_string()])
            .collect();
        fitted(out, &columns, &rows)?;
    }
    if let Some(spool) = &report.spool {
        let used = if spool.in_use { "in use" } else { "not in use" };
        let why = spool
            .fault
            .map(|fault| format!(", Postgres does not take it: {}", fault.0));
        writeln!(
            out,
            "\nspool: {} and {used}, {} events in {} records, {} bytes{}",
            spool.state,
            spool.events,
            spool.records,
            spool.bytes,
            why.unwrap_or_default()
        )?;
    }
    if let Some(last) = &report.last_recycle {
        writeln!(out)?;
        recycle(out, last)?;
    }
    Ok(())
}

fn counts(out: &mut dyn Write, pool: &PoolReport) -> io::Result<()> {
    let counts = [
        ("SIZE", pool.size),
        ("IDLE", pool.idle),
        ("IN USE", pool.in_use),
        ("DIALING", pool.dialing),
        ("CLOSING", pool.closing),
        ("OUTLIVED", pool.outlived),
        ("OLD", pool.old_sessions),
        ("WAITING", pool.waiting),
    ];
    let columns = counts.map(|(title, _)| Column::right(title, 0));
    fitted(
        out,
        &columns,
        &[counts.map(|(_, count)| count.to_string()).to_vec()],
    )
}

fn sessions(out: &mut dyn Write, sessions: &[SessionReport]) -> io::Result<()> {
    let columns = [
        Column::left("FOR", 0),
        Column::left("STATE", 0),
        Column::right("GEN", 0),
        Column::right("PID", 0),
        Column::right("AGE", 0),
        Column::right("IN STATE", 0),
        Column::right("LENT", 0),
        Column::left("CERTIFICATE", 0),
    ];
    let row = |one: &SessionReport| {
        vec![
            one.duty.clone(),
            one.state.clone(),
            one.generation.to_string(),
            one.backend_pid.to_string(),
            span(one.age_milliseconds),
            span(one.state_milliseconds),
            one.times_lent.to_string(),
            one.certificate_sha256.chars().take(12).collect(),
        ]
    };
    let rows: Vec<Vec<String>> = sessions.iter().map(row).collect();
    fitted(out, &columns, &rows)
}

pub(super) fn recycle(out: &mut dyn Write, report: &RecycleReport) -> io::Result<()> {
    writeln!(
        out,
        "recycle {}: {} ({}) is {}",
        report.request_id,
        report.kind.as_str(),
        report.reason.as_str(),
        report.outcome.as_str()
    )?;
    let end = report
        .completion_time
        .map_or_else(|| "now".to_owned(), |time| time.to_string());
    writeln!(
        out,
        "    from {} to {end}, generation {}",
        report.start_time, report.generation
    )?;
    writeln!(
        out,
        "    {} opened, {} closed, {} replaced, {} old left, {} statements cut off",
        report.sessions_opened,
        report.sessions_closed,
        report.sessions_replaced,
        report.old_sessions,
        report.requests_failed
    )?;
    if let Some(witness) = &report.witness {
        writeln!(
            out,
            "    the server says: {} sessions are older than the first fresh one ({})",
            witness.older, witness.began
        )?;
    }
    if let Some(fault) = report.fault {
        writeln!(out, "    {}: {}", fault.0, fault.0.advice())?;
    }
    match &report.detail {
        Some(detail) => writeln!(out, "    {detail}"),
        None => Ok(()),
    }
}

/// A time in its largest unit, as `kubectl` shows ages.
fn span(milliseconds: u64) -> String {
    match milliseconds {
        0..1_000 => format!("{milliseconds}ms"),
        1_000..120_000 => format!("{}s", milliseconds / 1_000),
        120_000..7_200_000 => format!("{}m", milliseconds / 60_000),
        7_200_000..172_800_000 => format!("{}h", milliseconds / 3_600_000),
        _ => format!("{}d", milliseconds / 86_400_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_page_is_shown_in_full() {
        let page = include_str!("../../../../docs/control.md");
        let example = page
            .split("```json report\n")
            .nth(1)
            .and_then(|part| part.split("```").next())
            .expect("there");
        let example: Report = serde_json::from_str(example).expect("a report");
        let mut out = Vec::new();
        report(&mut out, &example).expect("memory takes it");
        let text = String::from_utf8(out).expect("text");
        for part in [
            "generation 7, settings 3f9ad2c1 (applied), at most 16 sessions",
            "no session can be opened since 2026-11-23T09:16:37Z: TimedOut at TCP",
            "work  Idle     7  4242   2m     812ms    96  9f2c00000000",
            "Terminated    1",
            "spool: Open and in use, 41 events in 38 records, 88213 bytes, Postgres does not take it: Refused",
            "recycle 2026-11-23T09:10:00Z: Refresh (CertificateChanged) is Completed",
            "0 sessions are older",
        ] {
            assert!(text.contains(part), "{part} is not in\n{text}");
        }
    }

    #[test]
    fn spans_are_short() {
        for (milliseconds, text) in [
            (7, "7ms"),
            (119_999, "119s"),
            (120_000, "2m"),
            (7_200_000, "2h"),
            (172_800_000, "2d"),
        ] {
            assert_eq!(span(milliseconds), text);
        }
    }
}
