//! What LINE is told and verified by. Secrets and tokens keep where they come from and are read again at each use.
//! Never sends anything.

use std::net::IpAddr;

use sabai_daemon::config::{Problems, Reader, Source, Variable, read_file, value};
use sabai_daemon::secret::Secret;

use super::table;
use crate::line::TokenSource;

/// LINE's side of the configuration.
#[derive(Clone, Debug)]
pub struct LineConfig {
    secret: Option<Source>,
    login: LineLogin,
    /// The bot's own user id; `None` means to ask LINE once.
    pub destination: Option<String>,
    /// Base of the Messaging API, without a slash at its end unless the path is empty.
    pub api_url: http::Uri,
    pub data_api_url: http::Uri,
}

/// How calls to LINE are authorized.
#[derive(Clone, Debug)]
enum LineLogin {
    LongLived(Source),
    Stateless(Source),
}

impl LineConfig {
    /// The channel secrets now, one or two, the current one first.
    ///
    /// # Errors
    /// When their file is gone or holds something else.
    pub fn secrets(&self) -> Result<Vec<Secret>, Problems> {
        let mut reader = Reader::of_files(&read_file);
        let secrets = reader.value(&table::LINE_CHANNEL_SECRET, self.secret.as_ref(), secrets);
        reader.finish(secrets)
    }

    /// Where the client takes its tokens from.
    #[must_use]
    pub fn token_source(&self) -> TokenSource {
        match &self.login {
            LineLogin::LongLived(Source::Value(token)) => TokenSource::Fixed(token.clone()),
            LineLogin::LongLived(Source::File(path)) => TokenSource::File(path.clone()),
            LineLogin::Stateless(id) => TokenSource::Stateless {
                channel_id: id
                    .get()
                    .map(|id| id.expose().to_owned())
                    .unwrap_or_default(),
            },
        }
    }

    pub(super) fn from_env(reader: &mut Reader<'_>) -> Option<Self> {
        let secret = reader.source(&table::LINE_CHANNEL_SECRET);
        reader.value(&table::LINE_CHANNEL_SECRET, secret.as_ref(), secrets);
        let login = LineLogin::from_env(reader);
        let destination = reader.get(&table::LINE_DESTINATION, destination);
        let api_url = reader.get(&table::LINE_API_URL, value::base_url);
        let data_api_url = reader.get(&table::LINE_DATA_API_URL, value::base_url);
        Some(Self {
            secret,
            login: login?,
            destination,
            api_url: api_url?,
            data_api_url: data_api_url?,
        })
    }

    /// What is allowed and yet worth a warning: tokens sent in plaintext over a network.
    pub(super) fn warnings(&self) -> impl Iterator<Item = String> {
        let both = [
            (&table::LINE_API_URL, &self.api_url),
            (&table::LINE_DATA_API_URL, &self.data_api_url),
        ];
        let open = both
            .into_iter()
            .filter(|(_, url)| is_plaintext_over_a_network(url));
        open.map(|(variable, _)| {
            format!(
                "{} is http: the channel's token travels in plaintext",
                variable.name
            )
        })
    }

    /// In a word or two, for the log.
    pub(super) fn summary(&self) -> String {
        let login = match self.login {
            LineLogin::LongLived(_) => "a long-lived token",
            LineLogin::Stateless(_) => "stateless tokens",
        };
        format!("{} with {login}", self.api_url)
    }
}

impl LineLogin {
    fn from_env(reader: &mut Reader<'_>) -> Option<Self> {
        let (token, id) = (&table::LINE_CHANNEL_ACCESS_TOKEN, &table::LINE_CHANNEL_ID);
        let mut source = |variable: &Variable| reader.source(variable);
        let login = match (source(token), source(id)) {
            (Some(source), None) => Self::LongLived(source),
            (None, Some(source)) => Self::Stateless(source),
            (Some(_), Some(_)) => {
                reader.problem(
                    id.name,
                    format!("is set, and so is {}; give one of them", token.name),
                );
                return None;
            }
            (None, None) => {
                reader.not_set(
                    token,
                    format!("is not set, nor is {}; give one of them", id.name),
                );
                return None;
            }
        };
        let fit = match &login {
            Self::LongLived(source) => reader.value(token, Some(source), is_token),
            Self::Stateless(source) => reader.value(id, Some(source), is_channel_id),
        };
        fit.map(|()| login)
    }
}

/// One secret, or two by comma.
pub(super) fn secrets(text: &str) -> Result<Vec<Secret>, String> {
    let parts: Vec<&str> = text.split(',').map(str::trim).collect();
    if parts.len() > 2 {
        return Err("holds more than two secrets".to_owned());
    }
    if parts
        .iter()
        .any(|part| part.is_empty() || !part.bytes().all(|byte| byte.is_ascii_graphic()))
    {
        return Err(
            "is to be one channel secret, or two by comma, without spaces inside".to_owned(),
        );
    }
    Ok(parts.into_iter().map(Secret::from).collect())
}

/// What may stand in an HTTP header behind `Bearer` (RFC 6750, section 2.1).
fn is_token(text: &str) -> Result<(), String> {
    let of_a_token = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte);
    if text.len() <= 4096 && text.bytes().all(of_a_token) {
        Ok(())
    } else {
        Err("is not a channel access token".to_owned())
    }
}

fn is_channel_id(text: &str) -> Result<(), String> {
    if text.len() <= 20 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        Ok(())
    } else {
        Err("is not a channel id, which has digits only".to_owned())
    }
}

/// `^U[0-9a-f]{32}$`, as `destination` in LINE's webhook.yml.
fn destination(text: &str) -> Result<String, String> {
    let hex = |text: &str| {
        text.len() == 32
            && text
                .bytes()
                .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    };
    if text.strip_prefix('U').is_some_and(hex) {
        Ok(text.to_owned())
    } else {
        Err("is not a user id of LINE: U and 32 digits of 0-9a-f".to_owned())
    }
}

fn is_plaintext_over_a_network(url: &http::Uri) -> bool {
    let host = url.host().unwrap_or_default().trim_matches(['[', ']']);
    let here = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
    url.scheme_str() == Some("http") && !here
}
