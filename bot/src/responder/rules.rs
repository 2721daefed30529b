//! The rules: which answer a question gets, in which language.
//!
//! Pure: the same question gets the same answer until the file changes. Rules
//! come from `schema`; sending and storing happen elsewhere.

use std::sync::Arc;

use super::language::{Language, decide};
use super::pattern::{Folded, Pattern};
use super::problem::Problems;
use super::{node, schema};
use crate::line::message::Messages;

/// The event kind whose text is searched.
pub(super) const TEXT: &str = "message/text";
/// The event kind whose data is compared.
pub(super) const POSTBACK: &str = "postback";

/// The events that come with a reply token, named as in [`Question::kind`]. An edited message is
/// not among them: its first version was answered.
/// Source: Messaging API reference, "Webhook Event Objects".
pub(super) const KINDS: [&str; 15] = [
    TEXT,
    "message/image",
    "message/video",
    "message/audio",
    "message/file",
    "message/location",
    "message/sticker",
    POSTBACK,
    "follow",
    "join",
    "memberJoined",
    "videoPlayComplete",
    "beacon",
    "accountLink",
    "membership",
];

/// Those among them that LINE sends of groups and rooms alone.
pub(super) const KINDS_OF_GROUPS: [&str; 2] = ["join", "memberJoined"];

/// What a customer did, as far as the rules look at it.
#[derive(Clone, Copy)]
pub struct Question<'a> {
    /// The event's type, for a message with the message's type: `message/text`, `follow`.
    pub kind: &'a str,
    /// What the customer wrote.
    pub text: Option<&'a str>,
    /// A postback's `data`.
    pub postback_data: Option<&'a str>,
    /// Nobody else reads along. In groups and rooms people talk to each other, not to the bot.
    pub one_to_one: bool,
    /// The language the customer chose before.
    pub stored_language: Option<Language>,
    /// From the customer's LINE profile, BCP 47.
    pub profile_language: Option<&'a str>,
}

/// What the customer is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The rule's name; `fallback:` and the event kind if no rule matched.
    pub rule: Arc<str>,
    pub language: Language,
    pub messages: Messages,
    /// The customer chose this language: to be stored with the turn.
    pub set_language: Option<Language>,
}

/// One thing in both languages.
#[derive(Clone, Debug)]
pub(super) struct Both<T> {
    pub(super) th: T,
    pub(super) en: T,
}

impl<T> Both<T> {
    fn of(&self, language: Language) -> &T {
        match language {
            Language::Thai => &self.th,
            Language::English => &self.en,
        }
    }
}

/// When a rule applies: any of these.
#[derive(Clone, Debug, Default)]
pub(super) struct When {
    pub(super) events: Vec<&'static str>,
    pub(super) text: Vec<Pattern>,
    pub(super) postback: Vec<String>,
}

impl When {
    fn applies(&self, question: &Question<'_>, text: Option<&Folded>) -> bool {
        let any_text =
            || text.is_some_and(|text| self.text.iter().any(|pattern| pattern.matches(text)));
        let any_postback = || {
            let data = question.postback_data.filter(|_| question.kind == POSTBACK);
            data.is_some_and(|data| self.postback.iter().any(|wanted| wanted == data))
        };
        self.events.contains(&question.kind) || any_text() || any_postback()
    }
}

#[derive(Clone, Debug)]
pub(super) struct Rule {
    pub(super) name: Arc<str>,
    pub(super) when: When,
    pub(super) answer: Both<Messages>,
    pub(super) set_language: Option<Language>,
    /// Whether it answers in groups and rooms too.
    pub(super) in_groups: bool,
}

impl Rule {
    fn applies(&self, question: &Question<'_>, text: Option<&Folded>) -> bool {
        (question.one_to_one || self.in_groups) && self.when.applies(question, text)
    }
}

/// An answers file, whole and without problems.
#[derive(Clone, Debug)]
pub struct Rules {
    pub(super) default_language: Language,
    /// The first that applies answers.
    pub(super) rules: Vec<Rule>,
    /// Asked after all others: one event kind each, `message/text` always among them.
    pub(super) fallbacks: Vec<Rule>,
}

impl Rules {
    /// Reads the text of an answers file.
    ///
    /// # Errors
    /// All its problems, each with line and column.
    pub fn parse(yaml: &str) -> Result<Rules, Problems> {
        let root = node::parse(yaml).map_err(Problems::from)?;
        schema::read(&root)
    }

    /// The first rule that applies, else the fallback of the event's kind (in groups and rooms only
    /// if it says so), else nothing: then the event is stored and not answered.
    #[must_use]
    pub fn answer(&self, question: &Question<'_>) -> Option<Answer> {
        let text = question
            .text
            .filter(|_| question.kind == TEXT)
            .map(Folded::new);
        let mut asked = self.rules.iter().chain(&self.fallbacks);
        let rule = asked.find(|rule| rule.applies(question, text.as_ref()))?;
        let language = rule.set_language.unwrap_or_else(|| {
            decide(
                question.stored_language,
                question.text,
                question.profile_language,
                self.default_language,
            )
        });
        Some(Answer {
            rule: rule.name.clone(),
            language,
            messages: rule.answer.of(language).clone(),
            set_language: rule.set_language,
        })
    }
}

#[cfg(test)]
mod tests;
