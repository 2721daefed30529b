//! Verifies that a body is LINE's: HMAC-SHA256 of the raw bytes under the channel secret, in
//! constant time, under either of the secrets while one is being rotated; and signs as LINE does.
//! Never parses the body, never tells which secret matched.

use std::fmt;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;
use ring::hmac;

/// Its name in LINE's webhook; hyper compares without regard to case.
pub const HEADER: &str = "x-line-signature";

/// What LINE would send with this body.
pub fn sign(secret: &str, body: &[u8]) -> HeaderValue {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let text = STANDARD.encode(hmac::sign(&key, body));
    HeaderValue::from_str(&text).expect("base64 has no character that a header refuses")
}

/// The channel secrets in force, as keys. Cheap to clone; shows nothing of them.
#[derive(Clone)]
pub struct Keys(Arc<[hmac::Key]>);

impl Keys {
    /// One key per secret: a secret's text is the key, byte for byte.
    pub fn new<S: AsRef<[u8]>>(secrets: impl IntoIterator<Item = S>) -> Self {
        let key = |secret: S| hmac::Key::new(hmac::HMAC_SHA256, secret.as_ref());
        Self(secrets.into_iter().map(key).collect())
    }

    /// Checks the header's value against the body.
    ///
    /// # Errors
    /// There is no value, it is not base64 of 32 bytes, or no key made it.
    pub fn verify(&self, signature: Option<&HeaderValue>, body: &[u8]) -> Result<(), Unsigned> {
        let signature = signature.ok_or(Unsigned::Missing)?;
        let mut tag = [0; 33];
        match STANDARD.decode_slice(signature.as_bytes(), &mut tag) {
            Ok(32) => {}
            _ => return Err(Unsigned::Undecodable),
        }
        let ours = |key: &hmac::Key| hmac::verify(key, body, &tag[..32]).is_ok();
        self.0.iter().any(ours).then_some(()).ok_or(Unsigned::Wrong)
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keys({} secrets)", self.0.len())
    }
}

/// Why a call is not known to be LINE's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unsigned {
    #[error("no signature")]
    Missing,
    #[error("the signature is not base64 of 32 bytes")]
    Undecodable,
    #[error("the signature is not ours: check LINE_CHANNEL_SECRET")]
    Wrong,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verify(secrets: &[&str], signature: &str, body: &str) -> Result<(), Unsigned> {
        let value = HeaderValue::from_str(signature).expect("a header value");
        Keys::new(secrets).verify(Some(&value), body.as_bytes())
    }

    const SECRET: &str = "8c570fa6dd201bb328f1c1eac23a96d8";
    const BODY: &str = r#"{"destination":"U8e742f61d673b39c7fff3cecb7536ef0","events":[]}"#;
    const SIGNATURE: &str = "GhRKmvmHys4Pi8DxkF4+EayaH0OqtJtaZxgTD9fMDLs=";

    #[test]
    fn the_published_vectors_hold() {
        // LINE's documentation, "Verify webhook signature".
        assert_eq!(verify(&[SECRET], SIGNATURE, BODY), Ok(()));
        assert_eq!(sign(SECRET, BODY.as_bytes()), SIGNATURE);
        // line-bot-sdk-python, tests/v3/test_webhook.py.
        let python = "/gg9a+LvFevTH1sd7XCQycD7tsWclCsInj7MhBHxN7k=";
        assert_eq!(
            verify(&["channel_secret"], python, "bodybodybodybody"),
            Ok(())
        );
    }

    #[test]
    fn either_of_two_secrets_will_do() {
        assert_eq!(verify(&["old", SECRET], SIGNATURE, BODY), Ok(()));
        assert_eq!(verify(&[SECRET, "new"], SIGNATURE, BODY), Ok(()));
        assert_eq!(
            verify(&["old", "new"], SIGNATURE, BODY),
            Err(Unsigned::Wrong)
        );
        assert_eq!(verify(&[], SIGNATURE, BODY), Err(Unsigned::Wrong));
    }

    #[test]
    fn anything_else_is_refused() {
        assert_eq!(
            Keys::new([SECRET]).verify(None, BODY.as_bytes()),
            Err(Unsigned::Missing)
        );
        for (signature, reason) in [
            ("", Unsigned::Undecodable),
            (
                "GhRKmvmHys4Pi8DxkF4+EayaH0OqtJtaZxgTD9fMDLs",
                Unsigned::Undecodable,
            ),
            (
                "GhRKmvmHys4Pi8DxkF4-EayaH0OqtJtaZxgTD9fMDLs=",
                Unsigned::Undecodable,
            ),
            (
                "GhRKmvmHys4Pi8DxkF4+EayaH0OqtJtaZxgTD9fMDLt=",
                Unsigned::Undecodable,
            ),
            (
                "GhRKmvmHys4Pi8DxkF4+EayaH0OqtJtaZxgTD9fMDLs= ",
                Unsigned::Undecodable,
            ),
            (
                "GhRKmvmHys4Pi8DxkF4+EayaH0OqtJtaZxgTD9fMDLsA",
                Unsigned::Undecodable,
            ),
            ("GhRKmvmHys4Pi8DxkF4+EQ==", Unsigned::Undecodable),
            ("ไม่ใช่", Unsigned::Undecodable),
            (
                "AhRKmvmHys4Pi8DxkF4+EayaH0OqtJtaZxgTD9fMDLs=",
                Unsigned::Wrong,
            ),
        ] {
            let value = HeaderValue::from_bytes(signature.as_bytes()).expect("a header value");
            let seen = Keys::new([SECRET]).verify(Some(&value), BODY.as_bytes());
            assert_eq!(seen, Err(reason), "{signature}");
        }
        assert_eq!(
            verify(&[SECRET], SIGNATURE, &format!("{BODY} ")),
            Err(Unsigned::Wrong)
        );
        assert_eq!(verify(&[SECRET], SIGNATURE, ""), Err(Unsigned::Wrong));
    }

    #[test]
    fn secrets_are_not_shown() {
        assert_eq!(
            format!("{:?}", Keys::new(["s3cret", "t0ken"])),
            "Keys(2 secrets)"
        );
    }
}
