//! `/livez`, `/readyz`, `/metrics` and `/version`. Liveness touches nothing outside: it says that the process answers, and goes on.
//! Readiness is the last word of whoever decides it, with the reason. Does no I/O of its own and decides nothing.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use http::{StatusCode, header};
use serde_json::json;

/// The content type of the metrics (OpenMetrics 1.0, text format).
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Whether the pod is to get webhooks. Its words are for people, and are shown to anyone who can reach the port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// The note says what is worth saying all the same; empty is nothing.
    Ready { note: String },
    /// The reason: which part, what to do.
    NotReady { reason: String },
}

/// Which program this is. `env!` and `option_env!` are read where they stand, so each program says it of itself.
#[derive(Clone, Copy, Debug)]
pub struct About {
    pub program: &'static str,
    pub version: &'static str,
    /// Of the sources, where whoever built it has told (`SABAI_REVISION`, as the image's own build does).
    pub revision: Option<&'static str>,
}

/// What the answers are made of.
#[derive(Clone)]
pub struct AdminState {
    pub about: About,
    /// Whether the process goes on with what it is for. Called at each question; must not block.
    pub alive: Arc<dyn Fn() -> bool + Send + Sync>,
    /// Whether the pod is to get webhooks, as it was judged last. Called at each question; must not block.
    pub readiness: Arc<dyn Fn() -> Readiness + Send + Sync>,
    /// All metrics now, as text of [`CONTENT_TYPE`]. Called at each scrape; must not block.
    pub metrics: Arc<dyn Fn() -> String + Send + Sync>,
}

/// The four routes; anything else is 404, another method 405.
pub fn router(state: AdminState) -> Router {
    Router::new()
        .route("/livez", get(livez))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .route("/version", get(version))
        .with_state(state)
}

async fn livez(State(state): State<AdminState>) -> (StatusCode, &'static str) {
    if (state.alive)() {
        (StatusCode::OK, "alive\n")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "stuck\n")
    }
}

async fn readyz(State(state): State<AdminState>) -> (StatusCode, String) {
    match (state.readiness)() {
        Readiness::Ready { note } if note.is_empty() => (StatusCode::OK, "ready\n".to_owned()),
        Readiness::Ready { note } => (StatusCode::OK, format!("ready: {note}\n")),
        Readiness::NotReady { reason } => (
            StatusCode::SERVICE_UNAVAILABLE,
            format!("not ready: {reason}\n"),
        ),
    }
}

async fn metrics(
    State(state): State<AdminState>,
) -> ([(header::HeaderName, &'static str); 1], String) {
    ([(header::CONTENT_TYPE, CONTENT_TYPE)], (state.metrics)())
}

async fn version(
    State(state): State<AdminState>,
) -> ([(header::HeaderName, &'static str); 1], String) {
    let About {
        program,
        version,
        revision,
    } = state.about;
    let revision = revision.filter(|told| !told.is_empty());
    let page = json!({"program": program, "version": version, "revision": revision});
    (
        [(header::CONTENT_TYPE, "application/json")],
        format!("{page}\n"),
    )
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

    use axum::body::Body;
    use http::Request;
    use http_body_util::BodyExt;
    use hyper::service::Service;
    use hyper_util::service::TowerToHyperService;

    use tokio::sync::watch;

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
    async fn the_four_routes() {
        let (say, readiness) = watch::channel(Readiness::NotReady {
            reason: "Postgres: UnknownIssuer".to_owned(),
        });
        let scrapes = AtomicU32::new(0);
        let metrics = Arc::new(move || {
            let scrape = scrapes.fetch_add(1, Ordering::Relaxed) + 1;
            format!("scrapes {scrape}\n# EOF\n")
        });
        let readiness = Arc::new(move || readiness.borrow().clone());
        let stuck = Arc::new(AtomicBool::new(false));
        let is_stuck = Arc::clone(&stuck);
        let router = router(AdminState {
            about: About {
                program: "sabai-bot",
                version: "1.2.3",
                revision: None,
            },
            alive: Arc::new(move || !is_stuck.load(Ordering::Relaxed)),
            readiness,
            metrics,
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

        for (note, expected) in [
            ("Healthy for 3 s", "ready: Healthy for 3 s\n"),
            ("", "ready\n"),
        ] {
            say.send_replace(Readiness::Ready {
                note: note.to_owned(),
            });
            let (status, _, body) = asked(&router, "GET", "/readyz").await;
            assert_eq!((status.as_u16(), body.as_str()), (200, expected));
        }
        drop(say);
        assert_eq!(
            asked(&router, "GET", "/readyz").await.0,
            200,
            "the last word stands"
        );

        for scrape in 1..3 {
            let (status, content_type, body) = asked(&router, "GET", "/metrics").await;
            assert_eq!(
                (status.as_u16(), content_type.as_str()),
                (200, CONTENT_TYPE)
            );
            assert_eq!(body, format!("scrapes {scrape}\n# EOF\n"), "made anew");
        }

        stuck.store(true, Ordering::Relaxed);
        let (status, _, body) = asked(&router, "GET", "/livez").await;
        assert_eq!((status.as_u16(), body.as_str()), (503, "stuck\n"));

        assert_eq!(asked(&router, "POST", "/livez").await.0, 405);
        assert_eq!(asked(&router, "GET", "/callback").await.0, 404);
    }
    #[tokio::test]
    async fn what_runs_is_told_and_a_revision_that_nobody_told_is_none() {
        for (revision, told) in [
            (Some("0123abcd"), json!("0123abcd")),
            (Some(""), json!(null)),
            (None, json!(null)),
        ] {
            let router = router(AdminState {
                about: About {
                    program: "sabai-bot",
                    version: "1.2.3",
                    revision,
                },
                alive: Arc::new(|| true),
                readiness: Arc::new(|| Readiness::Ready {
                    note: String::new(),
                }),
                metrics: Arc::new(String::new),
            });
            let (status, content_type, body) = asked(&router, "GET", "/version").await;
            let expected = (200, "application/json");
            assert_eq!((status.as_u16(), content_type.as_str()), expected);
            let page: serde_json::Value = serde_json::from_str(&body).expect("JSON");
            let all = json!({"program": "sabai-bot", "version": "1.2.3", "revision": told});
            assert_eq!(page, all);
        }
    }
}
