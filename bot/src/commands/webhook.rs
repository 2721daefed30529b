//! `sabai-bot webhook check`: whether the bot behind an address takes what LINE signs and refuses what it does not, with
//! the webhook without events that LINE's own "Verify" sends: nothing is stored and nobody answered.

use std::env;
use std::io::Write;
use std::time::Duration;

use anyhow::anyhow;
use bytes::Bytes;
use clap::Subcommand;
use http::{HeaderValue, Request, StatusCode, Uri};
use http_body_util::Full;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use sabai_daemon::config::{read_file, value};
use sabai_daemon::exit::Failure;
use sabai_daemon::runtime;
use sabai_wire::duration::GepDuration;
use tokio::time::{Instant, sleep, timeout};

use crate::config;
use crate::http::{signature, webhook};

/// LINE waits so long for an answer (its documentation, "Receive messages").
const LINE_WAITS: Duration = Duration::from_secs(2);
const PAUSE: Duration = Duration::from_millis(500);
/// As LINE's own check, but for the destination, which nobody looks at without events.
const BODY: &[u8] = br#"{"destination":"U00000000000000000000000000000000","events":[]}"#;

/// The commands.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum Command {
    /// Post a signed webhook without events, as LINE's "Verify" does, then one with a wrong signature.
    ///
    /// Exit code 0 when the first gets 200 and the second 401. A Service learns of a pod a moment after the pod is ready:
    /// nobody answering, or 503, is tried again for a while.
    Check {
        /// The bot or its Service, http://name:port; /callback is added.
        #[arg(long, value_name = "URL")]
        url: String,
        /// So long, as 30s.
        #[arg(long, value_name = "DURATION", default_value = "30s")]
        within: GepDuration,
    },
}

/// Runs a command.
///
/// # Errors
/// When the URL or the secret cannot be used, or the bot answers otherwise than it should.
pub fn run(command: &Command, out: &mut dyn Write) -> Result<(), Failure> {
    let Command::Check { url, within } = command;
    let uri = callback(url)
        .map_err(|problem| Failure::Configuration(format!("--url {url}: {problem}")))?;
    let secret = config::channel_secret(|name| env::var_os(name), read_file)?;
    let calls = [
        (
            signature::sign(secret.expose(), BODY),
            StatusCode::OK,
            "is LINE_CHANNEL_SECRET the one that the bot has?",
        ),
        (
            signature::sign("not the channel's secret", BODY),
            StatusCode::UNAUTHORIZED,
            "what answers there is not Sabai's bot",
        ),
    ];
    runtime::run_command(async {
        let end = Instant::now() + within.get();
        for (signature, expected, advice) in &calls {
            answers(&uri, signature, end, *expected, advice).await?;
        }
        Ok(())
    })?;
    writeln!(out, "{uri} takes what is signed and refuses what is not")?;
    Ok(())
}

fn callback(url: &str) -> Result<Uri, String> {
    let base = value::base_url(url)?;
    if base.scheme_str() != Some("http") {
        return Err("must be http://, inside the cluster; from outside, \"Verify\" in LINE's console tells more".to_owned());
    }
    webhook::below(&base).map_err(|_| "is not a URL".to_owned())
}

/// Posts until there is an answer that is to stay.
async fn answers(
    uri: &Uri,
    signature: &HeaderValue,
    end: Instant,
    expected: StatusCode,
    advice: &str,
) -> Result<(), Failure> {
    loop {
        let said = post(uri, signature).await;
        match said {
            Ok(status) if status == expected => return Ok(()),
            Ok(status) if status != StatusCode::SERVICE_UNAVAILABLE => {
                return Err(Failure::Command(anyhow!(
                    "{uri} answers {status}, not {expected}: {advice}"
                )));
            }
            other if Instant::now() >= end => {
                let other = other.map_or_else(
                    |error| error,
                    |status| format!("{status}: it cannot store webhooks now"),
                );
                return Err(Failure::Command(anyhow!(
                    "{uri}: {other}; look at the pod's readiness, which says why"
                )));
            }
            _ => sleep(PAUSE).await,
        }
    }
}

async fn post(uri: &Uri, signature: &HeaderValue) -> Result<StatusCode, String> {
    let request = Request::post(uri.clone())
        .header(signature::HEADER, signature)
        .body(Full::new(Bytes::from_static(BODY)))
        .map_err(|error| error.to_string())?;
    // A connection of its own each time: a Service chooses the pod by connection.
    let client: Client<HttpConnector, Full<Bytes>> = Client::builder(TokioExecutor::new())
        .pool_max_idle_per_host(0)
        .build_http();
    match timeout(LINE_WAITS, client.request(request)).await {
        Ok(Ok(response)) => Ok(response.status()),
        Ok(Err(error)) => Err(format!("nobody answers: {:#}", anyhow!(error))),
        Err(_) => Err(format!(
            "no answer within {LINE_WAITS:?}, when LINE gives up"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_is_added_once_and_only_http_is_taken() {
        for (url, uri) in [
            ("http://shop", "http://shop/callback"),
            ("http://shop:8080/", "http://shop:8080/callback"),
            ("http://shop/prefix", "http://shop/prefix/callback"),
        ] {
            assert_eq!(callback(url).map(|uri| uri.to_string()), Ok(uri.to_owned()));
        }
        for url in ["https://shop", "shop", "http://a@shop", "http://shop?x"] {
            assert!(callback(url).is_err(), "{url}");
        }
    }
}
