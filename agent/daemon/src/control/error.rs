//! Why a bot gave no answer: four kinds, since something else is to be done about each.

use std::error::Error;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use sabai_wire::control::ErrorAnswer;

/// Why there is no answer. Displayed for people, with what to do where that is known.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// Nobody is there, or we may not.
    #[error("cannot connect to {}: {error}{}", socket.display(), advice(error))]
    Unreachable {
        socket: PathBuf,
        /// Not a source: it is in the text.
        error: io::Error,
    },
    /// It was not asked, or did not answer to the end, in time.
    #[error("the bot at {} does not answer within {} s", socket.display(), limit.as_secs_f64())]
    Silent { socket: PathBuf, limit: Duration },
    /// What came is no answer.
    #[error(transparent)]
    Nonsense(#[from] Nonsense),
    /// It answered that it does not; nothing was changed.
    #[error("the bot refuses ({status}): {}", told(answer.as_ref()))]
    Refused {
        /// Of HTTP.
        status: u16,
        /// `None` when it does not say why.
        answer: Option<ErrorAnswer>,
    },
}

/// What is wrong with an answer.
#[derive(Debug, thiserror::Error)]
pub enum Nonsense {
    /// It is not HTTP, or it ended early.
    #[error(transparent)]
    Http(hyper::Error),
    /// Its body ended early, or is longer than any answer.
    #[error("the answer cannot be read: {0}")]
    Unreadable(Box<dyn Error + Send + Sync>),
    /// It says something else than what was asked for.
    #[error("the bot's answer is not understood; is it of another version?")]
    NotUnderstood(#[source] serde_json::Error),
}

fn advice(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::NotFound => "; is the bot running, with this path as SABAI_CONTROL_SOCKET?",
        io::ErrorKind::ConnectionRefused => "; the bot that made it has ended",
        io::ErrorKind::PermissionDenied => "; only its owner and its owner's group may",
        _ => "",
    }
}

fn told(answer: Option<&ErrorAnswer>) -> &str {
    answer.map_or("it does not say why", |answer| &answer.error)
}
