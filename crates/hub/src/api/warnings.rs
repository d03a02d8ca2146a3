//! What whoever runs the hub should mend.

use std::net::IpAddr;

use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::Route;
use crate::{policy::Action, state::Shared};

pub(super) fn routes() -> Vec<Route> {
    vec![Route::new(Action::RunHub, routes!(warnings))]
}

/// What is wrong with how the hub is set up.
#[derive(Serialize, ToSchema)]
pub(super) struct Warnings {
    /// The private address of a proxy that passes visitors on and isn't in `trusted_proxies`: all
    /// of them seem to come from there.
    #[schema(value_type = Option<String>, required)]
    unlisted_proxy: Option<IpAddr>,
    /// Whether agents can be found by the address of the person who looks for them. Off while
    /// addresses can't be believed.
    discovery: bool,
}

/// What administrators should mend.
#[utoipa::path(get, path = "/api/v1/hub/warnings", tag = "hub", responses((status = 200, body = Warnings)))]
async fn warnings(State(hub): State<Shared>) -> Json<Warnings> {
    let clock = hub.clock.as_ref();
    Json(Warnings {
        unlisted_proxy: hub.proxies.unlisted(clock),
        discovery: hub.proxies.addresses_are_true(clock),
    })
}
