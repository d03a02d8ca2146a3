//! The files behind the pages, and the headers that each of them is sent with.

use axum::body::Body;
use http::{
    HeaderMap, HeaderValue, Response,
    header::{
        CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY,
        X_CONTENT_TYPE_OPTIONS,
    },
};

/// A file that is part of this program.
#[derive(Debug, Clone, Copy)]
pub(crate) struct File {
    media_type: &'static str,
    text: &'static str,
}

/// The style of every page.
pub(crate) const STYLE: File =
    File { media_type: "text/css; charset=utf-8", text: include_str!("page.css") };

/// The page on a printer's origin that redeems a ticket.
pub(crate) const ENTER: File =
    File { media_type: "text/html; charset=utf-8", text: include_str!("enter.html") };

/// Its script.
pub(crate) const ENTER_SCRIPT: File =
    File { media_type: "text/javascript; charset=utf-8", text: include_str!("enter.js") };

/// Nothing may be loaded but our own style and script, and nobody may frame the page.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

impl File {
    /// The file as an answer.
    pub(crate) fn answer(self) -> Response<Body> {
        let mut answer = Response::new(Body::from(self.text));
        answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(self.media_type));
        protect(answer.headers_mut());
        answer
    }
}

/// The headers of everything that the hub itself answers on a printer's origin.
pub(crate) fn protect(headers: &mut HeaderMap) {
    for (name, value) in [
        (CONTENT_SECURITY_POLICY, POLICY),
        (CACHE_CONTROL, "no-store"),
        (REFERRER_POLICY, "no-referrer"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (http::HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (http::HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // covers: RL-2
    #[test]
    fn pages_need_no_inline_script_or_style() {
        for text in [ENTER.text, include_str!("notice.html")] {
            assert!(!text.contains("style=") && !text.contains("<style"), "{text}");
            assert!(!text.contains("<script>") && !text.contains("javascript:"), "{text}");
        }
    }

    #[test]
    fn every_file_is_protected() {
        let answer = ENTER.answer();
        let policy = answer.headers()[CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"));
        assert_eq!(answer.headers()[REFERRER_POLICY], "no-referrer");
        assert_eq!(answer.headers()[CACHE_CONTROL], "no-store");
    }
}
