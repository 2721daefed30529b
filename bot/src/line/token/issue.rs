//! Issues a stateless channel access token: `POST /oauth2/v3/token` with the
//! channel's id and secret (LINE's `channel-access-token.yml`). It keeps
//! nothing and retries nothing but the other secret.

use std::time::Duration;

use bytes::Bytes;
use http::Method;
use serde::Deserialize;
use tokio::time::Instant;

use super::{Token, TokenError, Via, bearer};
use crate::line::answer::{Answer, Failure, word};
use crate::line::transport::Call;
use crate::line::{Endpoint, Secret};

/// LINE gives 900 s. Brought into bounds, so that no answer makes each call
/// ask for a token, or keeps one for ever.
const SHORTEST_LIFE: u64 = 30;
const LONGEST_LIFE: u64 = 24 * 3600;

#[derive(Deserialize)]
struct Issued {
    access_token: String,
    expires_in: u64,
}

/// While the secret is rotated only one of the two is valid, and nothing says
/// which: the first that LINE takes is used.
pub(super) async fn stateless(
    channel_id: &str,
    secrets: &[Secret],
    via: Via<'_>,
) -> Result<Token, TokenError> {
    let mut last = TokenError::Unavailable("there is no channel secret to get a token with".into());
    for secret in secrets {
        match with_secret(channel_id, secret, via).await {
            Err(error @ TokenError::Refused { .. }) => last = error,
            result => return result,
        }
    }
    Err(last)
}

async fn with_secret(channel_id: &str, secret: &Secret, via: Via<'_>) -> Result<Token, TokenError> {
    // The token's life is counted from here: LINE's clock started later.
    let asked = Instant::now();
    let call = Call {
        method: Method::POST,
        uri: via.routes.token.clone(),
        bearer: None,
        retry_key: None,
        body: form(channel_id, secret),
    };
    let result = via.transport.exchange(call, via.deadline).await;
    (via.observer)(Endpoint::Token, word(&result));
    match result {
        Ok(answer) if answer.status.is_success() => read(&answer, asked),
        Ok(answer) if matches!(answer.status.as_u16(), 400 | 401 | 403) => {
            Err(TokenError::Refused {
                detail: format!("LINE issues no token: {}", answer.detail()),
                request_id: answer.request_id,
            })
        }
        Ok(answer) => Err(unavailable(&format!("status {}", answer.status.as_u16()))),
        Err(Failure::NeverSent(reason) | Failure::Lost(reason)) => Err(unavailable(&reason)),
        Err(Failure::TokenRefused { detail, .. }) => Err(unavailable(&detail)),
    }
}

fn unavailable(why: &str) -> TokenError {
    TokenError::Unavailable(format!("cannot get an access token: {why}"))
}

fn read(answer: &Answer, asked: Instant) -> Result<Token, TokenError> {
    let body = answer
        .body
        .as_ref()
        .map_err(|fault| unavailable(&fault.to_string()))?;
    // The parser's error may quote the body, which may hold a token.
    let issued: Issued =
        serde_json::from_slice(body).map_err(|_| unavailable("LINE's answer is not a token"))?;
    let life = Duration::from_secs(issued.expires_in.clamp(SHORTEST_LIFE, LONGEST_LIFE));
    let bearer = bearer(&Secret::from(issued.access_token.as_str()))
        .ok_or_else(|| unavailable("LINE's token fits no header"))?;
    Ok(Token {
        bearer,
        renew_at: Some(asked + life * 4 / 5),
        ends_at: Some(asked + life),
    })
}

fn form(channel_id: &str, secret: &Secret) -> Bytes {
    let mut form = String::with_capacity(160);
    form.push_str("grant_type=client_credentials&client_id=");
    encode(channel_id, &mut form);
    form.push_str("&client_secret=");
    encode(secret.expose(), &mut form);
    form.into()
}

/// Percent-encoding of all but RFC 3986's unreserved characters.
fn encode(text: &str, into: &mut String) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                into.push(char::from(byte));
            }
            _ => {
                into.push('%');
                into.push(char::from(HEX[usize::from(byte >> 4)]));
                into.push(char::from(HEX[usize::from(byte & 15)]));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_escapes_what_it_must() {
        let form = form("2001", &Secret::from("a&b=c d/é"));
        assert_eq!(
            &form[..],
            b"grant_type=client_credentials&client_id=2001&client_secret=a%26b%3Dc%20d%2F%C3%A9"
        );
    }
}
