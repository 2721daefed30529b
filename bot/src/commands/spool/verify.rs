//! Whether every record can be read.

use std::io::Write;
use std::path::Path;

use sabai_daemon::exit::Failure;
use serde::Serialize;

use super::{OUTCOMES, WEBHOOKS, unreadable};
use crate::commands::show;
use crate::commands::table::{self, Column};
use crate::spool::inspect::{self, Held, SegmentReport};

/// All of it, as scripts get it.
#[derive(Serialize)]
struct Report {
    sound: bool,
    spools: Vec<SpoolReport>,
}

#[derive(Serialize)]
struct SpoolReport {
    spool: &'static str,
    segments: Vec<SegmentReport>,
    rejected: Held,
}

const COLUMNS: [Column; 8] = [
    Column::left("SPOOL", 8),
    Column::left("SEGMENT", 16),
    Column::right("BYTES", 8),
    Column::right("RECORDS", 7),
    Column::right("EVENTS", 6),
    Column::right("DAMAGED PLACES", 14),
    Column::right("DAMAGED BYTES", 13),
    Column::right("TORN BYTES", 10),
];

pub(super) fn run(folder: &Path, json: bool, out: &mut dyn Write) -> Result<(), Failure> {
    let mut spools = vec![];
    for spool in [WEBHOOKS, OUTCOMES] {
        let folder = folder.join(spool);
        let segments = inspect::visit(&folder, |_, _| Ok(()));
        let rejected = inspect::rejected(&folder);
        let report = segments.and_then(|segments| {
            Ok(SpoolReport {
                spool,
                segments,
                rejected: rejected?,
            })
        });
        spools.push(report.map_err(|error| unreadable(&folder, error))?);
    }
    let segments = spools.iter().flat_map(|one| &one.segments);
    let damaged: u64 = segments.map(|one| one.damaged_places).sum();
    let sound = damaged == 0;
    if json {
        table::json(out, &Report { sound, spools })?;
    } else {
        for_people(&spools, damaged, out)?;
    }
    // It has been told.
    if sound { Ok(()) } else { Err(Failure::Told) }
}

fn for_people(spools: &[SpoolReport], damaged: u64, out: &mut dyn Write) -> std::io::Result<()> {
    let rows = spools.iter().flat_map(|spool| {
        spool.segments.iter().map(|one| {
            let mut row = vec![spool.spool.to_owned(), format!("{:016}", one.number)];
            let numbers = [
                one.bytes,
                one.records,
                one.events,
                one.damaged_places,
                one.damaged_bytes,
                one.torn_bytes,
            ];
            row.extend(numbers.map(|number| number.to_string()));
            row
        })
    });
    table::fitted(out, &COLUMNS, &rows.collect::<Vec<_>>())?;
    for spool in spools.iter().filter(|spool| spool.rejected.files > 0) {
        let (files, bytes) = (spool.rejected.files, spool.rejected.bytes);
        let (name, files, bytes) = (spool.spool, show::count(files, "file"), show::bytes(bytes));
        writeln!(
            out,
            "{name}: {files} ({bytes}) set aside in {name}/rejected/; look at them, then delete them"
        )?;
    }
    match damaged {
        0 => writeln!(out, "sound"),
        _ => writeln!(
            out,
            "damaged: {} cannot be read; the bot sets them aside and goes on with the rest",
            show::count(damaged, "place")
        ),
    }
}
