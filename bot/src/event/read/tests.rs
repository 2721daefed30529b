//! Tables of what is read from which event, and what is refused.

use std::time::Duration;

use super::*;
use crate::event::samples;

fn received() -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(1_767_300_000_000)
}

fn read(json: &str) -> Event {
    Event::read(json.as_bytes(), Some("Ubot"), received()).expect("a readable test event")
}

#[test]
fn a_whole_message_is_read_whole() {
    let event = read(samples::TEXT);
    let id = "01H810YECXQQZ37VAXPF6H9E6T";
    let expected = Event {
        key: EventKey::of_id(Some("Ubot"), id),
        webhook_event_id: Some(id.to_owned()),
        destination: Some("Ubot".to_owned()),
        kind: Kind::Message,
        mode: Mode::Active,
        source: Source {
            kind: SourceKind::Group,
            user_id: Some("U4af4980629".to_owned()),
            group_id: Some("Ca56f94637c".to_owned()),
            room_id: None,
        },
        lane: Some("Ubot/group/Ca56f94637c".to_owned()),
        occurred_at_ms: Some(1_767_225_600_123),
        received_at_ms: 1_767_300_000_000,
        redelivery: false,
        reply_token: Some("38ef843bde154d9b91c21320ffd17a0f".to_owned()),
        message: Some(Message {
            id: Some("444573844083572737".to_owned()),
            kind: MessageKind::Text,
            text: Some("สวัสดี @All hello".to_owned()),
            file_name: None,
            file_size: None,
        }),
        edited: None,
        unsend_message_id: None,
        postback_data: None,
    };
    assert_eq!(event, expected);
    assert_eq!(event.chat_id(), Some("Ca56f94637c"));
    assert_eq!(event.user_id(), Some("U4af4980629"));
    assert_eq!(event.message_id(), Some("444573844083572737"));
    assert_eq!(event.question_kind(), "message/text");
    assert_eq!(event.day(), 20_454);
}

#[test]
fn each_type_has_its_own_members() {
    for (kind, json) in samples::of_every_kind() {
        let event = read(&json);
        assert_eq!(event.kind, kind);
        assert_eq!(event.message.is_some(), kind == Kind::Message, "{json}");
        assert_eq!(
            event.edited.is_some(),
            kind == Kind::MessageEdited,
            "{json}"
        );
        assert_eq!(
            event.unsend_message_id.is_some(),
            kind == Kind::Unsend,
            "{json}"
        );
        assert_eq!(
            event.postback_data.is_some(),
            kind == Kind::Postback,
            "{json}"
        );
        match kind {
            Kind::Message => {
                let message = event.message.as_ref().expect("a message");
                assert_eq!(message.file_name.as_deref(), Some("ใบเสนอราคา.pdf"));
                assert_eq!(message.file_size, Some(2138));
                assert_eq!(event.question_kind(), "message/file");
            }
            Kind::MessageEdited => {
                let edited = event.edited.expect("an edit");
                assert_eq!(
                    (edited.message_id.as_str(), edited.text.as_deref()),
                    ("m1", Some("new"))
                );
            }
            kind => assert_eq!(event.question_kind(), kind.as_str()),
        }
    }
}

#[test]
fn the_lane_is_the_conversation() {
    for (source, lane, chat) in [
        (
            r#"{"type":"user","userId":"U1"}"#,
            Some("Ubot/user/U1"),
            Some("U1"),
        ),
        (
            r#"{"type":"group","groupId":"C1","userId":"U1"}"#,
            Some("Ubot/group/C1"),
            Some("C1"),
        ),
        (
            r#"{"type":"room","roomId":"R1"}"#,
            Some("Ubot/room/R1"),
            Some("R1"),
        ),
        (r#"{"type":"group","userId":"U1"}"#, None, None),
        (r#"{"type":"thread","userId":"U1"}"#, None, None),
        (r#"{"userId":"U1"}"#, None, None),
        (r#"{"type":"user","userId":"U\u0000"}"#, None, None),
        (r#"{"type":"user","userId":"a/b"}"#, None, None),
        (r#"{"type":"user","userId":""}"#, None, None),
        (r#"{"type":"user","userId":7}"#, None, None),
        ("\"user\"", None, None),
        ("null", None, None),
    ] {
        let event = read(&format!(r#"{{"source":{source}}}"#));
        assert_eq!(event.lane.as_deref(), lane, "{source}");
        assert_eq!(event.chat_id(), chat, "{source}");
    }
    let long = "U".repeat(129);
    assert_eq!(
        read(&format!(
            r#"{{"source":{{"type":"user","userId":"{long}"}}}}"#
        ))
        .lane,
        None
    );
    let event = Event::read(
        br#"{"source":{"type":"user","userId":"U1"}}"#,
        None,
        received(),
    );
    assert_eq!(event.expect("readable").lane.as_deref(), Some("/user/U1"));
}

#[test]
fn times_are_taken_only_within_bounds() {
    for (timestamp, ms) in [
        ("1767225600123", Some(1_767_225_600_123)),
        ("1.767225600123e12", Some(1_767_225_600_123)),
        ("0", Some(0)),
        ("-1", None),
        ("253402300799999", Some(LAST_MS)),
        ("253402300800000", None),
        ("9223372036854775808", None),
        ("1e300", None),
        ("\"1767225600123\"", None),
        ("null", None),
    ] {
        assert_eq!(
            read(&format!(r#"{{"timestamp":{timestamp}}}"#)).occurred_at_ms,
            ms,
            "{timestamp}"
        );
    }
    assert_eq!(
        read("{}").day(),
        20_454,
        "without a time of its own, the day of receipt"
    );
}

#[test]
fn ids_and_tokens_out_of_bounds_count_as_absent() {
    let id = |value: &str| read(&format!(r#"{{"type":"message","webhookEventId":{value}}}"#));
    let good = id("\"01H\"");
    assert_eq!(good.webhook_event_id.as_deref(), Some("01H"));
    let odd: Vec<Event> = ["\"\"", "\"a b\"", "\"é\"", "12", "[\"01H\"]"]
        .map(id)
        .into();
    for (n, event) in odd.iter().enumerate() {
        assert_eq!(event.webhook_event_id, None);
        assert!(
            odd[..n].iter().all(|other| other.key != event.key),
            "hashed with what it holds"
        );
    }
    assert_eq!(read(r#"{"replyToken":"a b"}"#).reply_token, None);
    assert_eq!(
        read(&format!(r#"{{"replyToken":"{}"}}"#, "r".repeat(257))).reply_token,
        None
    );
    assert_eq!(
        read(r#"{"replyToken":"a+/="}"#).reply_token.as_deref(),
        Some("a+/=")
    );
}

#[test]
fn a_redelivery_is_known_and_keeps_its_key() {
    let again = samples::TEXT.replace("isRedelivery\":false", "isRedelivery\":true");
    assert!(read(&again).redelivery);
    assert_eq!(read(&again).key, read(samples::TEXT).key);
    let anonymous = |json: &str| json.replace("webhookEventId", "someOtherId");
    assert_eq!(
        read(&anonymous(&again)).key,
        read(&anonymous(samples::TEXT)).key
    );
}

#[test]
fn texts_can_be_stored_in_postgres() {
    let event = read(
        r#"{"type":"message","message":{"type":"text","text":"a\u0000b","fileName":"\u0000"}}"#,
    );
    let message = event.message.expect("a message");
    assert_eq!(message.text.as_deref(), Some("a\u{fffd}b"));
    assert_eq!(message.file_name.as_deref(), Some("\u{fffd}"));
    assert_eq!(postgres_text("ก👍".to_owned()), "ก👍");
}

#[test]
fn odd_shapes_are_read_as_far_as_they_go() {
    for json in [
        r#"{"type":"message","message":[]}"#,
        r#"{"type":"message","message":{"type":{},"id":[],"text":1,"fileSize":-4}}"#,
        r#"{"type":7,"mode":{},"source":[],"deliveryContext":"x","replyToken":null}"#,
        r#"{"type":"postback","postback":"x"}"#,
        r#"{"type":"unsend","unsend":{"messageId":5}}"#,
        "{}",
    ] {
        let event = read(json);
        assert_eq!(
            (event.lane, event.reply_token, event.redelivery),
            (None, None, false),
            "{json}"
        );
    }
    let question = read(r#"{"type":"message","message":{"type":"hologram"}}"#);
    assert_eq!(question.question_kind(), "message/hologram");
}

#[test]
fn what_cannot_be_read_says_why_and_is_keyed_by_its_bytes() {
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(10_000), "]".repeat(10_000));
    for (raw, reason) in [
        (deep.as_bytes(), "recursion limit"),
        (br#"{"text":"\ud800"}"#, "hex escape"),
        (b"[]", "not an object"),
        (b"null", "not an object"),
        (b"", "EOF"),
        (b"{\"a\":\"\xff\"}", "invalid unicode"),
    ] {
        let error = Event::read(raw, Some("Ubot"), received()).expect_err("unreadable");
        assert_eq!(error.key, EventKey::of_bytes(raw));
        assert!(error.to_string().contains(reason), "{error}");
    }
}
