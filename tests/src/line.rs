//! A stand-in for LINE's Messaging API on a local port: keeps LINE's rules about tokens, retry keys, quota and
//! messages, fails or waits on demand, and journals every call. It is told of events by `webhook`, never by the bot.

mod answer;
mod connection;
mod endpoint;
pub mod faults;
pub mod hold;
mod intervene;
pub mod journal;
mod limits;
mod messages;
mod options;
mod pages;
mod routes;
mod sending;
mod state;
mod tokens;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::SystemTime;

use anyhow::Context;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use uuid::Uuid;

pub use endpoint::Endpoint;
pub use options::{Options, Profile};

use faults::{Action, Faults, Match};
use hold::{Hold, Stage};
use journal::{Call, Journal};
use state::State;

/// What connections share. The lock is held for the decisions of one call at a time, never across an await.
pub(crate) struct Shared {
    options: Options,
    state: Mutex<State>,
    journaled: watch::Sender<u64>,
}

impl Shared {
    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nobody panics while holding this")
    }
}

/// The stand-in. Dropping it closes its port and every connection.
pub struct Line {
    shared: Arc<Shared>,
    address: SocketAddr,
    accepting: JoinHandle<()>,
}

impl Line {
    /// Listens on a free port of 127.0.0.1, on the current runtime.
    ///
    /// # Errors
    /// When no port can be had.
    pub async fn start(options: Options) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))
            .await
            .context("listen as LINE")?;
        let address = listener.local_addr()?;
        let state = Mutex::new(State::default());
        let shared = Arc::new(Shared {
            options,
            state,
            journaled: watch::Sender::new(0),
        });
        let accepting = tokio::spawn(connection::accept(listener, Arc::clone(&shared)));
        Ok(Self {
            shared,
            address,
            accepting,
        })
    }

    /// What `LINE_API_URL` is set to.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    #[must_use]
    pub fn options(&self) -> &Options {
        &self.shared.options
    }

    /// The bot's variables for this channel: API, secret, long-lived token (design section 9).
    #[must_use]
    pub fn env(&self) -> Vec<(String, String)> {
        let options = self.options();
        [
            ("LINE_API_URL", self.url()),
            ("LINE_DATA_API_URL", self.url()),
            ("LINE_CHANNEL_SECRET", options.channel_secret.clone()),
            ("LINE_CHANNEL_ACCESS_TOKEN", options.access_token.clone()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .to_vec()
    }

    /// Makes `token` good for one reply to `event`, for the configured time from now. A token that is known already
    /// (a redelivery) gets its time again, unless it is spent or its event too old.
    pub fn issue_reply_token(&self, token: &str, event: &str, chat: &str, occurred_at: SystemTime) {
        self.shared
            .lock()
            .tokens
            .issue(&self.shared.options, token, event, chat, occurred_at);
    }

    /// Lets the journal name the event of a push that carries `key`.
    pub fn name_retry_key(&self, key: Uuid, event: &str) {
        self.shared.lock().pushes.name(key, event);
    }

    /// Every reply token issued so far runs out now.
    pub fn expire_reply_tokens(&self) {
        self.shared.lock().tokens.expire_replies();
    }

    /// Every access token issued by `/oauth2/v3/token` so far runs out now.
    pub fn expire_access_tokens(&self) {
        self.shared.lock().tokens.expire_access();
    }

    /// As after 24 hours: known retry keys are new again.
    pub fn forget_retry_keys(&self) {
        self.shared.lock().pushes.forget_keys();
    }

    /// What LINE tells of this user from now on; none means 404 everywhere, as for an account that was deleted.
    pub fn set_profile(&self, user: &str, profile: Option<Profile>) {
        self.shared.lock().profiles.insert(user.to_owned(), profile);
    }

    /// This user never added the account as a friend, or blocked it: `GET /v2/bot/profile/{user}` is 404, and only
    /// groups and rooms tell the profile.
    pub fn set_stranger(&self, user: &str) {
        self.shared.lock().strangers.insert(user.to_owned());
    }

    /// What `GET /v2/bot/channel/webhook/endpoint` says.
    pub fn set_webhook_endpoint(&self, url: &str, active: bool) {
        self.shared.lock().webhook = Some((url.to_owned(), active));
    }

    /// Messages pushed and counted to the month's quota.
    #[must_use]
    pub fn quota_used(&self) -> u64 {
        self.shared.lock().pushes.used()
    }

    /// The next `times` matching calls meet `action`.
    pub fn fault(&self, matching: Match, action: Action, times: u32) {
        self.faults(|faults| faults.add(matching, action, Some(times)));
    }

    /// Every matching call meets `action` until [`Line::clear_faults`].
    pub fn fault_until_cleared(&self, matching: Match, action: Action) {
        self.faults(|faults| faults.add(matching, action, None));
    }

    pub fn clear_faults(&self) {
        self.faults(Faults::clear);
    }

    /// How many calls met a fault so far.
    #[must_use]
    pub fn faults_met(&self) -> u64 {
        self.faults(|faults| faults.met())
    }

    fn faults<T>(&self, act: impl FnOnce(&mut Faults) -> T) -> T {
        act(&mut self.shared.lock().faults)
    }

    /// Stops every matching call at `stage` until the hold is released, abandoned or dropped.
    #[must_use]
    pub fn hold(&self, matching: Match, stage: Stage) -> Hold {
        let hold = Hold::new(matching, stage);
        self.shared.lock().holds.push(hold.gate());
        hold
    }

    /// Looks into the journal; calls wait meanwhile.
    pub fn journal<T>(&self, look: impl FnOnce(&Journal) -> T) -> T {
        look(&self.shared.lock().journal)
    }

    /// The accepted messages (replies and pushes) for one event, oldest first. More than one is a duplicate.
    #[must_use]
    pub fn accepted_for(&self, event: &str) -> Vec<Arc<Call>> {
        self.journal(|journal| journal.accepted_for(event))
    }

    /// Sees every later entry of the journal: the value is how many there are.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<u64> {
        self.shared.journaled.subscribe()
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}
