//! LINE's webhook signature: base64 of HMAC-SHA256 over the body's exact bytes, keyed by the channel secret.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;

/// The value of `x-line-signature`.
#[must_use]
pub fn signature(secret: &str, body: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    STANDARD.encode(hmac::sign(&key, body))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The vectors of LINE's documentation and of its Python SDK (line.md sections 1 and 5).
    #[test]
    fn official_vectors() {
        let body = br#"{"destination":"U8e742f61d673b39c7fff3cecb7536ef0","events":[]}"#;
        assert_eq!(
            signature("8c570fa6dd201bb328f1c1eac23a96d8", body),
            "GhRKmvmHys4Pi8DxkF4+EayaH0OqtJtaZxgTD9fMDLs="
        );
        assert_eq!(
            signature("channel_secret", b"bodybodybodybody"),
            "/gg9a+LvFevTH1sd7XCQycD7tsWclCsInj7MhBHxN7k="
        );
    }
}
