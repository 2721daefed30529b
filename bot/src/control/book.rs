//! Which recycles were asked for: one runs at a time, and the same request id never runs twice. Pure.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use sabai_wire::control::{RecycleOutcome, RecycleReport, RecycleRequest, Timestamp};

use crate::db::recycle::Tally;

#[derive(Debug, Default)]
pub(super) struct Book {
    running: Option<Running>,
    last: Option<RecycleReport>,
}

#[derive(Debug)]
struct Running {
    report: RecycleReport,
    tally: Arc<Tally>,
}

/// What becomes of a request.
#[derive(Debug)]
pub(super) enum Turn {
    /// It is new: run it, and count here.
    Begin(RecycleReport, Arc<Tally>),
    /// It is running.
    Running(RecycleReport),
    /// It has ended.
    Ended(RecycleReport),
    /// Another one is running.
    Refused(String),
}

impl Book {
    /// What a former life was doing has ended with it: every session is younger than that.
    pub(super) fn after_restart(last: Option<RecycleReport>) -> Self {
        let last = last.map(|mut last| {
            if last.outcome == RecycleOutcome::InProgress {
                last.outcome = RecycleOutcome::Completed;
                last.old_sessions = 0;
                last.completion_time = Some(Timestamp::now());
                last.detail =
                    Some("the bot was restarted meanwhile: every session is younger".to_owned());
            }
            last
        });
        Self {
            running: None,
            last,
        }
    }

    pub(super) fn ask(&mut self, request: &RecycleRequest, generation: u64) -> Turn {
        let id = &request.request_id;
        if let Some(running) = &self.running {
            return if running.report.request_id == *id {
                Turn::Running(running.now())
            } else {
                Turn::Refused(running.report.request_id.clone())
            };
        }
        if let Some(last) = self.last.as_ref().filter(|last| last.request_id == *id) {
            return Turn::Ended(last.clone());
        }
        let running = self.running.insert(Running {
            report: begun(request, generation),
            tally: Arc::default(),
        });
        Turn::Begin(running.report.clone(), Arc::clone(&running.tally))
    }

    /// The running one has ended.
    pub(super) fn ended(&mut self, report: RecycleReport) {
        self.running = None;
        self.last = Some(report);
    }

    /// The running one, else the last.
    pub(super) fn latest(&self) -> Option<RecycleReport> {
        let running = self.running.as_ref().map(Running::now);
        running.or_else(|| self.last.clone())
    }
}

impl Running {
    fn now(&self) -> RecycleReport {
        counted(self.report.clone(), &self.tally)
    }
}

fn begun(request: &RecycleRequest, generation: u64) -> RecycleReport {
    RecycleReport {
        request_id: request.request_id.clone(),
        kind: request.kind,
        reason: request.reason,
        outcome: RecycleOutcome::InProgress,
        generation,
        start_time: Timestamp::now(),
        completion_time: None,
        sessions_opened: 0,
        sessions_closed: 0,
        sessions_replaced: 0,
        old_sessions: 0,
        requests_failed: 0,
        fault: None,
        detail: None,
        witness: None,
    }
}

/// The report with what was counted so far.
pub(super) fn counted(report: RecycleReport, tally: &Tally) -> RecycleReport {
    RecycleReport {
        sessions_opened: tally.opened.load(Ordering::Relaxed),
        sessions_closed: tally.closed.load(Ordering::Relaxed),
        sessions_replaced: tally.replaced.load(Ordering::Relaxed),
        ..report
    }
}

#[cfg(test)]
mod tests {
    use sabai_wire::control::{RecycleKind, RecycleReason};
    use std::time::Duration;

    use super::*;

    fn request(id: &str) -> RecycleRequest {
        RecycleRequest {
            request_id: id.to_owned(),
            kind: RecycleKind::Refresh,
            reason: RecycleReason::Requested,
            deadline: Duration::from_secs(30),
        }
    }

    #[test]
    fn one_runs_at_a_time_and_none_twice() {
        let mut book = Book::default();
        let Turn::Begin(mut report, tally) = book.ask(&request("a"), 1) else {
            panic!("new");
        };
        tally.opened.store(3, Ordering::Relaxed);
        assert!(
            matches!(book.ask(&request("a"), 1), Turn::Running(now) if now.sessions_opened == 3)
        );
        assert!(matches!(book.ask(&request("b"), 1), Turn::Refused(id) if id == "a"));
        report.outcome = RecycleOutcome::Completed;
        book.ended(report.clone());
        assert!(matches!(book.ask(&request("a"), 2), Turn::Ended(last) if last == report));
        assert!(matches!(book.ask(&request("b"), 2), Turn::Begin(..)));
        assert_eq!(book.latest().map(|last| last.request_id), Some("b".into()));
    }

    #[test]
    fn a_restart_ends_what_was_running_and_remembers_it() {
        let running = begun(&request("a"), 4);
        let mut book = Book::after_restart(Some(running));
        let Turn::Ended(last) = book.ask(&request("a"), 1) else {
            panic!("remembered");
        };
        assert_eq!(last.outcome, RecycleOutcome::Completed);
        assert!(matches!(book.ask(&request("b"), 1), Turn::Begin(..)));
    }
}
