//! The port for metrics: plain HTTP, on loopback only, with one page. A web page that somebody
//! opens on this machine must not read it through a name of its own (DNS rebinding), so the
//! request has to ask for a loopback address.

use std::{io, net::IpAddr};

use axum::{
    Router,
    extract::{Request, State},
    response::{IntoResponse, Response},
    routing::get,
};
use http::{StatusCode, header, uri::Authority};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::state::Shared;

/// What Prometheus is told that it reads.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Serves the metrics until `shutdown`.
pub(crate) async fn serve(
    hub: Shared,
    listener: TcpListener,
    shutdown: CancellationToken,
) -> io::Result<()> {
    let pages = Router::new().route("/metrics", get(page)).with_state(hub);
    axum::serve(listener, pages).with_graceful_shutdown(shutdown.cancelled_owned()).await
}

async fn page(State(hub): State<Shared>, request: Request) -> Response {
    if !asks_for_loopback(&request) {
        return StatusCode::MISDIRECTED_REQUEST.into_response();
    }
    match hub.metrics.text(&hub) {
        Ok(text) => ([(header::CONTENT_TYPE, OPEN_METRICS)], text).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

fn asks_for_loopback(request: &Request) -> bool {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    let host = host.and_then(|host| host.parse::<Authority>().ok());
    host.is_some_and(|host| {
        let name = host.host().trim_matches(['[', ']']);
        name == "localhost" || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
    })
}
