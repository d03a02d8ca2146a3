//! Whether a request may be forwarded at all. Request smuggling lives from two programs that
//! read one message differently, so whatever could be read in two ways is refused here, before
//! a second program sees it.

use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Version,
    header::{CONTENT_LENGTH, COOKIE, EXPECT, HOST, TRANSFER_ENCODING, UPGRADE},
    request::Parts,
};

use crate::{BadRequest, websocket};

/// The most header fields in a request.
pub const MAX_COUNT: usize = 128;

/// The most bytes in a request's header: each field's name and value, and 32 bytes for each
/// field, as HTTP/2 counts (RFC 9113, 6.5.2).
pub const MAX_BYTES: usize = 32 * 1024;

/// The longest path and query, in bytes.
pub const MAX_TARGET: usize = 16 * 1024;

const MAX_METHOD: usize = 24;
const FIELD_OVERHEAD: usize = 32;

/// Refuses what two programs could read differently, and what no printer needs.
pub fn check(parts: &Parts) -> Result<(), BadRequest> {
    check_besides_cookies(parts)?;
    check_size(&parts.headers)
}

/// The same, without counting cookies. Pages of one site can fill the cookie jar of another, so
/// whoever knows which cookies are foreign drops these first and then asks [`check_size`].
pub fn check_besides_cookies(parts: &Parts) -> Result<(), BadRequest> {
    method(parts)?;
    target(parts)?;
    within_limits(parts.headers.iter().filter(|(name, _)| *name != COOKIE))?;
    host(parts)?;
    framing(parts)?;
    switching(parts)
}

fn method(parts: &Parts) -> Result<(), BadRequest> {
    let known_protocol = || websocket::protocol(&parts.extensions).is_some();
    match &parts.method {
        &Method::TRACE => Err(BadRequest::Method),
        &Method::CONNECT if !known_protocol() => Err(BadRequest::Method),
        method if method.as_str().len() > MAX_METHOD => Err(BadRequest::Method),
        _ => Ok(()),
    }
}

fn target(parts: &Parts) -> Result<(), BadRequest> {
    let target = parts.uri.path_and_query().ok_or(BadRequest::Target)?.as_str();
    let ordinary = target.starts_with('/') && target.len() <= MAX_TARGET;
    if ordinary { Ok(()) } else { Err(BadRequest::Target) }
}

/// Refuses more than [`MAX_COUNT`] fields or [`MAX_BYTES`] bytes, cookies included.
pub fn check_size(headers: &HeaderMap) -> Result<(), BadRequest> {
    within_limits(headers.iter())
}

fn within_limits<'a>(
    fields: impl Iterator<Item = (&'a HeaderName, &'a HeaderValue)>,
) -> Result<(), BadRequest> {
    let (mut count, mut bytes) = (0, 0);
    for (name, value) in fields {
        count += 1;
        bytes += name.as_str().len() + value.len() + FIELD_OVERHEAD;
    }
    if count > MAX_COUNT || bytes > MAX_BYTES { Err(BadRequest::TooLarge) } else { Ok(()) }
}

fn host(parts: &Parts) -> Result<(), BadRequest> {
    let mut fields = parts.headers.get_all(HOST).iter();
    let field = fields.next().map(|value| value.to_str().unwrap_or(""));
    let authority = parts.uri.authority().map(http::uri::Authority::as_str);
    if fields.next().is_some() {
        return Err(BadRequest::Host);
    }
    match (field, authority) {
        (Some(field), Some(authority)) if !field.eq_ignore_ascii_case(authority) => {
            Err(BadRequest::Host)
        }
        (Some(host), _) | (None, Some(host)) if is_host(host) => Ok(()),
        _ => Err(BadRequest::Host),
    }
}

/// `name`, `name:port`, `[address]` or `[address]:port`, in characters that need no decoding.
fn is_host(text: &str) -> bool {
    let (name, port) = match text.rsplit_once(':') {
        Some((name, port)) if !port.ends_with(']') => (name, Some(port)),
        _ => (text, None),
    };
    let port_is_number = port.is_none_or(|port| port.parse::<u16>().is_ok_and(|_| digits(port)));
    let name_is_plain = match name.strip_prefix('[').and_then(|name| name.strip_suffix(']')) {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte)),
    };
    text.len() <= 255 && !name.is_empty() && name_is_plain && port_is_number
}

fn digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn framing(parts: &Parts) -> Result<(), BadRequest> {
    let lengths: Vec<_> = parts.headers.get_all(CONTENT_LENGTH).iter().collect();
    let encodings: Vec<_> = parts.headers.get_all(TRANSFER_ENCODING).iter().collect();
    let length_ok = match lengths.as_slice() {
        [] => true,
        [one] => one.to_str().is_ok_and(|text| digits(text) && text.parse::<u64>().is_ok()),
        _ => false,
    };
    let encoding_ok = match encodings.as_slice() {
        [] => true,
        [one] => {
            lengths.is_empty()
                && parts.version == Version::HTTP_11
                && one.as_bytes().eq_ignore_ascii_case(b"chunked")
        }
        _ => false,
    };
    if length_ok && encoding_ok { Ok(()) } else { Err(BadRequest::Framing) }
}

fn switching(parts: &Parts) -> Result<(), BadRequest> {
    let only = |name, expected: &[u8]| {
        parts
            .headers
            .get_all(name)
            .iter()
            .all(|value| value.as_bytes().eq_ignore_ascii_case(expected))
    };
    let same = only(UPGRADE, b"websocket") && only(EXPECT, b"100-continue");
    let settings = parts.headers.contains_key("http2-settings");
    if same && !settings { Ok(()) } else { Err(BadRequest::Upgrade) }
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn parts(method: &str, uri: &str, lines: &[(&str, &str)]) -> Parts {
        let mut request = Request::builder().method(method).uri(uri);
        for (name, value) in lines {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap().into_parts().0
    }

    fn verdict(method: &str, uri: &str, lines: &[(&str, &str)]) -> Result<(), BadRequest> {
        check(&parts(method, uri, lines))
    }

    const HOST_LINE: (&str, &str) = ("host", "abc.localhost:3443");

    #[test]
    fn ordinary_requests_pass() {
        assert_eq!(verdict("GET", "/?a=b", &[HOST_LINE]), Ok(()));
        assert_eq!(verdict("GET", "https://abc.localhost:3443/", &[]), Ok(()));
        assert_eq!(verdict("POST", "/", &[HOST_LINE, ("content-length", "12")]), Ok(()));
        assert_eq!(verdict("POST", "/", &[HOST_LINE, ("transfer-encoding", "Chunked")]), Ok(()));
        assert_eq!(verdict("GET", "/", &[("host", "[::1]:80")]), Ok(()));
        assert_eq!(verdict("PROPFIND", "/", &[HOST_LINE, ("upgrade", "WebSocket")]), Ok(()));
    }

    // covers: RL-5
    #[test]
    fn smuggled_body_length_is_refused() {
        for lines in [
            &[("content-length", "1"), ("transfer-encoding", "chunked")][..],
            &[("content-length", "1"), ("content-length", "2")],
            &[("content-length", "1"), ("content-length", "1")],
            &[("content-length", "1, 1")],
            &[("content-length", "+1")],
            &[("content-length", "-1")],
            &[("content-length", "0x1")],
            &[("content-length", "")],
            &[("content-length", "99999999999999999999")],
            &[("transfer-encoding", "chunked, identity")],
            &[("transfer-encoding", "xchunked")],
            &[("transfer-encoding", "chunked"), ("transfer-encoding", "chunked")],
        ] {
            let lines = [&[HOST_LINE], lines].concat();
            assert_eq!(verdict("POST", "/", &lines), Err(BadRequest::Framing), "{lines:?}");
        }
    }

    // covers: RL-5
    #[test]
    fn ambiguous_host_is_refused() {
        for lines in [
            &[][..],
            &[("host", "")],
            &[("host", "a"), ("host", "b")],
            &[("host", "a"), ("host", "a")],
            &[("host", "a@b")],
            &[("host", "a/b")],
            &[("host", "a b")],
            &[("host", "a,b")],
            &[("host", "a:")],
            &[("host", "a:+80")],
            &[("host", "a:99999")],
            &[("host", "[::1")],
            &[("host", "[x]:80")],
        ] {
            assert_eq!(verdict("GET", "/", lines), Err(BadRequest::Host), "{lines:?}");
        }
        let two_names = verdict("GET", "https://other.example/", &[HOST_LINE]);
        assert_eq!(two_names, Err(BadRequest::Host));
    }

    // covers: RL-5
    #[test]
    fn h2c_upgrade_is_refused() {
        for line in [("upgrade", "h2c"), ("upgrade", "websocket, h2c"), ("http2-settings", "AAM")] {
            assert_eq!(verdict("GET", "/", &[HOST_LINE, line]), Err(BadRequest::Upgrade));
        }
        let expectation = verdict("PUT", "/", &[HOST_LINE, ("expect", "200-ok")]);
        assert_eq!(expectation, Err(BadRequest::Upgrade));
    }

    #[test]
    fn methods_and_targets_that_are_no_request_are_refused() {
        assert_eq!(verdict("TRACE", "/", &[HOST_LINE]), Err(BadRequest::Method));
        assert_eq!(verdict("CONNECT", "/", &[HOST_LINE]), Err(BadRequest::Method));
        assert_eq!(verdict(&"A".repeat(25), "/", &[HOST_LINE]), Err(BadRequest::Method));
        assert_eq!(verdict("OPTIONS", "*", &[HOST_LINE]), Err(BadRequest::Target));
        assert_eq!(verdict("GET", "abc:80", &[HOST_LINE]), Err(BadRequest::Target));
        let long = format!("/{}", "a".repeat(MAX_TARGET));
        assert_eq!(verdict("GET", &long, &[HOST_LINE]), Err(BadRequest::Target));
    }

    // covers: SV-3
    #[test]
    fn fields_and_target_at_the_limit_and_one_past_it() {
        let host = "host".len() + "abc.localhost:3443".len() + 32;
        let value = "v".repeat(32_768 - host - "a".len() - 32);
        assert_eq!(verdict("GET", "/", &[HOST_LINE, ("a", &value)]), Ok(()));
        assert_eq!(verdict("GET", "/", &[HOST_LINE, ("ab", &value)]), Err(BadRequest::TooLarge));
        // A cookie that is the printer's own counts like everything else.
        assert_eq!(
            verdict("GET", "/", &[HOST_LINE, ("cookie", &value)]),
            Err(BadRequest::TooLarge)
        );
        let fields = |count: usize| [&[HOST_LINE][..], &vec![("a", "v"); count - 1]].concat();
        assert_eq!(verdict("GET", "/", &fields(128)), Ok(()));
        assert_eq!(verdict("GET", "/", &fields(129)), Err(BadRequest::TooLarge));
        let target = format!("/{}", "a".repeat(16_383));
        assert_eq!(verdict("GET", &target, &[HOST_LINE]), Ok(()));
        assert_eq!(verdict("GET", &format!("{target}a"), &[HOST_LINE]), Err(BadRequest::Target));
    }

    // covers: RL-5
    #[test]
    fn cookies_are_counted_when_the_foreign_ones_are_gone() {
        let cookie = "c".repeat(MAX_BYTES);
        let many = [&[HOST_LINE][..], &vec![("cookie", cookie.as_str()); MAX_COUNT]].concat();
        assert_eq!(verdict("GET", "/", &many), Err(BadRequest::TooLarge));
        let parts = parts("GET", "/", &many);
        assert_eq!(check_besides_cookies(&parts), Ok(()));
        assert_eq!(check_size(&parts.headers), Err(BadRequest::TooLarge));
    }
}
