//! Headers of requests and answers.

use forward::{
    cookies::{self, SetCookie},
    headers,
    websocket::Handshake,
};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Uri};

/// One header field a line.
pub(super) fn fields(bytes: &[u8]) -> HeaderMap {
    let field = |line: &[u8]| {
        let colon = line.iter().position(|byte| *byte == b':')?;
        let name = HeaderName::from_bytes(line.get(..colon)?).ok()?;
        Some((name, HeaderValue::from_bytes(line.get(colon + 1..)?).ok()?))
    };
    bytes.split(|byte| *byte == b'\n').filter_map(field).collect()
}

/// Cookies that were taken out are out, however they were written.
pub(super) fn cookies(bytes: &[u8]) {
    let mut fields = fields(bytes);
    cookies::remove_cookies(&mut fields, |name| name.starts_with("__Host-"));
    assert!(!cookies::pairs(&fields).any(|(name, _)| name.starts_with(b"__Host-")));
    for field in fields.get_all("set-cookie") {
        let cookie = SetCookie::parse(field);
        let _ = cookie.map(|cookie| (cookie.path("/a/b"), cookie.removes()));
    }
    cookies::remove_set_cookies(&mut fields, |_| true);
    assert!(fields.get_all("set-cookie").iter().all(|field| SetCookie::parse(field).is_none()));
}

/// The target in the first line, and fields: what may be forwarded is clean after it was cleaned.
pub(super) fn request_headers(bytes: &[u8]) {
    let (target, rest) = bytes.split_at(bytes.iter().position(|b| *b == b'\n').unwrap_or(0));
    let Ok(target) = Uri::try_from(target) else { return };
    let mut request = Request::new(());
    (*request.uri_mut(), *request.headers_mut()) = (target, fields(rest));
    let _ = Handshake::of(&request);
    let (mut parts, ()) = request.into_parts();
    if headers::check(&parts).is_err() {
        return;
    }
    headers::strip_hop_by_hop(&mut parts.headers);
    headers::strip_forwarding(&mut parts.headers);
    for name in ["connection", "transfer-encoding", "upgrade", "te", "x-forwarded-for", "forwarded"]
    {
        assert!(!parts.headers.contains_key(name), "{name}");
    }
}

/// What a printer answers never changes what browsers do with other sites.
pub(super) fn answer_headers(bytes: &[u8]) {
    let mut fields = fields(bytes);
    headers::strip_hop_by_hop(&mut fields);
    headers::sanitise_printer_answer(&mut fields);
    for name in ["strict-transport-security", "clear-site-data", "alt-svc", "nel", "connection"] {
        assert!(!fields.contains_key(name), "{name}");
    }
}
