//! Whether the hub is alive, ready and set up, and what its API looks like.

use std::time::Duration;

use axum::{Json, extract::State};
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::Route;
use crate::{policy::Action, problem::ApiError, state::Shared};

const READY_WITHIN: Duration = Duration::from_secs(2);

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::new(Action::ReadHub, routes!(alive)),
        Route::new(Action::ReadHub, routes!(ready)),
        Route::new(Action::ReadHub, routes!(hub)),
        Route::new(Action::ReadHub, routes!(openapi)),
    ]
}

/// What anyone may know about this hub.
#[derive(Serialize, ToSchema)]
pub(super) struct Hub {
    /// Whether nobody has an account yet.
    setup_needed: bool,
}

/// Whether the process lives.
#[utoipa::path(get, path = "/healthz", tag = "hub", responses((status = 200, description = "Alive")))]
async fn alive() -> &'static str {
    "ok\n"
}

/// Whether the hub can do its work: its store answers within 2 seconds.
#[utoipa::path(get, path = "/readyz", tag = "hub",
    responses((status = 200, description = "Ready"), (status = 503, description = "Not ready")))]
async fn ready(State(hub): State<Shared>) -> Result<&'static str, ApiError> {
    let detail = "The hub's store doesn't answer.";
    let not_ready = || ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "not-ready", detail);
    match tokio::time::timeout(READY_WITHIN, hub.store.ping()).await {
        Ok(Ok(())) => Ok("ready\n"),
        Ok(Err(error)) => {
            tracing::warn!(%error, "the store doesn't answer");
            Err(not_ready())
        }
        Err(_) => Err(not_ready()),
    }
}

/// What anyone may know about this hub.
#[utoipa::path(get, path = "/api/v1/hub", tag = "hub", responses((status = 200, body = Hub)))]
async fn hub(State(hub): State<Shared>) -> Result<Json<Hub>, ApiError> {
    Ok(Json(Hub { setup_needed: !hub.store.has_accounts().await? }))
}

/// This document.
#[utoipa::path(get, path = "/api/v1/openapi.json", tag = "hub",
    responses((status = 200, description = "OpenAPI 3.1", body = Object)))]
async fn openapi() -> Json<utoipa::openapi::OpenApi> {
    Json(crate::openapi::document())
}
