//! The key by which the API server knows its own service accounts' tokens. The server gives none for less than ten
//! minutes; tests sign what ends within seconds themselves (JSON Web Tokens, RFC 7519; ES256, RFC 7518).

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::Context;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rcgen::KeyPair;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use serde_json::{Value, json};
use uuid::Uuid;

/// Who issues them, and whom they are for: a cluster's usual name.
pub(super) const ISSUER: &str = "https://kubernetes.default.svc.cluster.local";

pub(super) struct Signer(KeyPair);

impl Signer {
    pub(super) fn new() -> anyhow::Result<Self> {
        Ok(Self(KeyPair::generate()?))
    }

    /// PKCS #8, PEM.
    pub(super) fn key_pem(&self) -> String {
        self.0.serialize_pem()
    }

    pub(super) fn public_key_pem(&self) -> String {
        self.0.public_key_pem()
    }

    /// A token for `subject`; `bound` is what Kubernetes reads under its own name.
    pub(super) fn token(
        &self,
        subject: &str,
        bound: &Value,
        lasts: Duration,
    ) -> anyhow::Result<String> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
        let claims = json!({
            "iss": ISSUER, "aud": [ISSUER], "sub": subject, "jti": Uuid::new_v4().to_string(),
            "iat": now, "nbf": now, "exp": now + lasts.as_secs(), "kubernetes.io": bound,
        });
        let header = json!({"alg": "ES256", "typ": "JWT"});
        let [header, claims] =
            [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
        let signed = format!("{header}.{claims}");
        let random = SystemRandom::new();
        let key = self.0.serialized_der();
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, key, &random)
            .ok()
            .context("the key is no P-256 key")?;
        let signature = key
            .sign(&random, signed.as_bytes())
            .ok()
            .context("the system gives no randomness")?;
        Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }
}
