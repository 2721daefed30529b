//! Has the bot do what was decided: settings put in force, sessions renewed, each told once with its reason and its end.

use std::time::Duration;

use sabai_daemon::control::{AskError, Client};
use sabai_wire::control::{
    RecycleKind, RecycleOutcome, RecycleReason, RecycleReport, RecycleRequest, Report,
};
use sabai_wire::settings::PoolSettings;
use uuid::Uuid;

use crate::acts::{Recycle, Step};
use crate::metrics::{Ended, Metrics};
use crate::moment::Moment;
use crate::requests::Turn;
use crate::said::one_line;
use crate::settings::RecycleSettings;

/// Beyond its own deadline, a recycle has so long to be reported as ended.
const GRACE: Duration = Duration::from_secs(10);
/// From one try to put settings in force to the next.
const AGAIN: Duration = Duration::from_secs(5);
/// The same when the bot has refused them, as one of another version may: everything else goes on meanwhile.
const REFUSED: Duration = Duration::from_secs(60);

/// What people ask for.
const REQUESTED: Recycle = Recycle {
    kind: RecycleKind::Refresh,
    reason: RecycleReason::Requested,
};

/// What is under way.
pub(super) struct Acting {
    client: Client,
    metrics: Metrics,
    running: Option<Running>,
    /// Settings that were put in force last, by their digest, and when.
    applied: Option<(String, Moment)>,
    refused: Option<Refused>,
}

/// Settings that the bot has refused.
#[derive(Clone, Debug)]
struct Refused {
    digest: String,
    at: Moment,
    why: String,
}

struct Running {
    request: RecycleRequest,
    since: Moment,
    /// The bot has answered that it begins.
    begun: bool,
}

impl Acting {
    pub(super) fn new(client: Client, metrics: Metrics) -> Self {
        Self {
            client,
            metrics,
            running: None,
            applied: None,
            refused: None,
        }
    }

    /// Whether a recycle that was asked for has not ended yet.
    pub(super) fn is_busy(&self) -> bool {
        self.running.is_some()
    }

    /// Does what the plan says, and says so.
    pub(super) async fn take(&mut self, now: Moment, step: Step, settings: &RecycleSettings) {
        match step {
            Step::Nothing => {}
            Step::Announce(recycle, due) => {
                let seconds = due.since(now).as_secs_f64();
                tracing::info!("{}: it begins in {seconds:.1} s", words(recycle));
            }
            Step::GiveUp(recycle) => tracing::info!("{}: not any more", words(recycle)),
            Step::Alarm(recycle, until) => {
                let seconds = until.since(now).as_secs();
                let words = words(recycle);
                tracing::error!(
                    "{words}: withheld for {seconds} s, since as many as are allowed in an hour have not helped; somebody should look"
                );
                self.metrics
                    .recycle(recycle.kind, recycle.reason, Ended::Withheld);
            }
            Step::Begin(recycle) => {
                let id = Uuid::new_v4().to_string();
                self.begin(now, recycle, id, settings).await;
            }
        }
    }

    /// Does what a person's request comes to, and says so.
    pub(super) async fn serve(&mut self, now: Moment, turn: Turn, settings: &RecycleSettings) {
        match turn {
            Turn::Nothing => {}
            Turn::Announce(due) => {
                let seconds = due.since(now).as_secs_f64();
                let words = words(REQUESTED);
                tracing::info!("{words}: it begins in {seconds:.1} s at the earliest");
            }
            Turn::Refuse(fault) => {
                let words = words(REQUESTED);
                tracing::warn!(
                    %fault,
                    "{words}: refused, no fresh session can be made ({fault}); ask again when it can"
                );
                self.metrics
                    .recycle(REQUESTED.kind, REQUESTED.reason, Ended::Withheld);
            }
            Turn::Begin(id) => self.begin(now, REQUESTED, id, settings).await,
        }
    }

    async fn begin(
        &mut self,
        now: Moment,
        recycle: Recycle,
        request_id: String,
        settings: &RecycleSettings,
    ) {
        tracing::info!(request_id, "{}: begins", words(recycle));
        let request = RecycleRequest {
            request_id,
            kind: recycle.kind,
            reason: recycle.reason,
            deadline: settings.drain_timeout,
        };
        self.running = Some(Running {
            request,
            since: now,
            begun: false,
        });
        self.ask(now).await;
    }

    /// Asks for what is not begun yet. The same request again is the same recycle.
    pub(super) async fn ask(&mut self, now: Moment) {
        let Some(running) = self.running.as_mut().filter(|running| !running.begun) else {
            return;
        };
        match self.client.recycle(&running.request).await {
            Ok(_) => running.begun = true,
            Err(error @ AskError::Refused { .. }) => self.give_up(&one_line(&error.to_string())),
            Err(error) if now.since(running.since) >= GRACE => {
                self.give_up(&one_line(&error.to_string()))
            }
            Err(error) => tracing::debug!("the recycle is asked for again: {error}"),
        }
    }

    /// Follows the recycle by the bot's report; tells when a replace has ended.
    pub(super) fn follow(&mut self, now: Moment, report: &Report) -> bool {
        let Some(running) = &self.running else {
            return false;
        };
        let last = report.last_recycle.as_ref();
        let ours = last.filter(|last| last.request_id == running.request.request_id);
        let ended = ours.filter(|last| last.outcome != RecycleOutcome::InProgress);
        if let Some(ended) = ended {
            let kind = running.request.kind;
            self.running = None;
            self.tell(ended);
            return kind == RecycleKind::Replace;
        }
        if now.since(running.since) >= running.request.deadline + GRACE {
            self.give_up("the bot does not say how it ended");
        }
        false
    }

    fn give_up(&mut self, why: &str) {
        if let Some(Running { request, .. }) = self.running.take() {
            let (kind, reason) = (request.kind, request.reason);
            tracing::warn!(
                request_id = request.request_id,
                "{}: given up: {why}",
                words(Recycle { kind, reason })
            );
            self.metrics.recycle(kind, reason, Ended::Refused);
        }
    }

    fn tell(&self, ended: &RecycleReport) {
        let outcome = match (ended.outcome, &ended.witness) {
            (RecycleOutcome::Completed, Some(witness)) if witness.older == 0 => Ended::Completed,
            (RecycleOutcome::Completed | RecycleOutcome::InProgress, _) => Ended::Unverified,
            (RecycleOutcome::Stopped, _) => Ended::Stopped,
            (RecycleOutcome::TimedOut, _) => Ended::TimedOut,
        };
        self.metrics.recycle(ended.kind, ended.reason, outcome);
        let older = ended.witness.as_ref().map(|witness| witness.older);
        let recycle = Recycle {
            kind: ended.kind,
            reason: ended.reason,
        };
        tracing::info!(
            request_id = ended.request_id,
            outcome = ?outcome,
            replaced = ended.sessions_replaced,
            closed = ended.sessions_closed,
            old_sessions = ended.old_sessions,
            older_by_the_server = ?older,
            requests_failed = ended.requests_failed,
            fault = ended.fault.as_ref().map(|fault| fault.0.as_str()),
            detail = ended.detail.as_deref().map(one_line),
            "{}: ended",
            words(recycle)
        );
    }

    /// Why the bot has refused the settings of this digest, if it has lately.
    pub(super) fn refused(&self, now: Moment, digest: &str) -> Option<&str> {
        let refused = self.refused.as_ref();
        let refused = refused.filter(|one| now.since(one.at) < REFUSED && one.digest == digest);
        refused.map(|one| one.why.as_str())
    }

    /// Puts settings in force; the same ones not more often than it makes sense.
    pub(super) async fn apply(&mut self, now: Moment, settings: &PoolSettings) {
        let digest = settings.digest();
        let just_now =
            |(same, last): &(String, Moment)| *same == digest && now.since(*last) < AGAIN;
        if self.applied.as_ref().is_some_and(just_now) {
            return;
        }
        self.applied = Some((digest.clone(), now));
        match self.client.settings(settings).await {
            Ok(_) => tracing::info!(digest, "apply settings: the bot holds them"),
            Err(error) => {
                let why = one_line(&error.to_string());
                tracing::warn!(digest, "apply settings: {why}");
                if matches!(error, AskError::Refused { .. }) {
                    self.refused = Some(Refused {
                        digest,
                        at: now,
                        why,
                    });
                }
            }
        }
    }
}

fn words(recycle: Recycle) -> String {
    let kind = match recycle.kind {
        RecycleKind::Refresh => "refresh",
        RecycleKind::Replace => "replace",
    };
    format!("{kind} ({})", recycle.reason.as_str())
}
