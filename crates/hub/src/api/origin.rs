//! Whose page sent a request (SV-3). A browser attaches the session cookie to what other sites
//! ask for as well, so what changes something must come from the hub's own pages, and other
//! sites' pages may not even read.

use edge::Asked;
use http::{HeaderMap, HeaderName, Method, header::ORIGIN, request::Parts};

use crate::{problem::ApiError, session};

static SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Refuses what another site's page sent.
pub(super) fn check(parts: &Parts, asked: &Asked) -> Result<(), ApiError> {
    let ours = if parts.method == Method::GET || parts.method == Method::HEAD {
        !parts.uri.path().starts_with("/api/") || may_read(&parts.headers)
    } else {
        may_change(&parts.headers, asked)
    };
    if ours { Ok(()) } else { Err(refused()) }
}

/// `none` is a person who typed the address. Programs that are no browsers send nothing.
fn may_read(headers: &HeaderMap) -> bool {
    headers.get_all(&SEC_FETCH_SITE).iter().all(|site| site == "same-origin" || site == "none")
}

/// Browsers name the origin of whatever isn't a plain read. A request without one is no browser's
/// and may carry no cookie.
fn may_change(headers: &HeaderMap, asked: &Asked) -> bool {
    let mut origins = headers.get_all(ORIGIN).iter();
    match (origins.next(), origins.next()) {
        (Some(origin), None) => origin.as_bytes() == asked.origin().as_bytes(),
        (None, _) => session::cookie_lines(headers) == 0,
        (Some(_), Some(_)) => false,
    }
}

fn refused() -> ApiError {
    let detail = "This request came from another site's page, or doesn't say where it came from.";
    ApiError::forbidden("cross-site", detail)
}
