//! One's own sessions: where one is signed in, and how to end that.

use std::net::IpAddr;

use axum::{
    Extension, Json,
    extract::{Path, State},
};
use http::StatusCode;
use printer::SessionId;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::{Route, moment::Moment};
use crate::{policy::Action, problem::ApiError, session::Visitor, state::Shared};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::new(Action::UseOwnAccount, routes!(list)),
        Route::new(Action::UseOwnAccount, routes!(end_others)),
        Route::new(Action::UseOwnAccount, routes!(end)),
    ]
}

/// A sign-in of one browser.
#[derive(Serialize, ToSchema)]
pub(super) struct Session {
    #[schema(value_type = String, format = Uuid)]
    id: SessionId,
    /// What the browser called itself.
    device: String,
    /// The address from which it was last seen.
    #[schema(value_type = String)]
    address: IpAddr,
    created: Moment,
    /// To the minute.
    last_seen: Moment,
    /// Whether it is the session that asks.
    current: bool,
}

/// One's own sessions.
#[utoipa::path(get, path = "/api/v1/sessions", operation_id = "sessions", tag = "session", responses((status = 200, body = [Session])))]
async fn list(
    State(hub): State<Shared>,
    Extension(visitor): Extension<Visitor>,
) -> Result<Json<Vec<Session>>, ApiError> {
    let idle = hub.config.sessions.idle.duration();
    let found = hub.store.sessions_of(visitor.account.id, hub.clock.now(), idle).await?;
    let sessions = found.into_iter().map(|session| Session {
        id: session.id,
        current: session.id == visitor.session.id,
        device: session.device,
        address: session.address,
        created: Moment(session.created),
        last_seen: Moment(session.last_seen),
    });
    Ok(Json(sessions.collect()))
}

/// End one of one's own sessions.
#[utoipa::path(delete, path = "/api/v1/sessions/{id}", operation_id = "end_session", tag = "session",
    params(("id" = String, Path, format = Uuid)),
    responses((status = 204, description = "Ended")))]
async fn end(
    State(hub): State<Shared>,
    Extension(visitor): Extension<Visitor>,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    let id: SessionId = id.parse().map_err(|_| ApiError::not_found())?;
    if !hub.store.end_session(visitor.account.id, id).await? {
        return Err(ApiError::not_found());
    }
    hub.backplane.end_session(id);
    Ok(StatusCode::NO_CONTENT)
}

/// End all of one's own sessions but this one.
#[utoipa::path(delete, path = "/api/v1/sessions", operation_id = "end_other_sessions", tag = "session",
    responses((status = 204, description = "Ended")))]
async fn end_others(
    State(hub): State<Shared>,
    Extension(visitor): Extension<Visitor>,
) -> Result<StatusCode, ApiError> {
    let ended = hub.store.end_sessions(visitor.account.id, Some(visitor.session.id)).await?;
    for session in ended {
        hub.backplane.end_session(session);
    }
    Ok(StatusCode::NO_CONTENT)
}
