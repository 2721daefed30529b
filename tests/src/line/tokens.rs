//! Reply tokens and access tokens: who gave them, until when, whether they are spent.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use uuid::Uuid;

use super::answer::Refusal;
use super::options::Options;

#[derive(Debug)]
pub(super) struct ReplyToken {
    pub(super) event: Arc<str>,
    pub(super) chat: Arc<str>,
    until: Instant,
    spent: bool,
}

#[derive(Debug, Default)]
pub(crate) struct Tokens {
    replies: HashMap<String, ReplyToken>,
    access: HashMap<String, Instant>,
}

impl Tokens {
    /// LINE gives a redelivered token its minute again, until some time after the event itself.
    pub(super) fn issue(
        &mut self,
        options: &Options,
        token: &str,
        event: &str,
        chat: &str,
        occurred_at: SystemTime,
    ) {
        let age = occurred_at.elapsed().unwrap_or(Duration::ZERO);
        let rest = options
            .reply_token_total_life
            .saturating_sub(age)
            .min(options.reply_token_life);
        let until = Instant::now() + rest;
        if let Some(known) = self.replies.get_mut(token) {
            known.until = until;
            return;
        }
        let fresh = ReplyToken {
            event: event.into(),
            chat: chat.into(),
            until,
            spent: false,
        };
        self.replies.insert(token.to_owned(), fresh);
    }

    pub(super) fn reply(&self, token: &str) -> Option<&ReplyToken> {
        self.replies.get(token)
    }

    /// Spent, run out and unknown are refused alike.
    pub(super) fn spend(&mut self, token: &str, now: Instant) -> Result<(), Refusal> {
        match self.replies.get_mut(token) {
            Some(known) if !known.spent && now < known.until => {
                known.spent = true;
                Ok(())
            }
            _ => Err(Refusal::InvalidReplyToken),
        }
    }

    pub(super) fn expire_replies(&mut self) {
        let now = Instant::now();
        self.replies
            .values_mut()
            .for_each(|token| token.until = now);
    }

    pub(super) fn issue_access(&mut self, life: Duration) -> String {
        let token = format!("stateless-{}", Uuid::new_v4().simple());
        self.access.insert(token.clone(), Instant::now() + life);
        token
    }

    pub(super) fn authorizes(&self, options: &Options, header: Option<&str>) -> bool {
        let Some(token) = header.and_then(|header| header.strip_prefix("Bearer ")) else {
            return false;
        };
        token == options.access_token
            || self
                .access
                .get(token)
                .is_some_and(|until| Instant::now() < *until)
    }

    pub(super) fn expire_access(&mut self) {
        self.access.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_good_once_and_for_a_time() {
        let options = Options::default();
        let (mut tokens, now) = (Tokens::default(), Instant::now());
        let event = SystemTime::now();
        tokens.issue(&options, "a", "e", "U1", event);
        assert_eq!(tokens.spend("b", now), Err(Refusal::InvalidReplyToken));
        assert_eq!(tokens.spend("a", now), Ok(()));
        assert_eq!(tokens.spend("a", now), Err(Refusal::InvalidReplyToken));
        tokens.issue(&options, "a", "e", "U1", event);
        assert_eq!(
            tokens.spend("a", now),
            Err(Refusal::InvalidReplyToken),
            "a redelivery does not unspend it"
        );
        tokens.issue(&options, "late", "e", "U1", event);
        assert!(tokens.spend("late", now + Duration::from_secs(61)).is_err());
    }

    #[test]
    fn a_redelivery_extends_a_token_up_to_its_total_life() {
        let options = Options::default();
        let (mut tokens, now) = (Tokens::default(), Instant::now());
        tokens.issue(
            &options,
            "old",
            "e",
            "U1",
            SystemTime::now() - Duration::from_secs(19 * 60 + 30),
        );
        assert!(tokens.spend("old", now + Duration::from_secs(31)).is_err());
        tokens.issue(
            &options,
            "too old",
            "e",
            "U1",
            SystemTime::now() - Duration::from_secs(21 * 60),
        );
        assert!(tokens.spend("too old", Instant::now()).is_err());
        tokens.issue(&options, "kept", "e", "U1", SystemTime::now());
        tokens.expire_replies();
        tokens.issue(&options, "kept", "e", "U1", SystemTime::now());
        assert!(tokens.spend("kept", Instant::now()).is_ok());
    }
}
