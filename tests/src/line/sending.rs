//! Replies and pushes: LINE's decisions about tokens, retry keys and quota (line.md section 2).

use std::time::Instant;

use super::answer::{Answer, Refusal};
use super::options::Options;
use super::state::{Arrival, State};

/// Free, single use, and never with a retry key.
pub(super) fn reply(state: &mut State, arrival: &Arrival) -> Result<Answer, Answer> {
    if arrival.retry_key.is_some() {
        return Err(Refusal::InvalidRetryKey.answer());
    }
    let token = arrival.reply_token.as_deref().unwrap_or_default();
    state
        .tokens
        .spend(token, Instant::now())
        .map_err(Refusal::answer)?;
    Ok(Answer::new(
        200,
        format!(r#"{{"sentMessages":{}}}"#, sent_messages(state, arrival)),
    ))
}

/// A known key is told apart before quota: it would send nothing.
pub(super) fn push(
    state: &mut State,
    options: &Options,
    arrival: &Arrival,
    request_id: &str,
) -> Result<Answer, Answer> {
    let now = Instant::now();
    let to = arrival.chat.as_deref().unwrap_or_default();
    if !is_chat_id(to) {
        return Err(Answer::invalid(
            "to",
            "The property, 'to', in the request body is invalid",
        ));
    }
    let key = arrival.retry_uuid();
    if arrival.retry_key.is_some() && key.is_none() {
        return Err(Refusal::InvalidRetryKey.answer());
    }
    if let Some(accepted) = key.and_then(|key| state.pushes.accepted_before(key, now)) {
        let body = format!(
            r#"{{"message":"The retry key is already accepted","sentMessages":{}}}"#,
            accepted.sent_messages
        );
        return Err(Answer {
            accepted_before: Some(accepted.request_id.clone()),
            ..Answer::new(409, body)
        });
    }
    let recipients = if to.starts_with('U') {
        1
    } else {
        options.group_size
    };
    if options
        .monthly_limit
        .is_some_and(|limit| state.pushes.used() + recipients > limit)
    {
        return Err(Refusal::QuotaReached.answer());
    }
    let sent = sent_messages(state, arrival);
    state.pushes.accept(key, recipients, request_id, &sent, now);
    Ok(Answer::new(200, format!(r#"{{"sentMessages":{sent}}}"#)))
}

fn sent_messages(state: &State, arrival: &Arrival) -> String {
    let first = 500_000_000_000_000_000 + state.journal.len() * 10;
    let ids: Vec<String> = (first..)
        .take(arrival.messages)
        .map(|id| format!(r#"{{"id":"{id}","quoteToken":"q{id}"}}"#))
        .collect();
    format!("[{}]", ids.join(","))
}

/// `U`, `C` or `R` and 32 hexadecimal digits.
fn is_chat_id(id: &str) -> bool {
    let digits = id.strip_prefix(['U', 'C', 'R']).unwrap_or_default();
    digits.len() == 32
        && digits
            .bytes()
            .all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chat_ids_are_lines() {
        assert!(is_chat_id("U8e742f61d673b39c7fff3cecb7536ef0"));
        for other in [
            "",
            "U",
            "8e742f61d673b39c7fff3cecb7536ef0",
            "U8E742F61D673B39C7FFF3CECB7536EF0",
            "U123",
        ] {
            assert!(!is_chat_id(other), "{other}");
        }
    }
}
