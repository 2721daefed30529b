//! Has the bot do what was decided: settings put in force, sessions renewed, each told once with its reason and its end.

use std::time::Duration;

use sabai_daemon::control::{AskError, Client};
use sabai_wire::control::{RecycleKind, RecycleOutcome, RecycleReport, RecycleRequest, Report};
use sabai_wire::settings::PoolSettings;
use uuid::Uuid;

use crate::acts::{Recycle, Step};
use crate::metrics::{Ended, Metrics};
use crate::moment::Moment;
use crate::said::one_line;
use crate::settings::RecycleSettings;

/// Beyond its own deadline, a recycle has so long to be reported as ended.
const GRACE: Duration = Duration::from_secs(10);
/// From one try to put settings in force to the next.
const AGAIN: Duration = Duration::from_secs(5);
/// The same when the bot has refused them, as one of another version may: everything else goes on meanwhile.
const REFUSED: Duration = Duration::from_secs(60);

/// What is under way.
pub(super) struct Acting {
    client: Client,
    metrics: Metrics,
    running: Option<Running>,
    /// When settings were put in force last.
    applied: Option<Moment>,
    /// Settings that the bot has refused, by their digest, and when.
    refused: Option<(String, Moment)>,
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
                let request = RecycleRequest {
                    request_id: Uuid::new_v4().to_string(),
                    kind: recycle.kind,
                    reason: recycle.reason,
                    deadline: settings.drain_timeout,
                };
                tracing::info!(
                    request_id = request.request_id,
                    "{}: begins",
                    words(recycle)
                );
                self.running = Some(Running {
                    request,
                    since: now,
                    begun: false,
                });
                self.ask(now).await;
            }
        }
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

    /// Whether the bot has refused these lately.
    pub(super) fn was_refused(&self, now: Moment, settings: &PoolSettings) -> bool {
        let refused = self.refused.as_ref();
        refused.is_some_and(|(digest, at)| now.since(*at) < REFUSED && *digest == settings.digest())
    }

    /// Puts settings in force, not more often than it makes sense.
    pub(super) async fn apply(&mut self, now: Moment, settings: &PoolSettings) {
        if self.applied.is_some_and(|last| now.since(last) < AGAIN) {
            return;
        }
        self.applied = Some(now);
        let digest = settings.digest();
        match self.client.settings(settings).await {
            Ok(_) => tracing::info!(digest, "apply settings: the bot holds them"),
            Err(error) => {
                if matches!(error, AskError::Refused { .. }) {
                    self.refused = Some((digest.clone(), now));
                }
                let why = one_line(&error.to_string());
                tracing::warn!(digest, "apply settings: {why}");
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
