//! What every request to the API passes first: is it from our own page, who asks, and may they.

use axum::{
    extract::{RawPathParams, Request, State},
    middleware::Next,
    response::Response,
};
use edge::{Asked, Connection};
use printer::{Level, PrinterId};

use super::origin;
use crate::{
    policy::{self, Action, Denied, Subject},
    problem::ApiError,
    session::{self, Visitor},
    state::{Shared, State as Hub},
};

/// Lets a request through to its handler, with [`Asked`], the [`Visitor`] if somebody is signed
/// in, and their [`Level`] if it is about one printer.
pub(super) async fn guard(
    State((shared, action)): State<(Shared, Action)>,
    params: RawPathParams,
    request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    let passing = pass(&shared, action, &params, request, next);
    if action == Action::ReadHub {
        return passing.await;
    }
    tokio::select! {
        biased;
        () = shared.backplane.leases().closed() => Err(ApiError::store_silent()),
        answer = passing => answer,
    }
}

async fn pass(
    shared: &Shared,
    action: Action,
    params: &RawPathParams,
    request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    let (mut parts, body) = request.into_parts();
    let asked = Asked::of(&parts).ok_or_else(no_host)?;
    origin::check(&parts, &asked)?;
    let client = parts.extensions.get::<Connection>().map(|connection| connection.client);
    let client = client.ok_or_else(|| ApiError::internal("a request without a connection"))?;
    let visitor = match action {
        // Whether the hub lives is known without its store.
        Action::ReadHub => None,
        _ => session::visitor(shared, &parts.headers, client).await?,
    };
    let level = match &visitor {
        Some(visitor) if action.is_on_printer() => level(shared, visitor, params).await?,
        _ => None,
    };
    let subject =
        visitor.as_ref().map_or(Subject::Anonymous, |visitor| Subject::Account(&visitor.account));
    policy::allow(subject, action, level).map_err(denied)?;
    parts.extensions.insert(asked);
    visitor.map(|visitor| parts.extensions.insert(visitor));
    level.map(|level| parts.extensions.insert(level));
    Ok(next.run(Request::from_parts(parts, body)).await)
}

async fn level(
    hub: &Hub,
    visitor: &Visitor,
    params: &RawPathParams,
) -> Result<Option<Level>, ApiError> {
    let id = params.iter().find(|(name, _)| *name == "id").map(|(_, value)| value);
    let printer: Option<PrinterId> = id.and_then(|id| id.parse().ok());
    let Some(printer) = printer else { return Ok(None) };
    Ok(hub.store.level_on(visitor.account.id, printer, hub.clock.now()).await?)
}

fn denied(denied: Denied) -> ApiError {
    match denied {
        Denied::SignedOut => ApiError::signed_out(),
        Denied::NoAccess => ApiError::not_found(),
        Denied::NotAdministrator => {
            ApiError::forbidden("administrator", "Only administrators of this hub may do that.")
        }
        Denied::Level(level) => ApiError::forbidden(
            "level",
            format!("This takes the level \"{level}\" on the printer."),
        ),
    }
}

fn no_host() -> ApiError {
    let detail = "The request doesn't say which host it is for.";
    ApiError::new(http::StatusCode::BAD_REQUEST, "host", detail)
}
