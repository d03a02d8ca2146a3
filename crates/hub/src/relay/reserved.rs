//! `/.layerlock/` on a printer's origin: the few paths there that are ours and never the
//! printer's. One of them is answered by the agent.

use axum::body::Body;
use http::{Method, Response, request::Parts};

use super::{entrance, redeem, site::PrinterOrigin};
use crate::{
    pages::{ENTER, ENTER_SCRIPT, Notice, STYLE},
    state::Shared,
};

/// The page that redeems a ticket.
pub(super) const ENTER_PATH: &str = "/.layerlock/enter";

/// Where the dashboard sends a browser that has no pre-cookie yet.
pub(super) const START_PATH: &str = "/.layerlock/start";

/// The style of our pages, on every origin.
pub(super) const STYLE_PATH: &str = "/.layerlock/page.css";

const ENTER_SCRIPT_PATH: &str = "/.layerlock/enter.js";
const REDEEM_PATH: &str = "/.layerlock/redeem";
const RESERVED: &str = "/.layerlock";

/// Whether a path is ours.
pub(super) fn is_reserved(path: &str) -> bool {
    path.strip_prefix(RESERVED).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Whether a path is reserved for the agent, which asks for a PIN there: relayed like any other.
pub(super) fn is_the_agents(path: &str) -> bool {
    path == wire::PIN_PATH
}

/// Answers a request for a reserved path.
pub(super) async fn answer(
    state: &Shared,
    origin: &PrinterOrigin,
    parts: &Parts,
    body: Body,
) -> Result<Response<Body>, Notice> {
    let path = parts.uri.path();
    if path == REDEEM_PATH {
        return redeem::redeem(state, origin, parts, body).await;
    }
    match (&parts.method, path) {
        (&Method::GET, START_PATH) => entrance::start(state, origin, parts).await,
        (&Method::GET | &Method::HEAD, ENTER_PATH) => Ok(ENTER.answer()),
        (&Method::GET | &Method::HEAD, ENTER_SCRIPT_PATH) => Ok(ENTER_SCRIPT.answer()),
        (&Method::GET | &Method::HEAD, STYLE_PATH) => Ok(STYLE.answer()),
        _ => Err(Notice::nothing_here()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_folder_is_reserved() {
        for path in ["/.layerlock", "/.layerlock/", "/.layerlock/x/y"] {
            assert!(is_reserved(path), "{path}");
        }
        for path in ["/", "/.layerlocked", "/x/.layerlock/enter"] {
            assert!(!is_reserved(path), "{path}");
        }
    }
}
