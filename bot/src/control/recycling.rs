//! Running what was asked for, to its end, whoever asked goes away.

use std::sync::{Arc, MutexGuard, PoisonError};

use sabai_wire::control::{
    FaultName, RecycleOutcome, RecycleReport, RecycleRequest, Timestamp, WitnessReport,
};
use tokio::task::spawn_blocking;
use tokio::time::Instant;

use super::Control;
use super::book::{Book, Turn, counted};
use crate::db::recycle::{Summary, Tally};

impl Control {
    pub(super) fn book(&self) -> MutexGuard<'_, Book> {
        self.0.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins a recycle, in a task of its own so that it ends whatever becomes of the caller, or tells how the one with the same id stands.
    pub(super) fn recycle(&self, request: &RecycleRequest) -> Turn {
        let turn = self.book().ask(request, self.0.db.generation());
        if let Turn::Begin(report, tally) = &turn {
            let deadline = Instant::now() + request.deadline;
            let (control, begun) = (self.clone(), report.clone());
            let running = self.clone().run(begun.clone(), Arc::clone(tally), deadline);
            tokio::spawn(async move {
                if let Err(panic) = tokio::spawn(running).await {
                    tracing::error!("a recycle panicked: {panic}");
                    control.book().ended(RecycleReport {
                        outcome: RecycleOutcome::Stopped,
                        completion_time: Some(Timestamp::now()),
                        detail: Some("a bug of the bot; its log has more".to_owned()),
                        ..begun
                    });
                }
            });
        }
        turn
    }

    async fn run(self, begun: RecycleReport, tally: Arc<Tally>, deadline: Instant) {
        // Before it begins, so that a restart in the middle of it remembers the id.
        self.keep(begun.clone()).await;
        let (kind, reason) = (begun.kind, begun.reason);
        let summary = self.0.db.recycle(kind, reason, deadline, &tally).await;
        let report = ended(counted(begun, &tally), summary);
        self.keep(report.clone()).await;
        self.book().ended(report);
    }

    async fn keep(&self, report: RecycleReport) {
        let kept = self.0.kept.clone();
        // A failure was told where it happened.
        let _ = spawn_blocking(move || kept.keep_recycle(&report)).await;
    }
}

fn ended(report: RecycleReport, summary: Summary) -> RecycleReport {
    let (fault, detail) = summary
        .fault
        .map_or((None, None), |(fault, detail)| (Some(fault), Some(detail)));
    RecycleReport {
        outcome: summary.outcome,
        generation: summary.generation,
        completion_time: Some(Timestamp::now()),
        old_sessions: summary.old_left as u64,
        requests_failed: summary.requests_failed,
        fault: fault.map(FaultName),
        detail,
        witness: summary.witness.map(|witness| WitnessReport {
            began: witness.began.into(),
            oldest: witness.oldest.map(Into::into),
            older: u64::try_from(witness.older).unwrap_or(0),
        }),
        ..report
    }
}
