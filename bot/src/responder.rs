//! The answers: a question in, messages out, by rules that a shop keeps in a file.
//!
//! Holds the rules in force and exchanges them when the file changes. A broken
//! file stops a start, and never a bot that runs. Sends and stores nothing.

pub mod language;
mod node;
mod pattern;
mod problem;
mod reload;
mod rules;
mod schema;

use std::path::Path;
use std::sync::Arc;

use tokio::sync::watch;

pub use self::language::Language;
pub use self::problem::{AnswersError, Place, Problem, Problems};
use self::reload::AnswersFile;
pub use self::rules::{Answer, Question, Rules};

/// The answers of a bot that was given no file: it speaks at once.
const EXAMPLE: &str = include_str!("../answers.example.yaml");

/// Answers by the rules in force. Clones share them.
#[derive(Clone, Debug)]
pub struct Responder {
    current: watch::Sender<Arc<Rules>>,
    /// As it was when the rules were read; absent for the built-in rules.
    file: Option<AnswersFile>,
}

impl Responder {
    /// Reads the rules from `path`; [`Responder::watch`] keeps them as the file is.
    ///
    /// # Errors
    /// [`AnswersError`]: the file cannot be read, or everything that is wrong in it.
    pub fn load(path: &Path) -> Result<Responder, AnswersError> {
        let mut file = AnswersFile::new(path);
        let contents = file.look().expect("to the first look everything is new");
        let rules = file.rules(contents)?;
        Ok(Responder::new(rules, Some(file)))
    }

    /// The rules of `answers.example.yaml`, for a bot without a file of its own.
    #[must_use]
    pub fn built_in() -> Responder {
        let rules = Rules::parse(EXAMPLE).expect("a test reads the example");
        Responder::new(rules, None)
    }

    fn new(rules: Rules, file: Option<AnswersFile>) -> Responder {
        Responder {
            current: watch::Sender::new(Arc::new(rules)),
            file,
        }
    }

    /// The answer to `question` by the rules in force, or none: see [`Rules::answer`].
    #[must_use]
    pub fn answer(&self, question: &Question<'_>) -> Option<Answer> {
        let rules = self.current.borrow().clone();
        rules.answer(question)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bot_without_a_file_answers_in_both_languages() {
        let responder = Responder::built_in();
        let ask = |text| {
            let question = Question {
                kind: "message/text",
                text: Some(text),
                postback_data: None,
                one_to_one: true,
                stored_language: None,
                profile_language: None,
            };
            responder
                .answer(&question)
                .expect("an answer to every text")
        };
        let table = [
            ("เปิดกี่โมงคะ", "opening-hours", Language::Thai),
            (
                "What are your opening hours?",
                "opening-hours",
                Language::English,
            ),
            ("ร้านอยู่ที่ไหน", "location", Language::Thai),
            ("where are you?", "location", Language::English),
            ("ขอดูเมนูหน่อยค่ะ", "menu", Language::Thai),
            ("how much is a latte", "menu", Language::English),
            ("ขอบคุณมากค่ะ", "thanks", Language::Thai),
            ("Thank you!", "thanks", Language::English),
            ("ขอคุยกับคนหน่อย", "human", Language::Thai),
            ("can I talk to a human", "human", Language::English),
            ("สวัสดีค่ะ", "greeting", Language::Thai),
            ("Hi", "greeting", Language::English),
            ("English please", "speak-english", Language::English),
            ("ภาษาไทย", "speak-thai", Language::Thai),
            ("แมวของฉันชื่อส้ม", "fallback:message/text", Language::Thai),
            (
                "my cat is called Som",
                "fallback:message/text",
                Language::English,
            ),
            ("🙂", "fallback:message/text", Language::Thai),
        ];
        for (text, rule, language) in table {
            let answer = ask(text);
            assert_eq!((&*answer.rule, answer.language), (rule, language), "{text}");
        }
        assert_eq!(ask("English please").set_language, Some(Language::English));
    }

    #[test]
    fn a_bot_without_a_file_greets_friends_and_thanks_for_pictures() {
        let responder = Responder::built_in();
        let table = [
            ("follow", None, Some("welcome")),
            ("message/sticker", None, Some("fallback:message/sticker")),
            ("message/image", None, Some("fallback:message/image")),
            ("message/file", None, Some("fallback:message/file")),
            ("postback", Some("language=en"), Some("speak-english")),
            ("postback", Some("something else"), None),
            ("unfollow", None, None),
            ("message/hologram", None, None),
        ];
        for (kind, postback_data, rule) in table {
            let question = Question {
                kind,
                text: None,
                postback_data,
                one_to_one: true,
                stored_language: None,
                profile_language: None,
            };
            let answer = responder.answer(&question);
            assert_eq!(answer.as_ref().map(|answer| &*answer.rule), rule, "{kind}");
        }
    }

    #[test]
    fn a_bot_without_a_file_does_not_butt_in_where_people_talk_to_each_other() {
        let responder = Responder::built_in();
        let table = [
            ("message/text", "opening hours?", Some("opening-hours")),
            ("message/text", "see you at eight", None),
            ("message/sticker", "", None),
            ("message/image", "", None),
            ("join", "", Some("welcome")),
        ];
        for (kind, text, rule) in table {
            let question = Question {
                kind,
                text: Some(text),
                postback_data: None,
                one_to_one: false,
                stored_language: None,
                profile_language: None,
            };
            let answer = responder.answer(&question);
            assert_eq!(answer.as_ref().map(|answer| &*answer.rule), rule, "{kind}");
        }
    }
}
