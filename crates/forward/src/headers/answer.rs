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
const FAR_REACHING: [HeaderName; 15] = [
    ALT_SVC,
    HeaderName::from_static("accept-ch"),
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
    HeaderName::from_static("service-worker-allowed"),
    HeaderName::from_static("speculation-rules"),
    STRICT_TRANSPORT_SECURITY,
];

const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// Removes what reaches beyond the printer's own origin, and closes the answer to other origins
/// and to shared caches.
pub fn sanitise_printer_answer(headers: &mut HeaderMap) {
    for name in &FAR_REACHING {
        headers.remove(name);
    }
    let cors: Vec<_> = headers
        .keys()
        .filter(|name| name.as_str().starts_with("access-control-"))
        .cloned()
        .collect();
    for name in cors {
        headers.remove(name);
    }
    headers.insert(RESOURCE_POLICY, HeaderValue::from_static("same-origin"));
    keep_private(headers);
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
            "NEL",
            "Report-To",
            "Reporting-Endpoints",
            "Link",
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
    fn a_shared_cache_keeps_nothing() {
        for (given, expected) in [
            (None, "private"),
            (Some("public, max-age=60, s-maxage=90"), "private, max-age=60"),
            (Some("no-store"), "no-store"),
            (Some("Private, max-age=1"), "private, max-age=1"),
            (Some("no-cache"), "private, no-cache"),
        ] {
            assert_eq!(cache_control(given), expected, "{given:?}");
        }
    }
}
