//! The unencrypted port, which knows one answer: come back over HTTPS. It repeats a visitor's
//! `Host` only where that is one of our names or a plain address, so that nobody is sent elsewhere.

use std::net::{IpAddr, Ipv6Addr};

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, header, uri::Authority};
use http_body_util::Full;

use crate::certificate::Resolver;

/// 308 to the same host and path; 421 where the host is none of ours.
pub(super) fn to_https<B>(
    request: &Request<B>,
    resolver: &Resolver,
    port: u16,
) -> Response<Full<Bytes>> {
    match location(request, |name| resolver.knows(name), port) {
        Some(location) => {
            let mut response = plain(StatusCode::PERMANENT_REDIRECT, "Use HTTPS.\n");
            response.headers_mut().insert(header::LOCATION, location);
            response
        }
        None => plain(StatusCode::MISDIRECTED_REQUEST, "This hub has no such name.\n"),
    }
}

fn location<B>(
    request: &Request<B>,
    is_ours: impl Fn(&str) -> bool,
    port: u16,
) -> Option<HeaderValue> {
    let mut hosts = request.headers().get_all(header::HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else { return None };
    let host = host_of(host.to_str().ok()?)?;
    if host.parse::<IpAddr>().is_err() && !host.starts_with('[') && !is_ours(&host) {
        return None;
    }
    let port = if port == 443 { String::new() } else { format!(":{port}") };
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    let path = if path.starts_with('/') { path } else { "/" };
    HeaderValue::try_from(format!("https://{host}{port}{path}")).ok()
}

/// The host of `Host`, written anew: a name in lower case, an IPv4 address, or an IPv6 address in
/// brackets.
fn host_of(text: &str) -> Option<String> {
    let authority: Authority = text.parse().ok()?;
    let host = authority.host();
    // Nothing but a port may stand beside it.
    let rest = authority.as_str().strip_prefix(host)?;
    if !rest.is_empty() && authority.port().is_none_or(|port| rest != format!(":{port}")) {
        return None;
    }
    let Some(bracketed) = host.strip_prefix('[') else {
        return crate::names::is_dns_name(host).then(|| host.to_ascii_lowercase());
    };
    let address: Ipv6Addr = bracketed.strip_suffix(']')?.parse().ok()?;
    Some(format!("[{address}]"))
}

fn plain(status: StatusCode, text: &'static str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(text));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    // A permanent redirect would be remembered for ever, also after a change of port.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn redirect(host: &str, path: &str, port: u16) -> Option<String> {
        let request = Request::builder().uri(path).header("host", host).body(()).unwrap();
        let ours = |name: &str| ["localhost", "octopi.local"].contains(&name);
        location(&request, ours, port).map(|value| value.to_str().unwrap().to_owned())
    }

    // covers: SV-1
    #[test]
    fn the_redirect_keeps_host_and_path() {
        for (host, path, port, expected) in [
            ("localhost:3000", "/", 3443, "https://localhost:3443/"),
            ("OctoPi.local", "/a/b?c=d", 443, "https://octopi.local/a/b?c=d"),
            ("192.168.1.5:3000", "/x", 3443, "https://192.168.1.5:3443/x"),
            ("[fd00::1]:3000", "//evil.example/", 3443, "https://[fd00::1]:3443//evil.example/"),
            ("localhost", "http://evil.example/x", 3443, "https://localhost:3443/x"),
        ] {
            assert_eq!(redirect(host, path, port).as_deref(), Some(expected));
        }
    }

    // covers: SV-1
    #[test]
    fn redirect_reflects_no_hostile_host() {
        for host in [
            "evil.example",
            "evil.example:3000",
            "localhost@evil.example",
            "localhost:x@evil.example",
            "localhost.evil.example",
            "localhost/evil.example",
            "localhost#evil.example",
            "localhost\\evil.example",
            "[::1].evil.example",
            "[evil.example]",
            "localhost:99999",
            "",
            ":3000",
        ] {
            assert_eq!(redirect(host, "/", 3443), None, "{host}");
        }
        let none = Request::builder().uri("/").body(()).unwrap();
        assert_eq!(location(&none, |_| true, 1), None);
        let two = Request::builder().header("host", "localhost").header("host", "evil.example");
        assert_eq!(location(&two.body(()).unwrap(), |_| true, 1), None);
    }

    proptest! {
        #[test]
        fn no_host_leads_elsewhere(host in "[ -~]{0,40}") {
            if let Some(location) = redirect(&host, "/", 3443) {
                let address = location.strip_prefix("https://").and_then(|l| l.strip_suffix(":3443/"));
                let address = address.unwrap_or_else(|| panic!("{location}"));
                let bare = address.trim_start_matches('[').trim_end_matches(']');
                prop_assert!(["localhost", "octopi.local"].contains(&bare) || bare.parse::<IpAddr>().is_ok());
            }
        }
    }
}
