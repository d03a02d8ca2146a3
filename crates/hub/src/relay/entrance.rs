//! What a visitor without a session on a printer's origin gets: a person who navigates there is
//! sent to the dashboard, anything else is told that it is signed out.
//!
//! The pre-cookie ties the ticket that the dashboard will make to this browser. Without it an
//! attacker could send somebody a ticket of his own, and watch them use a printer as him.

use axum::body::Body;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use credentials::Ticket;
use http::{
    HeaderMap, HeaderValue, Response, StatusCode,
    header::{LOCATION, SET_COOKIE},
    request::Parts,
};

use super::{
    cookies,
    path::LocalPath,
    same_origin::{is_navigation, is_undescribed},
    site::PrinterOrigin,
};
use crate::{
    pages::{Asker, Notice, protect},
    session::cookie,
    state::State,
};

/// A random value in a cookie of the printer's origin.
pub(super) type PreCookie = Ticket;

/// Sends a person to the dashboard, and refuses everything else.
pub(super) fn answer(
    state: &State,
    origin: &PrinterOrigin,
    parts: &Parts,
    asker: &Asker,
) -> Response<Body> {
    let undescribed = parts.method == http::Method::GET && is_undescribed(&parts.headers);
    let navigates = is_navigation(parts) || (undescribed && asker.person);
    if navigates && let Some(answer) = to_dashboard(state, origin, parts) {
        return answer;
    }
    Notice::signed_out().answer(asker)
}

fn to_dashboard(state: &State, origin: &PrinterOrigin, parts: &Parts) -> Option<Response<Body>> {
    // A second tab must not make the first one's ticket worthless.
    let known = pre_cookie(&parts.headers, origin);
    let pre = known.unwrap_or_else(|| PreCookie::new(state.random.as_ref()));
    let wanted = parts.uri.path_and_query().and_then(|path| LocalPath::parse(path.as_str()));
    let location = format!(
        "{}/open/{}?pre={}&next={}",
        origin.dashboard(),
        origin.label(),
        URL_SAFE_NO_PAD.encode(pre.digest().as_bytes()),
        wanted.unwrap_or_else(LocalPath::root).encoded(),
    );
    let mut answer = redirect(&location)?;
    let cookie = cookies::set(&cookies::pre_name(origin.label()), &pre.encode())?;
    answer.headers_mut().insert(SET_COOKIE, cookie);
    Some(answer)
}

/// The pre-cookie that the browser showed, if it looks like one.
pub(super) fn pre_cookie(headers: &HeaderMap, origin: &PrinterOrigin) -> Option<PreCookie> {
    PreCookie::parse(cookie(headers, &cookies::pre_name(origin.label()))?)
}

/// A redirect that is neither stored nor named to where it leads.
pub(super) fn redirect(location: &str) -> Option<Response<Body>> {
    let mut answer = Response::new(Body::empty());
    *answer.status_mut() = StatusCode::SEE_OTHER;
    protect(answer.headers_mut());
    answer.headers_mut().insert(LOCATION, HeaderValue::try_from(location).ok()?);
    Some(answer)
}
