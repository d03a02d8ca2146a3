//! Keeping a page of one site from acting on another (RL-3, GT-5). Cookies alone prove nothing, nor
//! do passwords that a browser remembers: browsers send `SameSite=Lax` cookies between ports and
//! sibling names, and no printer's software protects itself. So a request is relayed only if the browser says that the printer's own page
//! made it, or that a person navigated there.

use http::{
    HeaderMap, Method,
    header::{ACCESS_CONTROL_REQUEST_METHOD, ORIGIN},
    request::Parts,
};

const SITE: &str = "sec-fetch-site";
const MODE: &str = "sec-fetch-mode";
const DESTINATION: &str = "sec-fetch-dest";

/// Why a request isn't relayed, whoever's it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Another site's page made it.
    #[error("This request was made by a page of another site.")]
    OtherOrigin,
    /// Another site's page asked whether it may (CORS).
    #[error("Pages of other sites may not use this printer.")]
    Preflight,
    /// A page wants to install a service worker, which would outlive the printer.
    #[error("Printers can't install service workers.")]
    ServiceWorker,
}

/// Judges a request to a printer's origin `own`.
pub fn judge(parts: &Parts, own: &str, websocket: bool) -> Result<(), Refusal> {
    let headers = &parts.headers;
    if headers.contains_key("service-worker") {
        return Err(Refusal::ServiceWorker);
    }
    if parts.method == Method::OPTIONS && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD) {
        return Err(Refusal::Preflight);
    }
    let allowed = if websocket { may_connect(headers, own) } else { may_request(parts, own) };
    if allowed { Ok(()) } else { Err(Refusal::OtherOrigin) }
}

/// Whether the browser says that a person navigated to this page, in a tab of its own.
pub fn is_navigation(parts: &Parts) -> bool {
    parts.method == Method::GET
        && only(&parts.headers, MODE) == Is::Value("navigate")
        && only(&parts.headers, DESTINATION) == Is::Value("document")
}

/// Whether `Origin` is there, once, and is `own`.
pub fn has_origin(headers: &HeaderMap, own: &str) -> bool {
    only(headers, ORIGIN.as_str()) == Is::Value(own)
}

/// Whether a request carries none of the headers by which browsers describe their requests.
pub fn is_undescribed(headers: &HeaderMap) -> bool {
    [SITE, MODE, DESTINATION].iter().all(|name| !headers.contains_key(*name))
}

fn may_connect(headers: &HeaderMap, own: &str) -> bool {
    let site = only(headers, SITE);
    has_origin(headers, own) && (site == Is::Absent || site == Is::Value("same-origin"))
}

fn may_request(parts: &Parts, own: &str) -> bool {
    match only(&parts.headers, SITE) {
        Is::Value("same-origin") => true,
        Is::Absent => may_request_undescribed(parts, own),
        Is::Value(_) => is_navigation(parts),
        Is::Unclear => false,
    }
}

/// A browser that doesn't describe its requests: `Origin` has to do.
fn may_request_undescribed(parts: &Parts, own: &str) -> bool {
    match only(&parts.headers, ORIGIN.as_str()) {
        Is::Absent => matches!(parts.method, Method::GET | Method::HEAD),
        Is::Value(origin) => origin == own,
        Is::Unclear => false,
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Is<'a> {
    Absent,
    Value(&'a str),
    /// Sent twice, or no text.
    Unclear,
}

fn only<'a>(headers: &'a HeaderMap, name: &str) -> Is<'a> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Is::Absent,
        (Some(value), None) => value.to_str().map_or(Is::Unclear, Is::Value),
        (Some(_), Some(_)) => Is::Unclear,
    }
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    const OWN: &str = "https://abcdefgh234567ij.localhost:3443";
    const SIBLING: &str = "https://zyxwvuts234567ij.localhost:3443";

    fn parts(method: &str, headers: &[(&str, &str)]) -> Parts {
        let mut request = Request::builder().method(method).uri("/");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap().into_parts().0
    }

    fn allowed(method: &str, headers: &[(&str, &str)]) -> bool {
        judge(&parts(method, headers), OWN, false).is_ok()
    }

    // covers: RL-3
    #[test]
    fn the_printers_own_page_may_do_everything() {
        for method in ["GET", "POST", "DELETE", "OPTIONS"] {
            assert!(allowed(method, &[(SITE, "same-origin")]), "{method}");
        }
    }

    // covers: RL-3
    #[test]
    fn sibling_printer_page_posts_to_moonraker() {
        for site in ["same-site", "cross-site", "none", ""] {
            assert!(!allowed("POST", &[(SITE, site), (ORIGIN.as_str(), SIBLING)]), "{site}");
            assert!(!allowed("GET", &[(SITE, site), (MODE, "no-cors"), (DESTINATION, "image")]));
        }
    }

    // covers: RL-3
    #[test]
    fn form_of_another_site_navigates_with_post() {
        let navigation = [(SITE, "cross-site"), (MODE, "navigate"), (DESTINATION, "document")];
        assert!(!allowed("POST", &navigation));
        assert!(allowed("GET", &navigation));
    }

    // covers: RL-3
    #[test]
    fn page_of_another_site_frames_the_printer() {
        assert!(!allowed(
            "GET",
            &[(SITE, "cross-site"), (MODE, "navigate"), (DESTINATION, "iframe")]
        ));
    }

    // covers: RL-3
    #[test]
    fn without_the_header_the_origin_decides() {
        assert!(allowed("POST", &[(ORIGIN.as_str(), OWN)]));
        assert!(allowed("GET", &[]));
        assert!(!allowed("POST", &[]));
        assert!(!allowed("OPTIONS", &[]));
        assert!(!allowed("POST", &[(ORIGIN.as_str(), "null")]));
        assert!(!allowed("GET", &[(ORIGIN.as_str(), SIBLING)]));
    }

    // covers: RL-3
    #[test]
    fn headers_sent_twice_prove_nothing() {
        assert!(!allowed("POST", &[(SITE, "same-origin"), (SITE, "same-origin")]));
        assert!(!allowed("POST", &[(ORIGIN.as_str(), OWN), (ORIGIN.as_str(), SIBLING)]));
    }

    // covers: RL-3, SV-3
    #[test]
    fn sibling_page_opens_websocket() {
        let connects = |headers: &[(&str, &str)]| judge(&parts("GET", headers), OWN, true).is_ok();
        assert!(connects(&[(ORIGIN.as_str(), OWN)]));
        assert!(connects(&[(ORIGIN.as_str(), OWN), (SITE, "same-origin")]));
        assert!(!connects(&[(ORIGIN.as_str(), SIBLING)]));
        assert!(!connects(&[(SITE, "same-origin")]));
        assert!(!connects(&[]));
        assert!(!connects(&[(ORIGIN.as_str(), OWN), (SITE, "same-site")]));
        let navigation = [(MODE, "navigate"), (DESTINATION, "document"), (SITE, "none")];
        assert!(!connects(&navigation));
    }

    // covers: RL-3
    #[test]
    fn preflights_and_service_workers_are_refused() {
        let preflight = parts("OPTIONS", &[("access-control-request-method", "PUT")]);
        assert_eq!(judge(&preflight, OWN, false), Err(Refusal::Preflight));
        let worker = parts("GET", &[("service-worker", "script"), (SITE, "same-origin")]);
        assert_eq!(judge(&worker, OWN, false), Err(Refusal::ServiceWorker));
    }
}
