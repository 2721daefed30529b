//! Sending one answer: the calls to LINE, each allowed by the lease, counted before and judged after.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use sabai_daemon::backoff;
use sabai_wire::fault::Fault;
use tokio::time::Instant;
use uuid::Uuid;

use super::decide::{Call, Next, decide, trouble};
use super::store::{Outbox, PushStep};
use crate::conversation::store::{Ending, Sent};
use crate::event::key::EventKey;
use crate::line::{LineClient, Outcome};
use crate::queue::Lease;
use crate::queue::breaker::Breaker;
use crate::queue::store::Key;

/// Retry keys of pushes are UUIDv5 of the event's key in this namespace: whoever pushes an event uses the same one.
const RETRY_KEYS: Uuid = Uuid::from_u128(0x7d2f_3b6e_52c1_4c39_9d0a_5ab1_71ad_0b5e);
/// LINE keeps a retry key for 24 h; an hour less covers what clocks differ.
const RETRY_KEY_LIFE: Duration = Duration::from_secs(23 * 3600);
const FIRST_DELAY: Duration = Duration::from_millis(500);
const MOST_DELAY: Duration = Duration::from_secs(30);

/// What sending is held to.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// One call to LINE, from connecting to the last byte.
    pub call: Duration,
    /// No call is started when less than this is left of the lease. Longer than `call`.
    pub margin: Duration,
    /// Events older than this are not pushed.
    pub push_max_age: Duration,
    /// Pushes in a calendar month; `None` is no limit of ours.
    pub push_budget: Option<i32>,
}

/// One answer on its way.
#[derive(Debug)]
pub struct Letter<'a> {
    /// The event.
    pub event: i64,
    /// Its identity.
    pub identity: EventKey,
    /// Its lane and our token.
    pub key: Key,
    /// The messages, a JSON array.
    pub payload: &'a str,
    /// What the reply is made with.
    pub reply_token: &'a str,
    /// Where a push goes.
    pub chat_id: Option<&'a str>,
    /// When the event happened.
    pub occurred_at: SystemTime,
}

/// Where the sending of an answer stands when the sender begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The row has just been created, which counted the first call.
    Fresh,
    /// Others may have called before.
    Replying,
    /// The step to a push has been taken.
    Pushing,
}

/// How it went.
#[derive(Debug)]
pub enum Sending {
    /// The event can be settled.
    Done {
        /// How it ended.
        ending: Ending,
        /// Why, unless it was answered.
        reason: Option<&'static str>,
        /// More, for people.
        detail: Option<String>,
        /// What LINE accepted.
        sent: Option<Sent>,
    },
    /// Try again after this.
    Later(Duration),
    /// The lane is lost, or our lease too short for a call: stop.
    Lost,
    /// Postgres is in trouble; nothing is decided.
    Postgres(Fault),
}

/// Sends answers.
#[derive(Clone)]
pub struct Sender {
    /// LINE.
    pub line: Arc<LineClient>,
    /// The statements.
    pub outbox: Outbox,
    /// Shared by all senders.
    pub breaker: Arc<Breaker>,
    /// What it is held to.
    pub limits: Limits,
}

impl Sender {
    /// Sends `letter` as far as it goes now.
    pub async fn send(&self, letter: &Letter<'_>, standing: Standing, lease: &Lease) -> Sending {
        match self.try_send(letter, standing, lease).await {
            Ok(sending) => sending,
            Err(fault) => Sending::Postgres(fault),
        }
    }

    async fn try_send(
        &self,
        letter: &Letter<'_>,
        standing: Standing,
        lease: &Lease,
    ) -> Result<Sending, Fault> {
        let mut call = match standing {
            Standing::Fresh => Call::Reply { attempts: 1 },
            Standing::Pushing => Call::Push,
            Standing::Replying => match self.outbox.count(letter.event, &letter.key).await? {
                Some(attempts) => Call::Reply { attempts },
                None => return Ok(Sending::Lost),
            },
        };
        loop {
            if let Some(wait) = self.breaker.admit() {
                self.take_back(letter, call).await?;
                return Ok(Sending::Later(wait));
            }
            // The last look before the call: a process that was stopped may be long past its lease.
            if !lease.allows(self.limits.margin) {
                return Ok(Sending::Lost);
            }
            // Boxed: what the HTTP client needs meanwhile is larger than all the rest of working an event.
            let outcome = Box::pin(self.call(letter, call)).await;
            match trouble(&outcome) {
                Some(at_once) => self.breaker.failed(at_once),
                None => self.breaker.succeeded(),
            }
            match decide(call, &outcome) {
                Next::Push => match self.step_to_push(letter).await? {
                    None => call = Call::Push,
                    Some(sending) => return Ok(sending),
                },
                next => return self.conclude(letter, call, next, &outcome).await,
            }
        }
    }

    async fn call(&self, letter: &Letter<'_>, call: Call) -> Outcome {
        let deadline = Instant::now() + self.limits.call;
        let payload = letter.payload.as_bytes();
        match call {
            Call::Reply { .. } => self.line.reply(letter.reply_token, payload, deadline).await,
            Call::Push => {
                let key = Uuid::new_v5(&RETRY_KEYS, letter.identity.as_bytes());
                self.line
                    .push(letter.chat_id.unwrap_or_default(), payload, key, deadline)
                    .await
            }
        }
    }

    async fn conclude(
        &self,
        letter: &Letter<'_>,
        call: Call,
        next: Next,
        outcome: &Outcome,
    ) -> Result<Sending, Fault> {
        let by = if call == Call::Push { "push" } else { "reply" };
        Ok(match next {
            Next::Answered => {
                let request_id = outcome.request_id().map(str::to_owned);
                answered(Sent {
                    by,
                    at: SystemTime::now(),
                    request_id,
                })
            }
            Next::TakeBack => {
                self.take_back(letter, call).await?;
                Sending::Later(delay(call))
            }
            Next::Again if age(letter) > self.limits.push_max_age.min(RETRY_KEY_LIFE) => {
                self.unknown(letter, "no clear answer from LINE").await?
            }
            Next::Again => Sending::Later(delay(call)),
            Next::Unknown => {
                self.unknown(letter, "an earlier reply may have been accepted")
                    .await?
            }
            Next::Unanswered => done(Ending::Unanswered, "quota", None),
            // `Push` is handled by the caller; the table gives it to the first reply alone.
            Next::Refused | Next::Push => {
                done(Ending::DeadLetter, "refused", Some(describe(outcome)))
            }
        })
    }

    /// `None` when the push may be made.
    async fn step_to_push(&self, letter: &Letter<'_>) -> Result<Option<Sending>, Fault> {
        if age(letter) > self.limits.push_max_age {
            return Ok(Some(done(Ending::Unanswered, "too_old", None)));
        }
        if letter.chat_id.is_none() {
            return Ok(Some(done(Ending::Unanswered, "no_chat", None)));
        }
        Ok(
            match self
                .outbox
                .push(letter.event, &letter.key, self.limits.push_budget)
                .await?
            {
                PushStep::Taken => None,
                PushStep::BudgetSpent => Some(done(Ending::Unanswered, "budget", None)),
                PushStep::Refused => match self.outbox.known(letter.event).await? {
                    Some(fact) => Some(answered(Sent {
                        by: fact.sent_by,
                        at: fact.accepted_at,
                        request_id: fact.request_id,
                    })),
                    None => Some(Sending::Lost),
                },
            },
        )
    }

    /// Somebody else may know better: the row is read again before `unknown` is written.
    async fn unknown(&self, letter: &Letter<'_>, why: &str) -> Result<Sending, Fault> {
        Ok(match self.outbox.known(letter.event).await? {
            Some(fact) => answered(Sent {
                by: fact.sent_by,
                at: fact.accepted_at,
                request_id: fact.request_id,
            }),
            None => done(Ending::Unknown, "unknown", Some(why.to_owned())),
        })
    }

    async fn take_back(&self, letter: &Letter<'_>, call: Call) -> Result<(), Fault> {
        match call {
            Call::Reply { attempts } => {
                self.outbox
                    .take_back(letter.event, &letter.key, attempts)
                    .await
            }
            Call::Push => Ok(()),
        }
    }
}

fn answered(sent: Sent) -> Sending {
    Sending::Done {
        ending: Ending::Answered,
        reason: None,
        detail: None,
        sent: Some(sent),
    }
}

fn done(ending: Ending, reason: &'static str, detail: Option<String>) -> Sending {
    Sending::Done {
        ending,
        reason: Some(reason),
        detail,
        sent: None,
    }
}

fn describe(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Refused { status, detail, .. } => {
            format!("LINE refused it with status {status}: {detail}")
        }
        other => format!("LINE answered a push with {}", other.word()),
    }
}

fn age(letter: &Letter<'_>) -> Duration {
    SystemTime::now()
        .duration_since(letter.occurred_at)
        .unwrap_or_default()
}

fn delay(call: Call) -> Duration {
    let failures = match call {
        Call::Reply { attempts } => u32::try_from(attempts).unwrap_or(0).saturating_sub(1),
        Call::Push => 2,
    };
    backoff::delay(FIRST_DELAY, MOST_DELAY, failures.min(16), backoff::roll())
}
