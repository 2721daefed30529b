//! Which rule answers, and in which language.

use super::*;

const FILE: &str = "
default_language: en
rules:
  - name: hours
    when: { text: [เปิด, hours], postback: [hours] }
    answer: { th: เปิดทุกวัน, en: Open every day }
    quick_replies:
      - label: { th: แผนที่, en: Map }
        uri: https://example.com
      - label: { th: ไทย, en: Thai }
        postback: lang=th
  - name: late
    when: { text: [open hours] }
    answer: { th: ไม่ถึง, en: never reached }
  - name: thai
    when: { text: [ภาษาไทย, speak thai], postback: lang=th }
    answer: [{ th: ได้เลย, en: Of course }, { th: อะไรดี, en: What now }]
    set_language: th
  - name: hello
    when: { events: [follow, message/sticker] }
    answer: { th: สวัสดี, en: Hello }
fallback:
  message/text:
    answer: { th: ไม่เข้าใจ, en: Pardon }
  message/image:
    answer: { th: สวยมาก, en: Lovely }
";

const NOTHING: Question<'_> = Question {
    kind: "",
    text: None,
    postback_data: None,
    one_to_one: true,
    stored_language: None,
    profile_language: None,
};

fn text(text: &str) -> Question<'_> {
    Question {
        kind: TEXT,
        text: Some(text),
        ..NOTHING
    }
}

fn kind(kind: &str) -> Question<'_> {
    Question { kind, ..NOTHING }
}

fn postback(data: &str) -> Question<'_> {
    Question {
        kind: POSTBACK,
        postback_data: Some(data),
        ..NOTHING
    }
}

fn rules() -> Rules {
    Rules::parse(FILE).expect("good rules")
}

#[test]
fn the_first_rule_that_applies_answers_then_the_fallback_of_the_kind() {
    let table = [
        (text("HOURS?"), Some(("hours", "Open every day"))),
        (text("open hours"), Some(("hours", "Open every day"))),
        (text("ร้านเปิดไหม"), Some(("hours", "เปิดทุกวัน"))),
        (postback("hours"), Some(("hours", "Open every day"))),
        (kind("follow"), Some(("hello", "Hello"))),
        (kind("message/sticker"), Some(("hello", "Hello"))),
        (text("my cat"), Some(("fallback:message/text", "Pardon"))),
        (text(""), Some(("fallback:message/text", "Pardon"))),
        (
            kind("message/image"),
            Some(("fallback:message/image", "Lovely")),
        ),
        (kind("message/video"), None),
        (kind("unfollow"), None),
        (kind("message"), None),
        (postback("hours "), None),
        (postback("HOURS"), None),
        // A sticker's words and another event's data are not looked at.
        (
            Question {
                text: Some("hours"),
                ..kind("message/video")
            },
            None,
        ),
        (
            Question {
                postback_data: Some("hours"),
                ..kind("beacon")
            },
            None,
        ),
    ];
    for (question, expected) in table {
        let answer = rules().answer(&question);
        let said = answer.as_ref().map(|answer| {
            let first = answer.messages.texts().next().expect("at least one text");
            (&*answer.rule, first)
        });
        assert_eq!(said, expected, "{} {:?}", question.kind, question.text);
    }
}

#[test]
fn in_a_group_rules_answer_and_fallbacks_only_if_they_say_so() {
    let rules = Rules::parse(
        "
rules:
  - name: hours
    when: { text: hours, events: message/sticker }
    answer: { th: เปิดทุกวัน, en: Open every day }
fallback:
  message/text: { answer: { th: ไม่เข้าใจ, en: Pardon } }
  message/image: { answer: { th: สวย, en: Lovely }, in_groups: true }
  message/video: { answer: { th: ดี, en: Nice }, in_groups: false }
  join: { answer: { th: สวัสดี, en: Hello } }
  memberJoined: { answer: { th: สวัสดี, en: Hello } }
",
    )
    .expect("good rules");
    // (question, answered by in a one-to-one chat, in a group)
    let table = [
        (text("hours?"), Some("hours"), Some("hours")),
        (kind("message/sticker"), Some("hours"), Some("hours")),
        (text("see you"), Some("fallback:message/text"), None),
        (
            kind("message/image"),
            Some("fallback:message/image"),
            Some("fallback:message/image"),
        ),
        (kind("message/video"), Some("fallback:message/video"), None),
        (kind("message/audio"), None, None),
    ];
    let by = |question: Question<'_>, one_to_one| {
        let question = Question {
            one_to_one,
            ..question
        };
        let answer = rules.answer(&question);
        answer.map(|answer| answer.rule.to_string())
    };
    for (question, alone, in_group) in table {
        let found = (by(question, true), by(question, false));
        let found = (found.0.as_deref(), found.1.as_deref());
        assert_eq!(found, (alone, in_group), "{}", question.kind);
    }
    // What happens in groups alone would else never be answered.
    for happens in ["join", "memberJoined"] {
        assert!(by(kind(happens), false).is_some(), "{happens}");
    }
}

#[test]
fn the_language_is_the_choice_the_script_the_profile_or_the_default() {
    let (th, en) = (Language::Thai, Language::English);
    // (question, stored, profile, language of the answer, language set)
    let table = [
        (text("hours"), Some(th), None, th, None),
        (text("เปิด"), Some(en), None, en, None),
        (text("hours"), None, Some("th"), en, None),
        (kind("follow"), None, Some("th-TH"), th, None),
        (kind("follow"), None, Some("de"), en, None),
        // A rule that sets the language already answers in it.
        (text("speak thai"), Some(en), None, th, Some(th)),
        (postback("lang=th"), Some(en), None, th, Some(th)),
    ];
    for (question, stored_language, profile_language, language, set_language) in table {
        let question = Question {
            stored_language,
            profile_language,
            ..question
        };
        let answer = rules().answer(&question).expect("an answer");
        let is = (answer.language, answer.set_language);
        assert_eq!(is, (language, set_language), "{:?}", question.text);
    }
}

#[test]
fn the_quick_replies_are_in_the_language_of_the_answer() {
    let answer = rules().answer(&text("เปิด")).expect("an answer");
    assert_eq!(
        answer.messages.to_json(),
        concat!(
            r#"[{"type":"text","text":"เปิดทุกวัน","quickReply":{"items":["#,
            r#"{"type":"action","action":{"type":"uri","label":"แผนที่","uri":"https://example.com"}},"#,
            r#"{"type":"action","action":{"type":"postback","label":"ไทย","data":"lang=th","displayText":"ไทย"}}"#,
            r#"]}}]"#
        )
    );
    let two = rules().answer(&postback("lang=th")).expect("an answer");
    assert_eq!(two.messages.texts().collect::<Vec<_>>(), ["ได้เลย", "อะไรดี"]);
}
