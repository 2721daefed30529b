//! Test material: one event of each type as LINE's reference describes it, and a call of many.
//! Compiled for tests only.

use super::kind::Kind;

/// A user's text, complete.
pub(crate) const TEXT: &str = r#"{"type":"message","message":{"type":"text","id":"444573844083572737","quoteToken":"q3Plxr4AgKd","markAsReadToken":"30yhdy232","text":"สวัสดี @All hello"},"timestamp":1767225600123,"source":{"type":"group","groupId":"Ca56f94637c","userId":"U4af4980629"},"replyToken":"38ef843bde154d9b91c21320ffd17a0f","mode":"active","webhookEventId":"01H810YECXQQZ37VAXPF6H9E6T","deliveryContext":{"isRedelivery":false}}"#;

/// One event of each of the 20 types, ids all different.
pub(crate) fn of_every_kind() -> Vec<(Kind, String)> {
    Kind::ALL
        .into_iter()
        .enumerate()
        .map(|(n, kind)| {
            let members = members(&kind);
            let name = kind.as_str();
            let json = format!(
                r#"{{"type":"{name}",{members}"timestamp":{},"mode":"active","webhookEventId":"01H810YECXQQZ37VAXPF6H9E{n:02}","deliveryContext":{{"isRedelivery":false}}}}"#,
                1_767_225_600_000_u64 + n as u64,
            );
            (kind, json)
        })
        .collect()
}

/// A call with one event of each type.
pub(crate) fn call() -> String {
    let events: Vec<String> = of_every_kind().into_iter().map(|(_, json)| json).collect();
    format!(
        r#"{{"destination":"U8e742f61d673b39c7fff3cecb7536ef0","events":[{}]}}"#,
        events.join(",")
    )
}

fn members(kind: &Kind) -> &'static str {
    match kind {
        Kind::Message => {
            r#""replyToken":"r1","source":{"type":"user","userId":"U1"},"message":{"id":"m1","type":"file","fileName":"ใบเสนอราคา.pdf","fileSize":2138},"#
        }
        Kind::MessageEdited => {
            r#""replyToken":"r2","source":{"type":"group","groupId":"C1","userId":"U1"},"message":{"id":"m1","type":"text","text":"new"},"#
        }
        Kind::Unsend => {
            r#""source":{"type":"group","groupId":"C1","userId":"U1"},"unsend":{"messageId":"m1"},"#
        }
        Kind::Follow => {
            r#""replyToken":"r4","source":{"type":"user","userId":"U1"},"follow":{"isUnblocked":true},"#
        }
        Kind::Join => r#""replyToken":"r6","source":{"type":"room","roomId":"R1"},"#,
        Kind::MemberJoined => {
            r#""replyToken":"r8","source":{"type":"group","groupId":"C1"},"joined":{"members":[{"type":"user","userId":"U2"}]},"#
        }
        Kind::Postback => {
            r#""replyToken":"r9","source":{"type":"user","userId":"U1"},"postback":{"data":"item=1","params":{"datetime":"2026-01-01T10:00"}},"#
        }
        Kind::VideoPlayComplete => {
            r#""replyToken":"r10","source":{"type":"user","userId":"U1"},"videoPlayComplete":{"trackingId":"t"},"#
        }
        Kind::Beacon => {
            r#""replyToken":"r11","source":{"type":"user","userId":"U1"},"beacon":{"hwid":"d41d8cd98f","type":"enter"},"#
        }
        Kind::AccountLink => {
            r#""replyToken":"r12","source":{"type":"user","userId":"U1"},"link":{"result":"ok","nonce":"n"},"#
        }
        Kind::Membership => {
            r#""replyToken":"r13","source":{"type":"user","userId":"U1"},"membership":{"type":"joined","membershipId":3189},"#
        }
        Kind::Unfollow | Kind::Delivery => {
            r#""source":{"type":"user","userId":"U1"},"delivery":{"data":"d"},"#
        }
        Kind::Leave | Kind::MemberLeft => {
            r#""source":{"type":"group","groupId":"C1"},"left":{"members":[{"type":"user","userId":"U2"}]},"#
        }
        Kind::Module => r#""module":{"type":"attached","botId":"U3","scopes":["message:send"]},"#,
        Kind::Activated => {
            r#""chatControl":{"expireAt":1767225700000},"source":{"type":"user","userId":"U1"},"#
        }
        Kind::Deactivated => r#""source":{"type":"user","userId":"U1"},"#,
        Kind::BotSuspended | Kind::BotResumed | Kind::Unknown(_) => "",
    }
}
