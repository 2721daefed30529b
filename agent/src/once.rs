//! `sabai-agent probe`: the path once, for people or as one JSON object.

use std::io::{self, Write};
use std::sync::Arc;

use sabai_daemon::access::Access;
use sabai_daemon::exit::Failure;

use crate::config::ProbeConfig;
use crate::door::Door;
use crate::probe::path::Path;
use crate::probe::print;
use crate::probe::report::ProbeJson;

/// Goes the path once and prints what it met.
///
/// # Errors
/// [`Failure::Told`] when a stage failed; or that nothing can be printed.
pub async fn probe(config: &ProbeConfig, json: bool) -> Result<(), Failure> {
    let door = Door(Arc::new(Access::new(&config.database)));
    let report = Path::new(door, config.pod()).once(&config.probe()).await;
    let text = if json {
        let known = config.kept_finding();
        let object = ProbeJson {
            probe: &report,
            path: known,
        };
        serde_json::to_string(&object).map_err(io::Error::from)? + "\n"
    } else {
        print::page(&report)
    };
    io::stdout().lock().write_all(text.as_bytes())?;
    if report.is_healthy() {
        Ok(())
    } else {
        Err(Failure::Told)
    }
}
