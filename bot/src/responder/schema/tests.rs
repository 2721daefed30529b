//! What may stand in an answers file, and where a mistake is said to be.

use crate::responder::rules::Rules;

const FALLBACK: &str = "fallback: {message/text: {answer: {th: ก, en: a}}}\n";

/// All problems as a reader sees them.
fn problems(yaml: &str) -> Vec<String> {
    match Rules::parse(yaml) {
        Ok(_) => Vec::new(),
        Err(problems) => problems.iter().map(ToString::to_string).collect(),
    }
}

/// The problems of a file with one rule, given as a flow mapping at line 2, column 5.
fn of_rule(rule: &str) -> Vec<String> {
    problems(&format!("rules:\n  - {rule}\n{FALLBACK}"))
}

fn one(problems: &[String]) -> &str {
    assert_eq!(problems.len(), 1, "{problems:#?}");
    &problems[0]
}

#[test]
fn the_smallest_file_is_a_fallback() {
    assert_eq!(problems(FALLBACK), [""; 0]);
}

#[test]
fn a_missing_text_names_the_key_and_its_place() {
    let yaml = "\
rules:
  - name: hours
    when: { text: hours }
    answer:
      - th: เปิดทุกวัน
        en: open every day
      - th: ยกเว้นวันจันทร์
fallback:
  message/text:
    answer:
      - en: sorry
        th:
";
    assert_eq!(
        problems(yaml),
        [
            "line 7, column 9: rules[0].answer[1].en is missing: every text exists in Thai and English",
            "line 12, column 9: fallback.message/text.answer[0].th is empty",
        ]
    );
}

#[test]
fn all_problems_are_named_at_once_in_the_order_of_the_file() {
    let yaml = "\
default_language: fr
colour: red
rules:
  - name: hours
    when: { text: [ok, \"regex:(\", ' ', { regex: '*' }], postback: [] }
    answer: { th: ก }
  - name: hours
    when: { events: [message/txt] }
    answer: just words
    set_language: de
    quick_replies:
      - label: { th: ยาวเกินยี่สิบตัวอักษรแน่นอนจริงๆ, en: ok }
        text: { th: ก, en: a }
      - label: { th: ก, en: a }
        uri: ftp://example.com
  - 7
fallback:
  message/sticker: { answer: { th: ก, en: a } }
";
    assert_eq!(
        problems(yaml),
        [
            "line 1, column 19: default_language is neither th nor en",
            "line 2, column 1: colour is not a key that is known here; those are default_language, rules, fallback",
            "line 5, column 24: rules[0].when.text[1] is not a regular expression: unclosed group",
            "line 5, column 35: rules[0].when.text[2] is empty",
            "line 5, column 49: rules[0].when.text[3].regex is not a regular expression: repetition operator missing expression",
            "line 5, column 67: rules[0].when.postback is empty",
            "line 6, column 13: rules[0].answer.en is missing: every text exists in Thai and English",
            "line 7, column 11: rules[1].name is the name of another rule already, at line 4, column 11",
            "line 8, column 22: rules[1].when.events[0] is no event that can be answered; those are \
             message/text, message/image, message/video, message/audio, message/file, message/location, \
             message/sticker, postback, follow, join, memberJoined, videoPlayComplete, beacon, accountLink, membership",
            "line 9, column 13: rules[1].answer is a text: it takes the keys th, en",
            "line 10, column 19: rules[1].set_language is neither th nor en",
            "line 12, column 22: rules[1].quick_replies[0].label.th cannot be sent: a label has 24 characters, LINE takes at most 20",
            "line 15, column 14: rules[1].quick_replies[1].uri cannot be sent: a link starts with https://, http://, line:// \
             or tel: and has no spaces or bare non-ASCII characters",
            "line 16, column 5: rules[2] is a number: it takes the keys name, when, answer, quick_replies, set_language",
            "line 18, column 3: fallback.message/text is missing: without it a text that no rule knows has no answer",
        ]
    );
}

#[test]
fn limits_are_checked_with_their_place() {
    let text = "{th: ก, en: a}";
    let six = [text; 6].join(", ");
    let button = "{label: {th: ก, en: a}, text: {th: ก, en: a}}";
    let fourteen = [button; 14].join(", ");
    let long = "ก".repeat(5001);
    let words = ["x"; 101].join(", ");
    let name = "x".repeat(65);
    let table = [
        (
            format!("{{name: a, when: {{text: x}}, answer: [{six}]}}"),
            "line 2, column 40: rules[0].answer has 6 texts, at most 5 are allowed",
        ),
        (
            format!("{{name: a, when: {{text: x}}, answer: {text}, quick_replies: [{fourteen}]}}"),
            "line 2, column 71: rules[0].quick_replies has 14 quick replies, at most 13 are allowed",
        ),
        (
            format!("{{name: a, when: {{text: x}}, answer: {{th: {long}, en: a}}}}"),
            "line 2, column 45: rules[0].answer.th cannot be sent: a text has 5001 UTF-16 units, LINE takes at most 5000",
        ),
        (
            format!("{{name: a, when: {{text: [{words}]}}, answer: {text}}}"),
            "line 2, column 28: rules[0].when.text has 101 conditions, at most 100 are allowed",
        ),
        (
            format!("{{name: {name}, when: {{text: x}}, answer: {text}}}"),
            "line 2, column 12: rules[0].name is longer than 64 bytes or has a colon or a control character",
        ),
    ];
    for (rule, problem) in table {
        assert_eq!(one(&of_rule(&rule)), problem);
    }
}

#[test]
fn a_rule_must_be_able_to_apply() {
    let table = [
        (
            "when: {}",
            "rules[0].when never applies: name at least one of events, text and postback",
        ),
        (
            "when: x",
            "rules[0].when is a text: it takes the keys events, text, postback",
        ),
        (
            "when: {text: 100}",
            "rules[0].when.text is a number: put it in quotes",
        ),
        (
            "when: {text: true}",
            "rules[0].when.text is true or false: put it in quotes",
        ),
        (
            "when: {text: \"regex:x*\"}",
            "rules[0].when.text matches every text, even an empty one: that is what `fallback` is for",
        ),
        (
            "when: {text: x, events: message/text}",
            "rules[0].when has a `text` without effect: its `events` take every message/text",
        ),
    ];
    for (when, problem) in table {
        let found = of_rule(&format!("{{name: a, {when}, answer: {{th: ก, en: a}}}}"));
        assert!(one(&found).ends_with(problem), "{found:?}");
    }
}

#[test]
fn whether_a_fallback_answers_in_groups_is_true_or_false_and_of_effect() {
    let table = [
        ("message/image", "true", None),
        ("message/image", "false", None),
        (
            "message/image",
            "yes",
            Some("message/image.in_groups is a text where true or false belongs"),
        ),
        (
            "message/image",
            "1",
            Some("message/image.in_groups is a number where true or false belongs"),
        ),
        (
            "join",
            "true",
            Some("join.in_groups is without effect: join happens in groups and rooms alone"),
        ),
    ];
    for (kind, value, problem) in table {
        let answer = "answer: {th: ก, en: a}";
        let found = problems(&format!(
            "fallback:\n  message/text: {{{answer}}}\n  {kind}: {{{answer}, in_groups: {value}}}\n"
        ));
        match problem {
            None => assert_eq!(found, [""; 0], "{kind} {value}"),
            Some(problem) => assert!(one(&found).ends_with(problem), "{found:?}"),
        }
    }
}

#[test]
fn a_button_does_exactly_one_thing() {
    let does = [
        "",
        ", text: {th: ก, en: a}, postback: x",
        ", uri: tel:1, postback: x",
    ];
    for does in does {
        let found = of_rule(&format!(
            "{{name: a, when: {{text: x}}, answer: {{th: ก, en: a}}, quick_replies: [{{label: {{th: ก, en: a}}{does}}}]}}"
        ));
        let problem = "rules[0].quick_replies[0] takes exactly one of text, uri and postback";
        assert!(one(&found).ends_with(problem), "{found:?}");
    }
}

#[test]
fn regular_expressions_are_counted_over_the_file() {
    let fifty = ["\"regex:x\""; 50].join(", ");
    let rule = |name: &str, more: &str| {
        format!("  - {{name: {name}, when: {{text: [{fifty}{more}]}}, answer: {{th: ก, en: a}}}}\n")
    };
    let hundred = format!("rules:\n{}{}{FALLBACK}", rule("a", ""), rule("b", ""));
    assert_eq!(problems(&hundred), [""; 0]);
    let more = format!(
        "rules:\n{}{}{FALLBACK}",
        rule("a", ""),
        rule("b", ", \"regex:x\"")
    );
    let found = problems(&more);
    let problem =
        "rules[1].when.text[50] is one regular expression too many: 100 are allowed in a file";
    assert!(one(&found).ends_with(problem), "{found:?}");
}

#[test]
fn a_mistake_behind_an_alias_is_named_once_where_it_stands() {
    let yaml = "\
rules:
  - {name: a, when: {text: x}, answer: &said {th: ก}}
  - {name: b, when: {text: y}, answer: *said}
fallback: {message/text: {answer: *said}}
";
    let problem =
        "line 2, column 46: rules[0].answer.en is missing: every text exists in Thai and English";
    assert_eq!(one(&problems(yaml)), problem);
}

#[test]
fn files_that_are_no_answers() {
    let keys = "it takes the keys default_language, rules, fallback";
    let table = [
        ("", format!("line 1, column 1: the file is empty: {keys}")),
        ("# nothing yet\n", format!("line 2, column 1: the file is empty: {keys}")),
        ("hello", format!("line 1, column 1: the file is a text: {keys}")),
        ("- a\n", format!("line 1, column 1: the file is a list: {keys}")),
        (
            "rules: []\nrules: []\nfallback: {message/text: {answer: {th: ก, en: a}}}",
            "line 1, column 8: rules is empty; line 2, column 1: rules stands here twice".to_owned(),
        ),
        (
            "fallback: {}",
            "line 1, column 11: fallback.message/text is missing: without it a text that no rule knows has no answer".to_owned(),
        ),
        ("a: b: c", "line 1, column 5: the file is not readable as YAML: mapping values are not allowed in this context".to_owned()),
    ];
    for (yaml, said) in table {
        assert_eq!(problems(yaml).join("; "), said, "{yaml:?}");
    }
}
