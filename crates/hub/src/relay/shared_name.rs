//! `localhost` and loopback addresses, to which every program of a machine answers. Browsers send
//! a name's cookies to all of its ports, so that no cookie of ours may be set here: a person who
//! goes there is sent on to the dashboard's own name, everything else is refused.

use axum::body::Body;
use edge::Asked;
use http::{Response, header::SET_COOKIE, request::Parts};

use super::{
    entrance::redirect,
    same_origin::{is_navigation, is_undescribed},
};
use crate::{
    origins::Origins,
    pages::{Asker, Notice},
    session,
};

/// What programs ask of a hub on their own machine, and what no cookie plays a part in.
pub(super) fn serves(path: &str) -> bool {
    matches!(path, "/healthz" | "/readyz")
}

/// Answers a request that asked for such a name.
pub(super) fn answer(origins: &Origins, parts: &Parts) -> Response<Body> {
    let asker = Asker::of(parts);
    let Some(host) = Asked::of(parts) else { return Notice::unknown_host().answer(&asker) };
    let home = format!("https://{}{}", origins.home(), host.port_suffix());
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    let path = if path.starts_with('/') { path } else { "/" };
    let undescribed = parts.method == http::Method::GET && is_undescribed(&parts.headers);
    let goes = is_navigation(parts) || (undescribed && asker.person);
    let to_home = goes.then(|| redirect(&format!("{home}{path}"))).flatten();
    let mut answer =
        to_home.unwrap_or_else(|| Notice::shared_name(&home).with_dashboard(&home).answer(&asker));
    // An earlier version, or an earlier setting, left it here.
    if session::token(&parts.headers).is_some() {
        answer.headers_mut().insert(SET_COOKIE, session::forget_cookie());
    }
    answer
}
