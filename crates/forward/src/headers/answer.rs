//! What a printer may say to a browser (RL-5, "Out"): nothing that binds more than its own
//! pages, and nothing that lets another origin read them or a shared cache keep them.

use http::{
    HeaderMap, HeaderName, HeaderValue,
    header::{
        ALT_SVC, CACHE_CONTROL, LINK, PUBLIC_KEY_PINS, PUBLIC_KEY_PINS_REPORT_ONLY,
        STRICT_TRANSPORT_SECURITY,
    },
};

use super::words;

/// Fields whose effect goes beyond the page that carries them.
const FAR_REACHING: [HeaderName; 20] = [
    ALT_SVC,
    HeaderName::from_static("accept-ch"),
    HeaderName::from_static("activate-storage-access"),
    HeaderName::from_static("clear-site-data"),
    HeaderName::from_static("critical-ch"),
    HeaderName::from_static("expect-ct"),
    LINK,
    HeaderName::from_static("nel"),
    HeaderName::from_static("origin-agent-cluster"),
    PUBLIC_KEY_PINS,
    PUBLIC_KEY_PINS_REPORT_ONLY,
    HeaderName::from_static("report-to"),
    HeaderName::from_static("reporting-endpoints"),
    HeaderName::from_static("sec-session-registration"),
    HeaderName::from_static("secure-session-registration"),
    HeaderName::from_static("service-worker-allowed"),
    HeaderName::from_static("set-login"),
    HeaderName::from_static("speculation-rules"),
    STRICT_TRANSPORT_SECURITY,
    HeaderName::from_static("use-as-dictionary"),
];

/// The same, by how they begin.
const FAR_REACHING_PREFIXES: [&str; 2] = ["access-control-", "attribution-reporting-"];

/// What a cache or a web server in front of us would obey, whatever `Cache-Control` says: some
/// keep the answer, others replace it by a file of their own machine.
const FOR_PROXIES: [&str; 10] = [
    "akamai-cache-control",
    "cache-tag",
    "cdn-cache-control",
    "cloudflare-cdn-cache-control",
    "edge-control",
    "netlify-cdn-cache-control",
    "surrogate-control",
    "surrogate-key",
    "vercel-cdn-cache-control",
    "x-reproxy-url",
];

/// The same, by how they begin.
const FOR_PROXIES_PREFIXES: [&str; 4] = ["x-accel-", "x-lighttpd-", "x-litespeed-", "x-sendfile"];

const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// Removes what reaches beyond the printer's own origin, and closes the answer to other origins
/// and to shared caches.
pub fn sanitise_printer_answer(headers: &mut HeaderMap) {
    let unwelcome: Vec<_> = headers.keys().filter(|name| is_unwelcome(name)).cloned().collect();
    for name in unwelcome {
        headers.remove(name);
    }
    headers.insert(RESOURCE_POLICY, HeaderValue::from_static("same-origin"));
    keep_private(headers);
}

fn is_unwelcome(name: &HeaderName) -> bool {
    let text = name.as_str();
    let begins = |prefix: &&str| text.starts_with(*prefix);
    FAR_REACHING.contains(name)
        || FOR_PROXIES.contains(&text)
        || FAR_REACHING_PREFIXES.iter().chain(&FOR_PROXIES_PREFIXES).any(begins)
}

fn keep_private(headers: &mut HeaderMap) {
    let mut directives = words(headers, &CACHE_CONTROL);
    directives.retain(|word| word != "public" && !word.starts_with("s-maxage"));
    if !directives.iter().any(|word| word == "private" || word == "no-store") {
        directives.insert(0, "private".to_owned());
    }
    let value = HeaderValue::from_str(&directives.join(", "));
    headers.insert(CACHE_CONTROL, value.unwrap_or(HeaderValue::from_static("private, no-store")));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cache_control(given: Option<&'static str>) -> String {
        let mut headers = HeaderMap::new();
        if let Some(given) = given {
            headers.insert(CACHE_CONTROL, HeaderValue::from_static(given));
        }
        sanitise_printer_answer(&mut headers);
        headers[CACHE_CONTROL].to_str().unwrap().to_owned()
    }

    // covers: RL-5
    #[test]
    fn printer_reaches_beyond_its_own_pages() {
        for name in [
            "Clear-Site-Data",
            "Strict-Transport-Security",
            "Alt-Svc",
            "Access-Control-Allow-Origin",
            "Access-Control-Allow-Credentials",
            "Service-Worker-Allowed",
            "Access-Control-Expose-Headers",
            "NEL",
            "Report-To",
            "Reporting-Endpoints",
            "Link",
            "Set-Login",
            "Secure-Session-Registration",
            "Attribution-Reporting-Register-Source",
        ] {
            let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
            let mut headers = HeaderMap::from_iter([(name.clone(), HeaderValue::from_static("*"))]);
            sanitise_printer_answer(&mut headers);
            assert!(!headers.contains_key(&name), "{name}");
            assert_eq!(headers[RESOURCE_POLICY], "same-origin");
        }
    }

    // covers: RL-5
    #[test]
    fn printer_speaks_to_the_proxy_in_front_of_the_hub() {
        for name in ["X-Accel-Redirect", "X-Accel-Expires", "X-Sendfile", "X-LIGHTTPD-send-file"] {
            let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
            let file = HeaderValue::from_static("/etc/passwd");
            let mut headers = HeaderMap::from_iter([(name.clone(), file)]);
            sanitise_printer_answer(&mut headers);
            assert!(!headers.contains_key(&name), "{name}");
        }
    }

    // covers: RL-5
    #[test]
    fn cdn_caches_relayed_page() {
        for name in ["CDN-Cache-Control", "Surrogate-Control", "Cloudflare-CDN-Cache-Control"] {
            let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
            let keep = HeaderValue::from_static("public, max-age=3600");
            let mut headers = HeaderMap::from_iter([(name.clone(), keep)]);
            sanitise_printer_answer(&mut headers);
            assert!(!headers.contains_key(&name), "{name}");
            assert_eq!(headers[CACHE_CONTROL], "private");
        }
        for (given, expected) in [
            (None, "private"),
            (Some("public, max-age=60, s-maxage=90"), "private, max-age=60"),
            (Some("no-store"), "no-store"),
            (Some("Private, max-age=1"), "private, max-age=1"),
            (Some("no-cache"), "private, no-cache"),
            (Some("private=\"x-a\", max-age=9"), "private, private=\"x-a\", max-age=9"),
        ] {
            assert_eq!(cache_control(given), expected, "{given:?}");
        }
    }
}
