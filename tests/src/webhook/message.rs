//! The seven kinds of message that LINE delivers, with the fields of its schema (webhook.yml of line-openapi).

use serde_json::{Value, json};

use super::id;

/// What a customer sent. Ids and tokens are made when the JSON is.
#[derive(Clone, Debug, PartialEq)]
pub enum Message {
    Text(String),
    Image,
    Video,
    Audio,
    File {
        name: String,
        bytes: u64,
    },
    Location {
        title: String,
        latitude: f64,
        longitude: f64,
    },
    Sticker,
}

impl Message {
    #[must_use]
    pub fn text(text: &str) -> Self {
        Self::Text(text.to_owned())
    }

    /// One of each kind.
    #[must_use]
    pub fn one_of_each() -> Vec<Self> {
        vec![
            Self::text("สวัสดีค่ะ"),
            Self::Image,
            Self::Video,
            Self::Audio,
            Self::File {
                name: "ใบเสร็จ.pdf".into(),
                bytes: 2138,
            },
            Self::Location {
                title: "ร้าน".into(),
                latitude: 13.7563,
                longitude: 100.5018,
            },
            Self::Sticker,
        ]
    }

    /// The message object with this id.
    #[must_use]
    pub fn json(&self, id: &str) -> Value {
        let stored = json!({ "type": "line" });
        let quote = id::token();
        match self {
            Self::Text(text) => {
                json!({ "id": id, "type": "text", "quoteToken": quote, "text": text })
            }
            Self::Image => {
                json!({ "id": id, "type": "image", "quoteToken": quote, "contentProvider": stored })
            }
            Self::Video => {
                json!({ "id": id, "type": "video", "quoteToken": quote, "duration": 60_000, "contentProvider": stored })
            }
            Self::Audio => {
                json!({ "id": id, "type": "audio", "duration": 60_000, "contentProvider": stored })
            }
            Self::File { name, bytes } => {
                json!({ "id": id, "type": "file", "fileName": name, "fileSize": bytes })
            }
            Self::Location {
                title,
                latitude,
                longitude,
            } => json!({
                "id": id,
                "type": "location",
                "title": title,
                "address": "1 Silom Road, Bangkok",
                "latitude": latitude,
                "longitude": longitude,
            }),
            Self::Sticker => json!({
                "id": id,
                "type": "sticker",
                "quoteToken": quote,
                "stickerId": "52002734",
                "packageId": "11537",
                "stickerResourceType": "ANIMATION",
                "keywords": ["hello", "good morning"],
            }),
        }
    }
}
