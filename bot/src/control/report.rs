//! The report: what the pools, the roll of sessions and the metrics say at one moment.

use std::collections::BTreeMap;
use std::time::Duration;

use sabai_wire::control::{
    FaultName, PoolReport, ProgressReport, Report, SessionReport, Timestamp, TroubleReport,
};
use sabai_wire::fault::Fault;

use super::Control;
use crate::db::pool::Trouble;
use crate::db::roll::{Entry, Stand};
use crate::metrics::Metrics;

/// More sessions than any ceiling allows are not listed.
const MOST_SESSIONS: usize = 512;

impl Control {
    pub(super) fn report(&self) -> Report {
        let (db, metrics) = (&self.0.db, &self.0.metrics);
        let (applied, settings) = (db.applied(), db.settings());
        let entries = db.roll().entries();
        let trouble = db.intake.troubled().or_else(|| db.work.troubled());
        Report {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            time: Timestamp::now(),
            generation: db.generation(),
            applied: applied.is_complete(),
            settings_digest: applied.digest,
            max_connections: settings.max_connections(),
            pool: self.pool(),
            sessions: entries.iter().take(MOST_SESSIONS).map(session).collect(),
            trouble: trouble.map(troubled),
            faults: faults(metrics),
            progress: self.progress(),
            last_recycle: self.book().latest(),
            readiness: (self.0.asked.readiness)(),
            spool: (self.0.asked.spool)(),
        }
    }

    fn pool(&self) -> PoolReport {
        let db = &self.0.db;
        let slots = db.slots();
        PoolReport {
            size: slots.size(),
            idle: slots.idle,
            in_use: slots.busy,
            dialing: slots.dialing,
            closing: slots.closing,
            waiting: db.intake.waiting() + db.work.waiting(),
            old_sessions: db.old_sessions(),
            outlived: db.roll().count(|entry| entry.stand == Stand::Outlived),
        }
    }

    fn progress(&self) -> ProgressReport {
        let progress = self.0.db.intake.progress() + self.0.db.work.progress();
        ProgressReport {
            acquired: progress.acquired,
            refused: progress.refused,
            statements: progress.statements,
            sessions_opened: progress.opened,
            sessions_not_opened: progress.not_opened,
            sessions_closed: progress.closed,
        }
    }
}

fn session(entry: &Entry) -> SessionReport {
    let facts = &entry.facts;
    SessionReport {
        duty: entry.duty.as_str().to_owned(),
        state: entry.stand.as_str().to_owned(),
        generation: facts.generation,
        backend_pid: facts.backend_pid,
        backend_start: facts.backend_start.into(),
        server_start: facts.server_start.into(),
        server_address: facts.server_address,
        peer: facts.peer,
        age_milliseconds: millis(facts.opened.elapsed()),
        state_milliseconds: millis(entry.since.elapsed()),
        times_lent: entry.lent,
        certificate_sha256: facts.certificate.sha256.clone(),
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn troubled(trouble: Trouble) -> TroubleReport {
    TroubleReport {
        fault: FaultName(trouble.error.fault),
        stage: trouble.error.stage.as_str().to_owned(),
        detail: trouble.error.detail,
        since: trouble.since.into(),
    }
}

fn faults(metrics: &Metrics) -> BTreeMap<String, u64> {
    Fault::ALL
        .iter()
        .map(|fault| fault.as_str())
        .map(|word| (word.to_owned(), metrics.faults_met(word)))
        .filter(|(_, count)| *count > 0)
        .collect()
}
