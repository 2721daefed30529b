//! Working one event: whether it is for us, its answer, the sending. It settles nothing itself.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sabai_wire::fault::Fault;

use super::store::Key;
use super::{Begun, Lease, Work};
use crate::conversation::store::{Ending, Sent};
use crate::db::group::Group;
use crate::event::Event;
use crate::line::Identity;
use crate::metrics::Metrics;
use crate::outbox::send::{Letter, Sender, Sending, Standing};
use crate::outbox::store::{Began, Begin, BeginBatch};
use crate::responder::{Answer, Question, Responder};

/// While our own identity is not known.
const UNTIL_KNOWN: Duration = Duration::from_secs(1);

/// What working an event came to.
#[derive(Debug)]
pub enum Verdict {
    /// Settle it so.
    Settle(End),
    /// Give the lane back for a while: something else is in trouble, not the event.
    Later(Duration),
    /// The lane has news: read it before going on.
    News,
    /// The lane is lost.
    Lost,
    /// Postgres is in trouble.
    Postgres(Fault),
}

/// How an event ends.
#[derive(Debug)]
pub struct End {
    pub ending: Ending,
    pub reason: Option<&'static str>,
    pub detail: Option<String>,
    pub sent: Option<Sent>,
    /// The customer may have chosen a language by it.
    pub chooses: bool,
}

impl End {
    fn stored(reason: &'static str) -> Verdict {
        Verdict::Settle(Self {
            ending: Ending::StoredOnly,
            reason: Some(reason),
            detail: None,
            sent: None,
            chooses: false,
        })
    }

    fn dead(reason: &'static str, detail: String) -> Verdict {
        Verdict::Settle(Self {
            ending: Ending::DeadLetter,
            reason: Some(reason),
            detail: Some(detail),
            sent: None,
            chooses: false,
        })
    }
}

/// An answer that stands in the outbox.
struct Draft<'a> {
    payload: &'a str,
    standing: Standing,
    chooses: bool,
}

/// What is needed to work an event.
pub struct Job {
    pub responder: Responder,
    pub sender: Sender,
    pub begin: Group<BeginBatch>,
    pub identity: Identity,
    pub max_attempts: i16,
    pub metrics: Metrics,
    pub warned_of_foreign: AtomicBool,
}

impl Job {
    /// Works `work`, the first event of the lane under `key`.
    pub async fn work(&self, work: &Work, key: &Key, lease: &Lease) -> Verdict {
        if let Some(begun) = &work.outbox {
            return self.resume(work, begun, key, lease).await;
        }
        if work.is_unsent() {
            return End::stored("unsent");
        }
        if work.attempts > self.max_attempts {
            return End::dead(
                "attempts_exhausted",
                format!("{} attempts and no end", work.attempts - 1),
            );
        }
        let Some(event) = &work.event else {
            return End::dead(
                "unreadable",
                "it could be read once, and now it cannot".to_owned(),
            );
        };
        let Some(own) = self.identity.get() else {
            return Verdict::Later(UNTIL_KNOWN);
        };
        if event.destination.as_deref() != Some(&*own) {
            if !self.warned_of_foreign.swap(true, Ordering::Relaxed) {
                tracing::warn!(
                    destination = event.destination.as_deref().unwrap_or("none"),
                    "signed webhooks for another bot arrive here; they are stored and not answered"
                );
            }
            return End::stored("foreign_destination");
        }
        let Some(reply_token) = event.reply_token.as_deref() else {
            return End::stored("no_reply_token");
        };
        match self.answer(work, event) {
            Some(answer) => {
                self.begin(work, event, reply_token, &answer, key, lease)
                    .await
            }
            None => End::stored("no_answer"),
        }
    }

    fn answer(&self, work: &Work, event: &Event) -> Option<Answer> {
        let kind = event.question_kind();
        let answer = self.responder.answer(&Question {
            kind: &kind,
            text: work.text(),
            postback_data: event.postback_data.as_deref(),
            one_to_one: event.one_to_one().is_some(),
            stored_language: work.person.language(),
            profile_language: work.person.profile_language.as_deref(),
        });
        self.metrics
            .answer("rules", if answer.is_some() { "answered" } else { "none" });
        answer
    }

    async fn begin(
        &self,
        work: &Work,
        event: &Event,
        reply_token: &str,
        answer: &Answer,
        key: &Key,
        lease: &Lease,
    ) -> Verdict {
        if let Some(wait) = self
            .sender
            .breaker
            .held_back()
            .filter(|wait| !wait.is_zero())
        {
            return Verdict::Later(wait);
        }
        let payload = answer.messages.to_json();
        let row = Begin {
            event: work.id,
            key: key.clone(),
            message_id: event.message_id().map(str::to_owned),
            payload: payload.clone(),
            rule: answer.rule.to_string(),
            language: answer.language.code(),
            set_language: answer.set_language.map(crate::responder::Language::code),
        };
        match self.begin.call(row).await {
            Ok(Began::Yes) => {}
            Ok(Began::News) => return Verdict::News,
            Ok(Began::Unsent) => return End::stored("unsent"),
            Ok(Began::Lost) => return Verdict::Lost,
            Err(fault) => return Verdict::Postgres(fault),
        }
        let draft = Draft {
            payload: &payload,
            standing: Standing::Fresh,
            chooses: answer.set_language.is_some(),
        };
        self.send(work, event, reply_token, draft, key, lease).await
    }

    /// An earlier holder had begun: the responder is not asked again.
    async fn resume(&self, work: &Work, begun: &Begun, key: &Key, lease: &Lease) -> Verdict {
        if let Some(at) = begun.accepted_at {
            let by = if begun.pushing { "push" } else { "reply" };
            let sent = Some(Sent {
                by,
                at,
                request_id: None,
            });
            return Verdict::Settle(End {
                ending: Ending::Answered,
                reason: None,
                detail: None,
                sent,
                chooses: true,
            });
        }
        let readable = work
            .event
            .as_ref()
            .and_then(|event| Some((event, event.reply_token.as_deref()?)));
        let spent =
            (work.attempts > self.max_attempts).then_some("attempts exhausted while sending");
        let why = match (readable, spent) {
            (Some((event, reply_token)), None) => {
                let standing = if begun.pushing {
                    Standing::Pushing
                } else {
                    Standing::Replying
                };
                let draft = Draft {
                    payload: &begun.payload,
                    standing,
                    chooses: true,
                };
                return self.send(work, event, reply_token, draft, key, lease).await;
            }
            // Taken back meanwhile: its bytes, and with them the reply token, are gone.
            (None, _) if begun.reply_attempts == 0 => return End::stored("unsent"),
            (None, _) => "taken back while it was being answered",
            (_, Some(spent)) => spent,
        };
        Verdict::Settle(End {
            ending: Ending::Unknown,
            reason: Some("unknown"),
            detail: Some(why.to_owned()),
            sent: None,
            chooses: true,
        })
    }

    async fn send(
        &self,
        work: &Work,
        event: &Event,
        reply_token: &str,
        draft: Draft<'_>,
        key: &Key,
        lease: &Lease,
    ) -> Verdict {
        let letter = Letter {
            event: work.id,
            identity: work.key,
            key: key.clone(),
            payload: draft.payload,
            reply_token,
            chat_id: event.chat_id(),
            occurred_at: work.occurred_at,
        };
        match self.sender.send(&letter, draft.standing, lease).await {
            Sending::Done {
                ending,
                reason,
                detail,
                sent,
            } => Verdict::Settle(End {
                ending,
                reason,
                detail,
                sent,
                chooses: draft.chooses,
            }),
            Sending::Later(delay) => Verdict::Later(delay),
            Sending::Lost => Verdict::Lost,
            Sending::Postgres(fault) => Verdict::Postgres(fault),
        }
    }
}
