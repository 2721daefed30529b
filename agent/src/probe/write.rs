//! The last stage: a row of the agent's own, written and committed. It shows what reading cannot: a full disk, a lock on
//! the log, a standby that keeps commits waiting.

use std::time::SystemTime;

use sabai_wire::fault::Fault;
use sabai_wire::link::{Link, Statement, StatementError};
use tokio::time::Instant;

use super::report::Wrote;

/// As many rows as the table can have.
const SLOTS: u64 = 64;

/// Whether there is the table (a bot of this version has migrated), and whether an earlier commit still waits.
const BEFORE: Statement = Statement {
    name: "probe.before",
    sql: "/* probe.before */ select to_regclass('probe') is not null, \
          exists (select from pg_stat_activity where pid = $1::int4 and backend_start = $2::timestamptz)",
};

const WRITE: Statement = Statement {
    name: "probe.write",
    sql: "/* probe.write */ insert into probe (slot, at) values ($1::int2, clock_timestamp()) \
          on conflict (slot) do update set at = excluded.at",
};

/// Writes one pod's row.
#[derive(Debug)]
pub struct Writer {
    slot: i16,
    /// The backend in which our last commit did not end in time. While it lives no other is begun: each would take a
    /// session of the server for as long as the standby is away.
    hanging: Option<(i32, SystemTime)>,
}

impl Writer {
    /// Pods whose names meet in one slot write the same row; each still sees its own commit.
    #[must_use]
    pub fn of(pod: &str) -> Self {
        Self {
            slot: slot(pod),
            hanging: None,
        }
    }

    /// Writes the row, by `deadline`.
    pub async fn write(&mut self, link: &Link, deadline: Instant) -> Wrote {
        let started = Instant::now();
        match self.try_write(link, deadline).await {
            Ok(true) => Wrote::Committed(started.elapsed()),
            Ok(false) => Wrote::NoTable,
            Err(error) => Wrote::Failed {
                fault: error.fault,
                detail: error.detail,
                took: started.elapsed(),
            },
        }
    }

    /// Whether there is a table to write to.
    async fn try_write(&mut self, link: &Link, deadline: Instant) -> Result<bool, StatementError> {
        let (pid, start) = self.hanging.unzip();
        let rows = link.query(&BEFORE, &[&pid, &start], deadline).await?;
        let row = rows.first();
        let told = |column| row.and_then(|row| row.try_get::<_, bool>(column).ok());
        let (Some(table), Some(hangs)) = (told(0), told(1)) else {
            return Err(failed(Fault::Unexpected, "two values were expected"));
        };
        if let Some(pid) = pid.filter(|_| hangs) {
            let detail = format!("an earlier commit of ours still waits in the backend {pid}");
            return Err(failed(Fault::CommitHanging, detail));
        }
        self.hanging = None;
        if !table {
            return Ok(false);
        }
        let written = link.query(&WRITE, &[&self.slot], deadline).await;
        if written
            .as_ref()
            .is_err_and(|error| error.fault == Fault::Silent)
        {
            self.hanging = Some((link.facts().backend_pid, link.facts().backend_start));
        }
        written.map(|_| true)
    }
}

fn failed(fault: Fault, detail: impl Into<String>) -> StatementError {
    StatementError {
        statement: BEFORE.name,
        fault,
        detail: detail.into(),
    }
}

/// FNV-1a, its halves folded: short names that differ in their last letter spread well.
fn slot(pod: &str) -> i16 {
    let hash = pod.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
    });
    i16::try_from((hash ^ (hash >> 32)) % SLOTS).expect("below 64")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn slots_are_in_their_bounds_and_spread() {
        let slots = (0..256).map(|n| slot(&format!("shop-6f7c9d8b5d-{n:03}")));
        let slots: BTreeSet<i16> = slots.chain([slot("")]).collect();
        assert!(slots.iter().all(|slot| (0..64).contains(slot)), "{slots:?}");
        assert!(slots.len() > 48, "{} of 64", slots.len());
    }
}
