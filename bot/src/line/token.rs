//! Channel access tokens: given, read from a file, or stateless (issued by
//! LINE for 15 minutes, as often as wanted). One caller fetches, the others
//! wait or go on with the token that still lives. No token is ever printed.

mod file;
mod issue;

use std::path::PathBuf;
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use http::HeaderValue;
use tokio::sync::{Mutex, MutexGuard, watch};
use tokio::time::{Instant, timeout_at};

use crate::line::answer::Failure;
use crate::line::endpoint::{Observer, Routes};
use crate::line::transport::{BuildError, Transport};
use crate::line::{ClientConfig, Secret};

/// After a failed fetch, what it said is the answer for so long.
const FAILURE_PAUSE: Duration = Duration::from_secs(1);
/// A token that LINE refused is replaced at most once in so long, whatever
/// the new one is worth: a suspended channel refuses each new one.
const REJECTION_PAUSE: Duration = Duration::from_secs(10);
/// An early renewal must not make its caller's answer late; the old token is
/// still good.
const EARLY_PATIENCE: Duration = Duration::from_secs(2);

/// Where access tokens come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenSource {
    /// A long-lived token.
    Fixed(Secret),
    /// A file that holds one; another content is used within a second.
    File(PathBuf),
    /// Issued by LINE for this channel id with `ClientConfig::channel_secrets`.
    Stateless { channel_id: String },
}

#[derive(Clone, Debug)]
pub(crate) enum TokenError {
    /// None could be had now: no file, no connection, no readable answer.
    Unavailable(String),
    /// LINE does not issue one for these credentials.
    Refused {
        request_id: Option<String>,
        detail: String,
    },
}

impl From<TokenError> for Failure {
    /// Without a token nothing was sent.
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::Unavailable(reason) => Self::NeverSent(reason),
            TokenError::Refused { request_id, detail } => Self::TokenRefused { request_id, detail },
        }
    }
}

/// A token as it is sent, and when to replace it. `None`: never.
#[derive(Clone, Debug)]
struct Token {
    bearer: HeaderValue,
    renew_at: Option<Instant>,
    ends_at: Option<Instant>,
}

/// What the one who fetches must know of those before.
#[derive(Default)]
struct Attempts {
    failed: Option<(Instant, TokenError)>,
    rejected: Option<Instant>,
}

/// What a fetch needs from the client.
#[derive(Clone, Copy)]
pub(crate) struct Via<'a> {
    pub(crate) transport: &'a Transport,
    pub(crate) routes: &'a Routes,
    pub(crate) observer: &'a Observer,
    pub(crate) deadline: Instant,
}

pub(crate) struct Tokens {
    source: TokenSource,
    secrets: watch::Receiver<Vec<Secret>>,
    current: RwLock<Option<Token>>,
    attempts: Mutex<Attempts>,
}

impl Tokens {
    pub(crate) fn new(config: &ClientConfig) -> Result<Self, BuildError> {
        let current = match &config.token {
            TokenSource::Fixed(token) => Some(Token {
                bearer: bearer(token).ok_or(BuildError::Token)?,
                renew_at: None,
                ends_at: None,
            }),
            TokenSource::File(_) | TokenSource::Stateless { .. } => None,
        };
        Ok(Self {
            source: config.token.clone(),
            secrets: config.channel_secrets.clone(),
            current: RwLock::new(current),
            attempts: Mutex::default(),
        })
    }

    /// A token that is good for now. Renewed early by one caller while the
    /// others go on with the old one; when there is none, all wait for one.
    pub(crate) async fn get(&self, via: Via<'_>) -> Result<HeaderValue, TokenError> {
        let now = Instant::now();
        let Some(token) = self.living(now) else {
            return self.first(via).await;
        };
        if passed(token.renew_at, now)
            && let Ok(attempts) = self.attempts.try_lock()
        {
            let deadline = via.deadline.min(now + EARLY_PATIENCE);
            return Ok(self.early(token, attempts, Via { deadline, ..via }).await);
        }
        Ok(token.bearer)
    }

    /// The next token, or after all the old one.
    async fn early(
        &self,
        old: Token,
        mut attempts: MutexGuard<'_, Attempts>,
        via: Via<'_>,
    ) -> HeaderValue {
        // Whoever held the lock before may have renewed it.
        match self.living(Instant::now()) {
            Some(token) if token.bearer != old.bearer => return token.bearer,
            _ => {}
        }
        match self.fetch(&mut attempts, via).await {
            Ok(bearer) => bearer,
            Err(error) => {
                // Its patience is so short that running out of it counts.
                attempts.failed.get_or_insert((Instant::now(), error));
                old.bearer
            }
        }
    }

    async fn first(&self, via: Via<'_>) -> Result<HeaderValue, TokenError> {
        let mut attempts = timeout_at(via.deadline, self.attempts.lock())
            .await
            .map_err(|_| TokenError::Unavailable("no access token before the deadline".into()))?;
        // Whoever held the lock before may have brought one.
        match self.living(Instant::now()) {
            Some(token) => Ok(token.bearer),
            None => self.fetch(&mut attempts, via).await,
        }
    }

    /// Another token than the one LINE refused with 401, if there is one to
    /// be had. Asks the source at most once in `REJECTION_PAUSE`.
    pub(crate) async fn after_rejection(
        &self,
        rejected: &HeaderValue,
        via: Via<'_>,
    ) -> Option<HeaderValue> {
        let mut attempts = timeout_at(via.deadline, self.attempts.lock()).await.ok()?;
        let another = |token: &HeaderValue| token != rejected;
        if let Some(token) = self.current().map(|token| token.bearer).filter(another) {
            return Some(token);
        }
        let now = Instant::now();
        let lately = attempts
            .rejected
            .is_some_and(|at| now < at + REJECTION_PAUSE);
        if lately || matches!(self.source, TokenSource::Fixed(_)) {
            return None;
        }
        attempts.rejected = Some(now);
        self.fetch(&mut attempts, via).await.ok().filter(another)
    }

    /// Asks the source, unless it failed a moment ago.
    async fn fetch(
        &self,
        attempts: &mut Attempts,
        via: Via<'_>,
    ) -> Result<HeaderValue, TokenError> {
        if let Some((at, error)) = &attempts.failed
            && Instant::now() < *at + FAILURE_PAUSE
        {
            return Err(error.clone());
        }
        let result = match &self.source {
            TokenSource::Fixed(_) => Err(TokenError::Unavailable(
                "the access token is a fixed one".into(),
            )),
            TokenSource::File(path) => file::read(path.clone(), via.deadline).await,
            TokenSource::Stateless { channel_id } => {
                let secrets = self.secrets.borrow().clone();
                issue::stateless(channel_id, &secrets, via).await
            }
        };
        attempts.failed = None;
        match result {
            Ok(token) => {
                let bearer = token.bearer.clone();
                *self.current.write().unwrap_or_else(PoisonError::into_inner) = Some(token);
                Ok(bearer)
            }
            Err(error) => {
                let now = Instant::now();
                // A caller who ran out of time has learned nothing of the source.
                if now < via.deadline {
                    attempts.failed = Some((now, error.clone()));
                }
                Err(error)
            }
        }
    }

    fn living(&self, now: Instant) -> Option<Token> {
        self.current().filter(|token| !passed(token.ends_at, now))
    }

    fn current(&self) -> Option<Token> {
        self.current
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

fn passed(at: Option<Instant>, now: Instant) -> bool {
    at.is_some_and(|at| now >= at)
}

/// `None` if no header can carry it.
fn bearer(token: &Secret) -> Option<HeaderValue> {
    let text = Some(token.expose()).filter(|text| !text.is_empty())?;
    let mut value = HeaderValue::try_from(format!("Bearer {text}")).ok()?;
    value.set_sensitive(true);
    Some(value)
}
