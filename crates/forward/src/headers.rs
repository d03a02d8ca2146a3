//! Header hygiene. What one hop says to the next must not travel on, what a stranger claims
//! about himself must not be believed, and what a printer says to a browser must not reach
//! beyond that printer's own pages.

mod answer;
mod check;

use http::{
    HeaderMap, HeaderName,
    header::{
        AUTHORIZATION, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, COOKIE, EXPECT, HOST, ORIGIN,
        PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, SET_COOKIE, TE, TRAILER, TRANSFER_ENCODING,
        UPGRADE, VIA,
    },
};

pub use answer::sanitise_printer_answer;
pub use check::{MAX_BYTES, MAX_COUNT, MAX_TARGET, check, check_besides_cookies, check_size};

/// Fields that concern one connection only (RFC 9110, 7.6.1), and `Expect`, which each hop
/// answers by itself.
const HOP_BY_HOP: [HeaderName; 11] = [
    CONNECTION,
    EXPECT,
    HeaderName::from_static("http2-settings"),
    HeaderName::from_static("keep-alive"),
    PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION,
    HeaderName::from_static("proxy-connection"),
    TE,
    TRAILER,
    TRANSFER_ENCODING,
    UPGRADE,
];

/// Fields that a `Connection` field can't talk anyone into removing.
const END_TO_END: [HeaderName; 7] =
    [AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, COOKIE, HOST, ORIGIN, SET_COOKIE];

/// Fields in which proxies tell servers who is asking and by which way. Servers believe them
/// from anybody.
const FORWARDING: [&str; 28] = [
    "client-ip",
    "fastly-client-ip",
    "fly-client-ip",
    "forwarded",
    "forwarded-for",
    "front-end-https",
    "remote-addr",
    "true-client-ip",
    "x-appengine-user-ip",
    "x-azure-clientip",
    "x-cluster-client-ip",
    "x-envoy-external-address",
    "x-external-path",
    "x-forwarded",
    "x-host",
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
    "x-protoscheme",
    "x-real-ip",
    "x-rewrite-url",
    "x-scheme",
    "x-script-name",
    "x-url-scheme",
    "x-user",
    "x-user-email",
    "x-user-id",
    "x-username",
];

/// The same, by how they begin: `X-Forwarded-For`, `Remote-User`, `Tailscale-User-Login`, ….
const FORWARDING_PREFIXES: [&str; 19] = [
    "cf-",
    "remote-",
    "ssl-",
    "tailscale-",
    "x-amzn-",
    "x-auth-",
    "x-authenticated-",
    "x-authentik-",
    "x-client-",
    "x-forwarded-",
    "x-goog-",
    "x-ms-client-",
    "x-original-",
    "x-pomerium-",
    "x-remote-",
    "x-ssl-",
    "x-token-user-",
    "x-vouch-",
    "x-webauth-",
];

/// Removes what concerns one connection only, and what `Connection` names, except the fields
/// that every hop needs.
pub fn strip_hop_by_hop(headers: &mut HeaderMap) {
    for name in named_by_connection(headers) {
        headers.remove(name);
    }
    for name in &HOP_BY_HOP {
        headers.remove(name);
    }
}

fn named_by_connection(headers: &HeaderMap) -> Vec<HeaderName> {
    headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| HeaderName::from_bytes(name.trim().as_bytes()).ok())
        .filter(|name| !END_TO_END.contains(name))
        .collect()
}

/// Removes every field that tells a server who is asking or by which way, and every field with
/// an underscore in its name: to a CGI-like server `X_Forwarded_For` and `X-Forwarded-For` are
/// the same.
pub fn strip_forwarding(headers: &mut HeaderMap) {
    let forbidden: Vec<_> = headers.keys().filter(|name| is_forwarding(name)).cloned().collect();
    for name in forbidden {
        headers.remove(name);
    }
}

fn is_forwarding(name: &HeaderName) -> bool {
    name.as_str().contains('_') || is_of_a_proxy(name.as_str())
}

fn is_of_a_proxy(name: &str) -> bool {
    name == VIA.as_str()
        || FORWARDING.contains(&name)
        || FORWARDING_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

/// Whether a request says that it was sent on for somebody: it has one of the fields that proxies
/// write, under whichever of its names. Nobody who asks for themselves sends any.
pub fn tell_of_a_proxy(headers: &HeaderMap) -> bool {
    headers.keys().any(|name| is_of_a_proxy(&name.as_str().replace('_', "-")))
}

/// The comma-separated words of all fields of one name, lower-cased.
pub(crate) fn words(headers: &HeaderMap, name: &HeaderName) -> Vec<String> {
    headers
        .get_all(name)
        .iter()
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b','))
        .map(|word| String::from_utf8_lossy(word.trim_ascii()).to_ascii_lowercase())
        .filter(|word| !word.is_empty())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[(&str, &str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in lines {
            map.append(HeaderName::from_bytes(name.as_bytes()).unwrap(), value.parse().unwrap());
        }
        map
    }

    #[test]
    fn what_concerns_one_connection_stays_there() {
        let mut map = headers(&[
            ("connection", "keep-alive, X-Mine"),
            ("connection", "upgrade"),
            ("x-mine", "1"),
            ("keep-alive", "timeout=5"),
            ("te", "trailers"),
            ("transfer-encoding", "chunked"),
            ("upgrade", "websocket"),
            ("proxy-authorization", "Basic eA=="),
            ("expect", "100-continue"),
            ("accept", "*/*"),
        ]);
        strip_hop_by_hop(&mut map);
        assert_eq!(map, headers(&[("accept", "*/*")]));
    }

    // covers: RL-5
    #[test]
    fn connection_header_removes_the_authorization() {
        let lines = [("authorization", "Bearer x"), ("cookie", "a=b"), ("content-length", "3")];
        let mut map = headers(&lines);
        map.insert(CONNECTION, "authorization, cookie, content-length".parse().unwrap());
        strip_hop_by_hop(&mut map);
        assert_eq!(map, headers(&lines));
    }

    // covers: RL-5
    #[test]
    fn visitor_claims_to_be_somebody_else() {
        for name in [
            "Forwarded",
            "X-Forwarded-For",
            "X-Forwarded-Host",
            "X-Forwarded-Proto",
            "X-Forwarded-Server",
            "X-Forwarded-Prefix",
            "X-Forwarded-User",
            "X-Forwarded",
            "X-Real-IP",
            "X-Client-IP",
            "True-Client-IP",
            "CF-Connecting-IP",
            "X-Scheme",
            "X-Script-Name",
            "X-Original-URL",
            "X-Rewrite-URL",
            "Via",
            "Remote-User",
            "REMOTE_USER",
            "X-Remote-User",
            "X-WebAuth-User",
            "Tailscale-User-Login",
            "CF-Access-Authenticated-User-Email",
            "X-Goog-Authenticated-User-Email",
            "X-MS-Client-Principal-Name",
            "X-Amzn-Oidc-Identity",
            "X-Pomerium-Jwt-Assertion",
            "X-Vouch-User",
            "X-Auth-User",
            "X-User",
            "SSL-Client-Cert",
            "X-Client-Cert",
            "X-HTTP-Method",
            "X-Method-Override",
            "X_Forwarded_For",
            "x_script_name",
        ] {
            let mut map = headers(&[(name, "127.0.0.1"), ("x-api-key", "k")]);
            assert!(tell_of_a_proxy(&map), "{name}");
            strip_forwarding(&mut map);
            assert_eq!(map, headers(&[("x-api-key", "k")]), "{name}");
        }
    }

    #[test]
    fn what_a_printer_needs_passes() {
        let lines = [
            ("x-api-key", "k"),
            ("x-csrf-token", "t"),
            ("authorization", "Bearer x"),
            ("x-requested-with", "XMLHttpRequest"),
            ("referer", "https://a.localhost/"),
        ];
        let mut map = headers(&lines);
        assert!(!tell_of_a_proxy(&map));
        strip_forwarding(&mut map);
        strip_hop_by_hop(&mut map);
        assert_eq!(map, headers(&lines));
    }
}
