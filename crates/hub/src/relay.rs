//! The way of a visitor's request to a printer's own web UI, and the only way there. By the host
//! that it asks for, a request is for the dashboard or for one printer's origin; on a printer's
//! origin it then has to pass, in this order: well-formed, made by the printer's own page or by a
//! person who navigates (RL-3), a session of this origin, a lease on it, the policy. Only then the
//! tunnel is looked up.
//!
//! How a visitor gets a session on a printer's origin ([`entrance`], [`open`], [`redeem`]):
//! ```text
//! printer's origin  GET /page            → a pre-cookie, and on to the dashboard
//! dashboard         GET /open/{printer}  → signed in? allowed? a ticket, bound to that pre-cookie
//! printer's origin  /.layerlock/enter    → a page of ours finds the ticket in the fragment
//! printer's origin  POST /.layerlock/redeem → ticket and pre-cookie for this origin's session
//! printer's origin  GET /page            → relayed
//! ```

mod admission;
mod answer;
mod cookies;
mod entrance;
mod exchange;
mod hold;
mod keys;
mod open;
mod path;
mod redeem;
mod request;
mod reserved;
mod shared_name;
mod site;
mod urgent;
mod visit;
mod websocket;

use std::sync::Arc;

use axum::{
    Router,
    body::Body,
    extract::Request,
    response::{IntoResponse, Response},
};
pub(crate) use edge::same_origin;
use edge::{Asked, Connection};
use http::request::Parts;
use tower::ServiceExt;

use crate::{
    metrics::Place,
    pages::{Asker, Notice, STYLE},
    state::{Shared, State},
    tunnels,
};

use site::Site;

pub(crate) use admission::is_one_owners;
pub(crate) use open::{address, open_route};
pub(crate) use path::LocalPath;

/// The outermost service: by its host, a request is for a printer's origin or for the dashboard.
pub(crate) async fn dispatch(shared: Shared, dashboard: Router, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let (site, began) = (site_of(&shared, &parts), shared.clock.monotonic());
    let place = place_of(site.as_ref());
    let answer = answer(Arc::clone(&shared), dashboard, site, parts, body).await;
    let after = shared.clock.monotonic().saturating_sub(began);
    shared.metrics.answered(place, answer.status(), after);
    answer
}

async fn answer(
    shared: Shared,
    dashboard: Router,
    site: Option<Site>,
    parts: Parts,
    body: Body,
) -> Response {
    match site {
        Some(Site::Hub | Site::Shared) | None if parts.uri.path() == reserved::STYLE_PATH => {
            STYLE.answer()
        }
        Some(Site::Hub | Site::Shared) if parts.uri.path() == tunnel::WEBSOCKET_PATH => {
            tunnels::answer_websocket(&shared, Request::from_parts(parts, body))
        }
        Some(Site::Shared) if !shared_name::serves(parts.uri.path()) => {
            shared_name::answer(&shared.origins, &parts)
        }
        Some(Site::Hub | Site::Shared) => {
            dashboard.oneshot(Request::from_parts(parts, body)).await.into_response()
        }
        Some(Site::Printer(origin)) => {
            let (hub, asker) = (Arc::clone(&shared), Asker::of(&parts));
            let answer = Box::pin(visit::answer(shared, origin, Request::from_parts(parts, body)));
            while_rights_are_known(&hub, answer).await.unwrap_or_else(|told| told.answer(&asker))
        }
        None => Notice::unknown_host().answer(&Asker::of(&parts)),
    }
}

/// Does this for as long as the store answers.
async fn while_rights_are_known<T>(
    hub: &State,
    what: impl Future<Output = T>,
) -> Result<T, Notice> {
    tokio::select! {
        biased;
        () = hub.backplane.leases().closed() => Err(Notice::store_silent()),
        done = what => Ok(done),
    }
}

fn place_of(site: Option<&Site>) -> Place {
    match site {
        Some(Site::Hub | Site::Shared) => Place::Dashboard,
        Some(Site::Printer(_)) => Place::Printer,
        None => Place::UnknownHost,
    }
}

fn site_of(shared: &Shared, parts: &Parts) -> Option<Site> {
    let connection = parts.extensions.get::<Connection>()?;
    Site::of(&Asked::of(parts)?, &shared.origins, connection.local)
}
