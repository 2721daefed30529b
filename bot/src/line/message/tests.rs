//! LINE's limits, at the limit and one past it.

use serde_json::{Value, json};

use super::*;

fn text(text: &str) -> Text {
    Text::new(text).expect("a text that is not blank")
}

fn button(label: &str) -> QuickReply {
    let action = Action::message(label).expect("a short text");
    QuickReply::new(Label::new(label).expect("a short label"), action)
}

fn rendered(messages: &Messages) -> Value {
    serde_json::from_str(&messages.to_json()).expect("JSON")
}

#[test]
fn a_text_is_cut_between_characters_as_a_reader_sees_them() {
    let family = "👨\u{200D}👩\u{200D}👧"; // 8 units, one cluster
    let flag = "🇹🇭"; // 4 units, one cluster
    // (units before, what stands at the border, what of it is kept)
    let table = [
        (4999, "ก", "ก"),
        (5000, "ก", ""),
        (4998, "กำ", "กำ"),
        (4999, "กำ", ""),
        (4997, "ที่", "ที่"),
        (4998, "ที่", ""),
        (4999, "ที่", ""),
        (4998, "😀", "😀"),
        (4999, "😀", ""),
        (4996, flag, flag),
        (4998, flag, ""),
        (4992, family, family),
        (4995, family, ""),
        (4999, "e\u{301}", ""),
        (4999, "\r\n", ""),
    ];
    for (before, at_border, kept) in table {
        let lead = "x".repeat(before);
        let whole = format!("{lead}{at_border}");
        let made = text(&format!("{whole}ต่อ"));
        assert!(Text::units(made.as_str()) <= Text::MAX_UNITS);
        let tail = &made.as_str()[before..];
        if kept.is_empty() {
            assert_eq!(tail, "", "{before} units, then {at_border:?}");
        } else {
            assert!(tail.starts_with(kept), "{before} units, then {at_border:?}");
        }
    }
}

#[test]
fn a_whole_text_of_thai_marks_is_cut_before_the_mark_that_does_not_fit() {
    let made = text(&"ผู้".repeat(2000)); // 3 units each
    assert_eq!(made.as_str(), "ผู้".repeat(1666));
}

#[test]
fn one_endless_cluster_is_still_cut() {
    let made = text(&format!("ก{}", "\u{0E49}".repeat(9000)));
    assert_eq!(Text::units(made.as_str()), Text::MAX_UNITS);
}

#[test]
fn a_text_that_fits_is_kept_and_a_blank_one_is_none() {
    assert_eq!(text("  สวัสดี\n").as_str(), "  สวัสดี\n");
    assert_eq!(text("a\0b").as_str(), "ab");
    for blank in ["", "  \n", "\0"] {
        assert_eq!(
            Text::new(blank),
            Err(MessageError::Empty { what: "a text" })
        );
    }
}

#[test]
fn labels_count_clusters() {
    for fits in [
        "ที่".repeat(20),
        "👨\u{200D}👩\u{200D}👧".repeat(20),
        "x".repeat(20),
    ] {
        assert_eq!(Label::new(&fits).expect("20 clusters").as_str(), fits);
    }
    for long in ["ที่".repeat(21), "😀".repeat(21), "x".repeat(21)] {
        assert!(matches!(
            Label::new(&long),
            Err(MessageError::TooMany { found: 21, .. })
        ));
    }
    let endless = format!("ก{}", "\u{0E49}".repeat(9000));
    assert!(Label::new(&endless).is_err(), "one cluster of 9,001 units");
    assert!(Label::new(" ").is_err());
}

#[test]
fn actions_refuse_what_line_refuses() {
    assert!(Action::message(&"ที่".repeat(300)).is_ok());
    assert!(Action::message(&"ก".repeat(301)).is_err());
    let label = || Label::new("ok").expect("short");
    assert!(Action::postback(&"ก".repeat(300), label()).is_ok());
    assert!(Action::postback(&"😀".repeat(151), label()).is_err());
    assert!(Action::postback("", label()).is_err());
    for good in [
        "https://example.com/?q=1",
        "tel:021234567",
        "line://nv/chat",
    ] {
        assert!(Action::uri(good).is_ok(), "{good}");
    }
    for bad in [
        "",
        "https://",
        "example.com",
        "javascript:alert(1)",
        "https://ร้าน.example",
        "https://a b",
    ] {
        assert_eq!(Action::uri(bad), Err(MessageError::Link), "{bad}");
    }
    assert!(Action::uri(&format!("https://{}", "x".repeat(993))).is_err());
}

#[test]
fn messages_have_one_to_five_texts_and_thirteen_buttons() {
    assert!(Messages::new(vec![], vec![]).is_err());
    assert!(Messages::new(vec![text("a"); 5], vec![button("b"); 13]).is_ok());
    assert!(Messages::new(vec![text("a"); 6], vec![]).is_err());
    assert!(Messages::new(vec![text("a")], vec![button("b"); 14]).is_err());
}

#[test]
fn only_the_last_message_carries_the_quick_replies() {
    let label = |words| Label::new(words).expect("short");
    let buttons = vec![
        button("เมนู"),
        QuickReply::new(
            label("แผนที่"),
            Action::uri("https://example.com").expect("a link"),
        ),
        QuickReply::new(
            label("ไทย"),
            Action::postback("lang=th", label("ไทย")).expect("short"),
        ),
    ];
    let messages = Messages::new(vec![text("หนึ่ง"), text("สอง")], buttons).expect("in the limits");
    assert_eq!(
        rendered(&messages),
        json!([
            {"type": "text", "text": "หนึ่ง"},
            {"type": "text", "text": "สอง", "quickReply": {"items": [
                {"type": "action", "action": {"type": "message", "label": "เมนู", "text": "เมนู"}},
                {"type": "action", "action": {"type": "uri", "label": "แผนที่", "uri": "https://example.com"}},
                {"type": "action", "action": {"type": "postback", "label": "ไทย", "data": "lang=th", "displayText": "ไทย"}},
            ]}},
        ])
    );
    let plain = Messages::new(vec![text("a")], vec![]).expect("in the limits");
    assert_eq!(plain.to_json(), r#"[{"type":"text","text":"a"}]"#);
    assert_eq!(messages.texts().collect::<Vec<_>>(), ["หนึ่ง", "สอง"]);
}

#[test]
fn the_largest_messages_are_under_the_bound() {
    let worst = "\u{1}".repeat(Text::MAX_UNITS - 1) + "x";
    let label =
        Label::new(&("x".to_owned() + &"\u{0E49}".repeat(319))).expect("one cluster of 320 units");
    let say = Action::message(&"\u{1}".repeat(299)).is_ok();
    assert!(say, "control characters are characters");
    let button = QuickReply::new(
        label,
        Action::message(&("x".to_owned() + &"\u{0E49}".repeat(4799))).expect("4,800 units"),
    );
    let messages = Messages::new(vec![text(&worst); 5], vec![button; 13]).expect("in the limits");
    let length = messages.to_json().len();
    assert!(length < MAX_JSON_BYTES, "{length} bytes");
}
