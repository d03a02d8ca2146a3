//! What a visitor without a session on a printer's origin gets: a person who navigates there is
//! sent to the dashboard, anything else is told that it is signed out.
//!
//! The pre-cookie ties the ticket that the dashboard will make to this browser. Without it an
//! attacker could send somebody a ticket of his own, and watch them use a printer as him.

use axum::body::Body;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use credentials::Ticket;
use edge::Connection;
use http::{
    HeaderMap, HeaderValue, Response, StatusCode,
    header::{LOCATION, SET_COOKIE},
    request::Parts,
};

use super::{
    admission::admit,
    cookies,
    path::{LocalPath, parameter},
    same_origin::{is_navigation, is_undescribed},
    site::PrinterOrigin,
};
use crate::{
    pages::{Asker, Notice, protect},
    policy::Action,
    session::cookie,
    state::{Shared, State},
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

/// `GET /.layerlock/start`: a person comes from the dashboard. `from` is the name by which they
/// know it, and counts only if it is the hub's own: nobody is sent to a dashboard that somebody
/// else wrote into a link.
pub(super) async fn start(
    state: &Shared,
    origin: &PrinterOrigin,
    parts: &Parts,
) -> Result<Response<Body>, Notice> {
    if !is_navigation(parts) && !is_undescribed(&parts.headers) {
        let detail = "A printer is opened by going there, not from within another page.";
        return Err(Notice::refused("not-a-navigation", detail));
    }
    let connection = parts.extensions.get::<Connection>().ok_or_else(Notice::went_wrong)?;
    let query = parts.uri.query().unwrap_or_default();
    let next = parameter(query, "next").and_then(|next| LocalPath::parse(&next));
    let next = next.unwrap_or_else(LocalPath::root);
    let opens = Action::UsePrinter;
    if admit(state, origin, &parts.headers, connection.client, opens).await.is_ok() {
        return redirect(next.as_str()).ok_or_else(Notice::went_wrong);
    }
    let own = |name: &String| state.origins.is_own(name, connection.local);
    let origin = match parameter(query, "from").filter(own) {
        Some(from) => origin.clone().returning_to(&from),
        None => origin.clone(),
    };
    bounce(state, &origin, &parts.headers, Some(next)).ok_or_else(Notice::went_wrong)
}

fn to_dashboard(state: &State, origin: &PrinterOrigin, parts: &Parts) -> Option<Response<Body>> {
    let wanted = parts.uri.path_and_query().and_then(|path| LocalPath::parse(path.as_str()));
    bounce(state, origin, &parts.headers, wanted)
}

/// To the dashboard, with a pre-cookie in hand.
fn bounce(
    state: &State,
    origin: &PrinterOrigin,
    headers: &HeaderMap,
    wanted: Option<LocalPath>,
) -> Option<Response<Body>> {
    // A second tab must not make the first one's ticket worthless.
    let known = pre_cookie(headers, origin);
    let pre = known.unwrap_or_else(|| PreCookie::new(state.random.as_ref()));
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
