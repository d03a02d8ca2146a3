//! The page on which a visitor types the PIN. Its style is the hub's, which every page on that
//! origin may use; there is no script.

use std::time::Duration;

use forward::Body;
use http::{
    HeaderMap, HeaderValue, Response, StatusCode,
    header::{
        CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION, REFERRER_POLICY,
        RETRY_AFTER, X_CONTENT_TYPE_OPTIONS,
    },
};

use super::status;

/// Nothing may be loaded but the hub's style, the form leads here only, and nobody may frame it.
const POLICY: &str = "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; \
                      frame-ancestors 'none'";

/// The page for one printer.
pub(super) struct Page<'a> {
    name: &'a str,
    next: &'a str,
}

impl<'a> Page<'a> {
    pub(super) const fn new(name: &'a str, next: &'a str) -> Self {
        Self { name, next }
    }

    /// Asks for the PIN.
    pub(super) fn ask(&self) -> Response<Body> {
        self.show(StatusCode::OK, "")
    }

    /// Asks again.
    pub(super) fn wrong(&self) -> Response<Body> {
        self.show(StatusCode::FORBIDDEN, "That is not the PIN. Please try again.")
    }

    /// Says how long no PIN is looked at.
    pub(super) fn too_many(&self, wait: Duration) -> Response<Body> {
        let minutes = wait.as_secs().div_ceil(60);
        let plural = if minutes == 1 { "" } else { "s" };
        let message =
            format!("There were too many wrong PINs. Please wait {minutes} minute{plural}.");
        let mut answer = self.show(StatusCode::TOO_MANY_REQUESTS, &message);
        answer.headers_mut().insert(RETRY_AFTER, wait.as_secs().max(1).into());
        answer
    }

    fn show(&self, code: StatusCode, message: &str) -> Response<Body> {
        let message = match message {
            "" => String::new(),
            text => format!("<p class=\"wrong\" role=\"alert\">{}</p>", escape(text)),
        };
        let html = include_str!("page.html")
            .replace("{{message}}", &message)
            .replace("{{next}}", &escape(self.next))
            .replace("{{name}}", &escape(self.name));
        let mut answer = Response::new(forward::full(html));
        *answer.status_mut() = code;
        protect(answer.headers_mut());
        let html = HeaderValue::from_static("text/html; charset=utf-8");
        answer.headers_mut().insert(CONTENT_TYPE, html);
        answer
    }
}

/// On to where the visitor wanted to go: a path on this origin.
pub(super) fn onward(next: &str) -> Response<Body> {
    let mut answer = status(StatusCode::SEE_OTHER);
    protect(answer.headers_mut());
    let next = HeaderValue::from_str(next).unwrap_or(HeaderValue::from_static("/"));
    answer.headers_mut().insert(LOCATION, next);
    answer
}

/// The page's address is the form's `Origin` only if the browser may tell it.
fn protect(headers: &mut HeaderMap) {
    for (name, value) in [
        (CONTENT_SECURITY_POLICY, POLICY),
        (CACHE_CONTROL, "no-store"),
        (REFERRER_POLICY, "same-origin"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;

    use super::*;

    async fn html(page: &Page<'_>) -> String {
        let body = page.wrong().into_body().collect().await.unwrap().to_bytes();
        String::from_utf8(body.to_vec()).unwrap()
    }

    // covers: RL-9
    #[tokio::test]
    async fn printer_name_or_path_with_markup() {
        let html =
            html(&Page::new("<script>x</script>{{next}}", "/\"><script>y</script>{{name}}")).await;
        assert!(!html.contains("<script") && html.contains("&lt;script&gt;"), "{html}");
        assert!(!html.contains("style="), "{html}");
    }

    // covers: RL-9
    #[test]
    fn the_page_runs_nothing_and_is_kept_nowhere() {
        let answer = Page::new("Voron", "/").too_many(Duration::from_secs(61));
        let policy = answer.headers()[CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("script"), "{policy}");
        assert_eq!(answer.headers()[CACHE_CONTROL], "no-store");
        assert_eq!(answer.headers()[RETRY_AFTER], "61");
    }
}
