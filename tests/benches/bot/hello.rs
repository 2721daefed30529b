//! The least a LINE webhook can do: read the body, check its signature, parse it, say 200. Bare axum, no database.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;
use sabai_tests::bench::traffic::SECRET;

/// Serves until it is killed; says where on standard output.
#[expect(clippy::print_stdout, reason = "how the bench learns the port")]
pub(crate) fn serve() -> anyhow::Result<()> {
    let key = Arc::new(hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes()));
    let router = Router::new()
        .route("/callback", post(callback))
        .with_state(key);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        println!("{}", listener.local_addr()?);
        Ok(axum::serve(listener, router).await?)
    })
}

async fn callback(
    State(key): State<Arc<hmac::Key>>,
    headers: HeaderMap,
    body: Bytes,
) -> StatusCode {
    let signature = headers
        .get("x-line-signature")
        .and_then(|value| STANDARD.decode(value).ok());
    if signature.is_none_or(|signature| hmac::verify(&key, &body, &signature).is_err()) {
        return StatusCode::UNAUTHORIZED;
    }
    match serde_json::from_slice::<serde_json::Value>(&body) {
        Ok(_) => StatusCode::OK,
        Err(_) => StatusCode::BAD_REQUEST,
    }
}
