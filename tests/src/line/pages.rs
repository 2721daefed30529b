//! Everything that is no message: profiles, own identity, loading animation, quota, webhook setting, access tokens.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Value, json};

use super::answer::{Answer, Refusal};
use super::endpoint::Endpoint;
use super::options::{Options, Profile};
use super::state::{Arrival, State};

pub(super) fn answer(
    state: &State,
    options: &Options,
    arrival: &Arrival,
) -> Result<Answer, Answer> {
    let chat = arrival.chat.as_deref().unwrap_or_default();
    let page = match arrival.endpoint {
        Endpoint::Profile => friend(state, chat)?,
        Endpoint::GroupMember | Endpoint::RoomMember => member(state, chat)?,
        Endpoint::BotInfo => json!({
            "userId": options.bot_user_id,
            "basicId": "@216ruqoh",
            "displayName": "Sabai stand-in",
            "chatMode": "bot",
            "markAsReadMode": "auto",
        }),
        Endpoint::Loading => return loading(&arrival.body),
        Endpoint::Quota => match options.monthly_limit {
            Some(limit) => json!({ "type": "limited", "value": limit }),
            None => json!({ "type": "none" }),
        },
        Endpoint::Consumption => json!({ "totalUsage": state.pushes.used() }),
        Endpoint::WebhookEndpoint => {
            let (endpoint, active) = state
                .webhook
                .as_ref()
                .ok_or_else(|| Refusal::NotFound.answer())?;
            json!({ "endpoint": endpoint, "active": active })
        }
        Endpoint::Reply | Endpoint::Push | Endpoint::Token | Endpoint::Unknown => {
            return Err(Refusal::NotFound.answer());
        }
    };
    Ok(Answer::new(200, page.to_string()))
}

/// Friends alone: 404 for whoever never added the account or blocked it.
fn friend(state: &State, user: &str) -> Result<Value, Answer> {
    if state.strangers.contains(user) {
        return Err(Refusal::NotFound.answer());
    }
    let profile = known(state, user)?;
    let mut page = page(user, &profile);
    if let Some(language) = profile.language {
        page["language"] = language.into();
    }
    Ok(page)
}

/// Friends or not, and never with a language. Every chat has everybody in it.
fn member(state: &State, user: &str) -> Result<Value, Answer> {
    Ok(page(user, &known(state, user)?))
}

/// A user never heard of has a name all the same.
fn known(state: &State, user: &str) -> Result<Profile, Answer> {
    let unnamed = || {
        Some(Profile {
            display_name: "Somebody".into(),
            language: None,
        })
    };
    let profile = state.profiles.get(user).cloned().unwrap_or_else(unnamed);
    profile.ok_or_else(|| Refusal::NotFound.answer())
}

/// What every profile has.
fn page(user: &str, profile: &Profile) -> Value {
    json!({
        "userId": user,
        "displayName": profile.display_name,
        "pictureUrl": format!("https://profile.line-scdn.net/{user}"),
    })
}

pub(super) fn loading_chat(body: &[u8]) -> Option<Arc<str>> {
    serde_json::from_slice::<Value>(body)
        .ok()?
        .get("chatId")?
        .as_str()
        .map(Into::into)
}

/// One-to-one chats only; 5 to 60 seconds in steps of 5, 20 unless said.
fn loading(body: &[u8]) -> Result<Answer, Answer> {
    let asked: Value = serde_json::from_slice(body).map_err(|_| Refusal::BadRequest.answer())?;
    let one_to_one = asked
        .get("chatId")
        .and_then(Value::as_str)
        .is_some_and(|chat| chat.starts_with('U'));
    let seconds = asked.get("loadingSeconds").map_or(Some(20), Value::as_u64);
    if one_to_one && seconds.is_some_and(|seconds| (5..=60).contains(&seconds) && seconds % 5 == 0)
    {
        Ok(Answer::new(202, "{}"))
    } else {
        Err(Answer::invalid(
            "chatId",
            "Must be a user, for 5 to 60 seconds",
        ))
    }
}

/// Stateless channel access tokens: `client_credentials` with the channel's id and secret.
pub(super) fn access_token(
    state: &mut State,
    options: &Options,
    body: &[u8],
) -> Result<Answer, Answer> {
    let form = form(body);
    let field = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
    if field("grant_type") != "client_credentials" {
        return Err(Answer::new(
            400,
            r#"{"error":"invalid_request","error_description":"unsupported grant_type"}"#,
        ));
    }
    if field("client_id") != options.channel_id || field("client_secret") != options.channel_secret
    {
        return Err(Answer::new(
            400,
            r#"{"error":"invalid_client","error_description":"invalid client_secret"}"#,
        ));
    }
    let token = state.tokens.issue_access(options.access_token_life);
    let expires_in = options.access_token_life.as_secs();
    let page = json!({ "token_type": "Bearer", "access_token": token, "expires_in": expires_in });
    Ok(Answer::new(200, page.to_string()))
}

/// application/x-www-form-urlencoded.
fn form(body: &[u8]) -> HashMap<String, String> {
    let body = String::from_utf8_lossy(body);
    body.split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (decoded(name), decoded(value)))
        .collect()
}

fn decoded(text: &str) -> String {
    let mut bytes = text.bytes();
    let mut plain = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        plain.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digits = [
                    bytes.next().unwrap_or_default(),
                    bytes.next().unwrap_or_default(),
                ];
                std::str::from_utf8(&digits)
                    .ok()
                    .and_then(|digits| u8::from_str_radix(digits, 16).ok())
                    .unwrap_or(b'?')
            }
            other => other,
        });
    }
    String::from_utf8_lossy(&plain).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_decoded() {
        let form = form(b"grant_type=client_credentials&a=b%2Fc+d&e=");
        assert_eq!(form["grant_type"], "client_credentials");
        assert_eq!(form["a"], "b/c d");
        assert_eq!(form["e"], "");
    }
}
