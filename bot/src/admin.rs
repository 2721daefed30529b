//! `/livez`, `/readyz` and `/metrics`. Liveness touches nothing: it says that the process answers. Readiness is the
//! last word of whoever decides it, with the reason. Does no I/O of its own and decides nothing.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use http::{StatusCode, header};
use tokio::sync::watch;

use crate::metrics::{CONTENT_TYPE, Metrics};

/// Whether the pod is to get webhooks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Readiness {
    Ready,
    /// The reason is for people: which part, what to do. It is shown to anyone who can reach the port.
    NotReady {
        reason: String,
    },
}

/// What the answers are made of.
#[derive(Clone)]
pub struct AdminState {
    pub readiness: watch::Receiver<Readiness>,
    pub metrics: Metrics,
    /// Called before each encoding, to set gauges that are read rather than counted. Must not block.
    pub refresh: Arc<dyn Fn() + Send + Sync>,
}

/// The three routes; anything else is 404, another method 405.
pub fn router(state: AdminState) -> Router {
    Router::new()
        .route("/livez", get(async || "alive\n"))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .with_state(state)
}

async fn readyz(State(state): State<AdminState>) -> (StatusCode, String) {
    match &*state.readiness.borrow() {
        Readiness::Ready => (StatusCode::OK, "ready\n".to_owned()),
        Readiness::NotReady { reason } => (
            StatusCode::SERVICE_UNAVAILABLE,
            format!("not ready: {reason}\n"),
        ),
    }
}

async fn metrics(
    State(state): State<AdminState>,
) -> ([(header::HeaderName, &'static str); 1], String) {
    (state.refresh)();
    (
        [(header::CONTENT_TYPE, CONTENT_TYPE)],
        state.metrics.encode(),
    )
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use http::Request;
    use http_body_util::BodyExt;
    use hyper::service::Service;
    use hyper_util::service::TowerToHyperService;

    use super::*;

    async fn asked(router: &Router, method: &str, path: &str) -> (StatusCode, String, String) {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .body(Body::empty())
            .expect("a request");
        let response = TowerToHyperService::new(router.clone())
            .call(request)
            .await
            .expect("infallible");
        let content_type = response
            .headers()
            .get(header::CONTENT_TYPE)
            .map(|value| value.to_str().expect("ASCII").to_owned());
        let status = response.status();
        let body = response
            .into_body()
            .collect()
            .await
            .expect("whole")
            .to_bytes();
        (
            status,
            content_type.unwrap_or_default(),
            String::from_utf8(body.to_vec()).expect("text"),
        )
    }

    #[tokio::test]
    async fn the_three_routes() {
        let (say, readiness) = watch::channel(Readiness::NotReady {
            reason: "Postgres: UnknownIssuer".to_owned(),
        });
        let metrics = Metrics::default();
        let gauge = metrics.clone();
        let refresh = Arc::new(move || gauge.pool_connections("busy", 5));
        let router = router(AdminState {
            readiness,
            metrics,
            refresh,
        });

        let (status, _, body) = asked(&router, "GET", "/readyz").await;
        assert_eq!(
            (status.as_u16(), body.as_str()),
            (503, "not ready: Postgres: UnknownIssuer\n")
        );
        assert_eq!(
            asked(&router, "GET", "/livez").await.0,
            200,
            "alive, though not ready"
        );

        say.send_replace(Readiness::Ready);
        assert_eq!(asked(&router, "GET", "/readyz").await.0, 200);
        drop(say);
        assert_eq!(
            asked(&router, "GET", "/readyz").await.0,
            200,
            "the last word stands"
        );

        let (status, content_type, body) = asked(&router, "GET", "/metrics").await;
        assert_eq!(
            (status.as_u16(), content_type.as_str()),
            (200, CONTENT_TYPE)
        );
        assert!(
            body.contains("sabai_pool_connections{state=\"busy\"} 5"),
            "refreshed before: {body}"
        );

        assert_eq!(asked(&router, "POST", "/livez").await.0, 405);
        assert_eq!(asked(&router, "GET", "/callback").await.0, 404);
    }
}
