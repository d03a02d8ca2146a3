//! The public API, which the dashboard uses like everybody else. One file per noun; each defines
//! its routes together with the [`Action`] that the policy has to allow, and a [`Route`] can't be
//! made without one.

mod account;
mod agents;
mod body;
mod events;
mod exposure;
mod guard;
mod health;
mod links;
mod moment;
mod origin;
mod printers;
mod session;
mod sessions;
mod setup;
mod streams;
mod warnings;

use axum::{
    Router,
    extract::{DefaultBodyLimit, Request},
    middleware::{from_fn, from_fn_with_state, map_response},
    response::{IntoResponse, Response},
    routing::get,
};
use http::{HeaderValue, header::CACHE_CONTROL};
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter, UtoipaMethodRouterExt};

use crate::{
    policy::Action,
    problem::{ApiError, write_problems},
    relay,
    state::Shared,
};

pub(crate) use streams::Streams;

/// The largest JSON body that is read, in bytes.
const MAX_BODY: usize = 64 * 1024;

/// A route and what the policy has to allow before it is reached.
pub(crate) struct Route {
    action: Action,
    method: UtoipaMethodRouter<Shared>,
}

impl Route {
    /// `method` is what [`utoipa_axum::routes!`] makes: one path, with one method or more.
    pub(crate) const fn new(action: Action, method: UtoipaMethodRouter<Shared>) -> Self {
        Self { action, method }
    }

    fn guarded(self, shared: &Shared) -> UtoipaMethodRouter<Shared> {
        let guard = from_fn_with_state((shared.clone(), self.action), guard::guard);
        self.method.map(|method| method.route_layer(guard))
    }
}

/// Every route of the API.
fn routes() -> impl Iterator<Item = Route> {
    [
        account::routes(),
        agents::routes(),
        events::routes(),
        exposure::routes(),
        health::routes(),
        links::routes(),
        printers::routes(),
        session::routes(),
        sessions::routes(),
        setup::routes(),
        warnings::routes(),
    ]
    .into_iter()
    .flatten()
}

/// The dashboard's origin: the API, `/open/{printer}`, and the dashboard for everything else.
pub(crate) fn router(shared: Shared) -> Router {
    let api = routes()
        .map(|route| route.guarded(&shared))
        .fold(OpenApiRouter::new(), OpenApiRouter::routes)
        .split_for_parts()
        .0;
    api.layer(map_response(never_stored))
        // It judges by itself, because its answers are pages and redirects.
        .route("/open/{printer}", get(relay::open_route))
        .fallback(dashboard)
        .method_not_allowed_fallback(not_allowed)
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(from_fn(write_problems))
        .layer(map_response(secured))
        .with_state(shared)
}

/// The paths of the API with their documentation.
pub(crate) fn documented() -> utoipa::openapi::OpenApi {
    routes()
        .map(|route| route.method)
        .fold(OpenApiRouter::new(), OpenApiRouter::routes)
        .into_openapi()
}

async fn dashboard(request: Request) -> Response {
    if request.uri().path().starts_with("/api/") {
        return ApiError::not_found().into_response();
    }
    web::answer(&request).map(axum::body::Body::from)
}

async fn not_allowed() -> ApiError {
    let detail = "This address doesn't understand that method.";
    ApiError::new(http::StatusCode::METHOD_NOT_ALLOWED, "method", detail)
}

/// Answers of the API are one person's, at one moment.
async fn never_stored(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

async fn secured(mut response: Response) -> Response {
    edge::headers::secure(response.headers_mut());
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    // covers: PM-3
    #[test]
    fn every_route_has_a_path_and_those_on_a_printer_name_it() {
        for route in routes() {
            let paths: Vec<_> = route.method.1.paths.keys().cloned().collect();
            assert_eq!(paths.len(), 1, "{paths:?}");
            assert!(!route.action.is_on_printer() || paths[0].contains("{id}"), "{paths:?}");
        }
    }

    // covers: PM-3
    #[test]
    fn nothing_but_these_is_open_to_everyone() {
        let open: Vec<_> = routes()
            .filter(|route| crate::policy::is_public(route.action))
            .flat_map(|route| route.method.1.paths.into_keys())
            .collect();
        assert_eq!(
            open,
            [
                "/healthz",
                "/readyz",
                "/api/v1/hub",
                "/api/v1/openapi.json",
                "/api/v1/session",
                "/api/v1/setup"
            ]
        );
    }
}
