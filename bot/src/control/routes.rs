//! The three routes. A request is read whole and judged whole before anything changes.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use http::StatusCode;
use sabai_wire::control::{
    BODY_LIMIT, RECYCLE_PATH, REPORT_PATH, RecycleRequest, SETTINGS_PATH, SettingsAnswer,
};
use sabai_wire::settings::PoolSettings;
use serde_json::Value;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use super::Control;
use super::answer::{Refusal, json};
use super::book::Turn;
use crate::http::body::BodyLimits;

/// From a request's head to the last byte of its body.
const BODY_DEADLINE: Duration = Duration::from_secs(2);
/// Memory for all bodies, in KiB.
const BODY_BUDGET: usize = 1024;

#[derive(Clone)]
struct Desk {
    control: Control,
    limits: BodyLimits,
}

pub(super) fn router(control: Control) -> Router {
    let limits = BodyLimits {
        max_bytes: BODY_LIMIT,
        deadline: BODY_DEADLINE,
        budget: Arc::new(Semaphore::new(BODY_BUDGET)),
    };
    let only = |method| move || async move { Refusal::NoSuchMethod(method) };
    Router::new()
        .route(REPORT_PATH, get(report).fallback(only("GET")))
        .route(SETTINGS_PATH, put(settings).fallback(only("PUT")))
        .route(RECYCLE_PATH, post(recycle).fallback(only("POST")))
        .fallback(async || Refusal::NoSuchPath)
        .with_state(Desk { control, limits })
}

async fn report(State(desk): State<Desk>) -> Response {
    json(StatusCode::OK, &desk.control.report())
}

async fn settings(State(desk): State<Desk>, body: Body) -> Response {
    let settings = match desk.read(body, PoolSettings::from_json).await {
        Ok(settings) => settings,
        Err(refusal) => return refusal.into_response(),
    };
    let parts = &desk.control.0;
    let turn = Arc::clone(&parts.changing).lock_owned().await;
    let applied = parts.db.apply(settings.clone());
    let kept = parts.kept.clone();
    let keeping = spawn_blocking(move || {
        kept.keep_settings(&settings);
        // Here, since whoever asked may have gone away: the next change waits for the file all the same.
        drop(turn);
    });
    // A failure was told where it happened; the settings are in force all the same.
    let _ = keeping.await;
    let answer = SettingsAnswer {
        applied: applied.is_complete(),
        digest: applied.digest,
        surplus_sessions: applied.surplus,
        older_sessions: applied.older,
    };
    json(StatusCode::OK, &answer)
}

async fn recycle(State(desk): State<Desk>, body: Body) -> Response {
    let request = match desk.read(body, RecycleRequest::from_json).await {
        Ok(request) => request,
        Err(refusal) => return refusal.into_response(),
    };
    match desk.control.recycle(&request) {
        Turn::Begin(report, _) | Turn::Running(report) => json(StatusCode::ACCEPTED, &report),
        Turn::Ended(report) => json(StatusCode::OK, &report),
        Turn::Refused(running) => Refusal::Busy(running).into_response(),
    }
}

impl Desk {
    async fn read<T>(
        &self,
        body: Body,
        take: fn(&Value) -> Result<T, Vec<sabai_wire::settings::PathProblem>>,
    ) -> Result<T, Refusal> {
        let (bytes, _memory) = self.limits.read(body).await.map_err(Refusal::Body)?;
        let value =
            serde_json::from_slice(&bytes).map_err(|error| Refusal::NotJson(error.to_string()))?;
        take(&value).map_err(Refusal::Fields)
    }
}
