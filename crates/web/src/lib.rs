//! The dashboard, embedded in the binary, and how it is served: hashed assets for ever, the page
//! itself never without asking, and every address of the single-page app answered with that page.
//! Its source is the `web` folder at the root of the repository; `build.rs` builds it.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use rust_embed::{EmbeddedFile, RustEmbed};

/// Whether the dashboard is in this binary. If not, a page that says what is missing is.
pub const BUILT: bool = cfg!(dashboard_built);

const PAGE: &str = "index.html";
/// Vite puts a hash of their content into the names of these.
const HASHED: &str = "assets/";

#[derive(RustEmbed)]
#[folder = "$OUT_DIR/dist"]
struct Files;

/// Answers a request for the dashboard. `GET` and `HEAD` only (405 otherwise); 404 for an asset
/// that does not exist; the page itself for every other path without an extension. The caller adds
/// the security headers.
pub fn answer<B>(request: &Request<B>) -> Response<Bytes> {
    if request.method() != Method::GET && request.method() != Method::HEAD {
        return not_allowed();
    }
    let path = request.uri().path().trim_start_matches('/');
    let Some((name, file)) = find(path) else {
        return text(StatusCode::NOT_FOUND, "There is no such file.\n", request.method());
    };
    let tag = entity_tag(&file);
    let mut response = if is_known(request.headers(), &tag) {
        status(StatusCode::NOT_MODIFIED)
    } else {
        content(file, request.method())
    };
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(caching(name)));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(header::ETAG, tag);
    }
    response
}

/// The embedded file for a path, with the name under which it was found.
fn find(path: &str) -> Option<(&str, EmbeddedFile)> {
    if let Some(file) = Files::get(path) {
        return Some((path, file));
    }
    let last = path.rsplit('/').next().unwrap_or_default();
    if last.contains('.') || path.starts_with(HASHED) {
        return None;
    }
    Some((PAGE, Files::get(PAGE)?))
}

fn caching(name: &str) -> &'static str {
    if name.starts_with(HASHED) { "public, max-age=31536000, immutable" } else { "no-cache" }
}

/// A strong tag: the first half of the content's SHA-256, quoted.
fn entity_tag(file: &EmbeddedFile) -> String {
    let hash = file.metadata.sha256_hash();
    let half = hash.first_chunk().copied().map_or(0, u128::from_be_bytes);
    format!("\"{half:032x}\"")
}

/// Whether the browser already holds this content (RFC 9110, section 13.1.2: compared weakly).
fn is_known(headers: &HeaderMap, tag: &str) -> bool {
    headers
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .any(|known| known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag)
}

fn content(file: EmbeddedFile, method: &Method) -> Response<Bytes> {
    let bytes = match file.data {
        std::borrow::Cow::Borrowed(bytes) => Bytes::from_static(bytes),
        std::borrow::Cow::Owned(bytes) => Bytes::from(bytes),
    };
    let mut response = body(StatusCode::OK, bytes, method);
    if let Ok(kind) = HeaderValue::from_str(&content_type(file.metadata.mimetype())) {
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
    }
    response
}

fn content_type(kind: &str) -> String {
    let is_text = kind.starts_with("text/") || kind == "image/svg+xml";
    if is_text { format!("{kind}; charset=utf-8") } else { kind.to_owned() }
}

fn not_allowed() -> Response<Bytes> {
    let mut response =
        text(StatusCode::METHOD_NOT_ALLOWED, "Only GET and HEAD work here.\n", &Method::GET);
    response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
    response
}

fn text(status: StatusCode, text: &'static str, method: &Method) -> Response<Bytes> {
    let mut response = body(status, Bytes::from_static(text.as_bytes()), method);
    let kind = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

/// An answer that tells the length also where `HEAD` leaves the content out.
fn body(code: StatusCode, bytes: Bytes, method: &Method) -> Response<Bytes> {
    let mut response = status(code);
    response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(bytes.len()));
    if method != Method::HEAD {
        *response.body_mut() = bytes;
    }
    response
}

fn status(status: StatusCode) -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = status;
    response
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ask(method: &str, path: &str) -> Response<Bytes> {
        answer(&Request::builder().method(method).uri(path).body(()).unwrap())
    }

    /// One embedded file that is not the page.
    fn some_asset() -> String {
        Files::iter().find(|name| name.ends_with(".css")).unwrap().into_owned()
    }

    #[test]
    fn every_address_of_the_app_is_answered_with_the_page() {
        for path in ["/", "/sign-in", "/printers/0198", "/setup?x=1"] {
            let page = ask("GET", path);
            assert_eq!(page.status(), 200, "{path}");
            assert_eq!(page.headers()["content-type"], "text/html; charset=utf-8");
            assert_eq!(page.headers()["cache-control"], "no-cache");
            assert!(page.body().starts_with(b"<!"), "{path}");
        }
    }

    #[test]
    fn a_missing_asset_is_missing() {
        for path in ["/assets/app-0000.js", "/assets/app", "/robots.txt", "/a/b.php", "/../x.rs"] {
            assert_eq!(ask("GET", path).status(), 404, "{path}");
        }
    }

    #[test]
    fn an_asset_has_its_type_and_a_tag_that_spares_the_next_download() {
        let path = format!("/{}", some_asset());
        let first = ask("GET", &path);
        assert_eq!(first.headers()["content-type"], "text/css; charset=utf-8");
        let tag = first.headers()["etag"].to_str().unwrap();
        for known in [tag.to_owned(), format!("\"other\", W/{tag}"), "*".to_owned()] {
            let request =
                Request::builder().uri(&path).header("if-none-match", known).body(()).unwrap();
            let second = answer(&request);
            assert_eq!(second.status(), 304);
            assert!(second.body().is_empty());
            assert_eq!(second.headers()["etag"], tag);
        }
    }

    #[test]
    fn only_hashed_names_are_kept_for_ever() {
        assert_eq!(caching("assets/index-B1x.js"), "public, max-age=31536000, immutable");
        assert_eq!(caching("favicon.svg"), "no-cache");
    }

    #[test]
    fn head_tells_the_length_and_sends_nothing() {
        let (head, get) = (ask("HEAD", "/"), ask("GET", "/"));
        assert!(head.body().is_empty());
        assert_eq!(head.headers()["content-length"], get.body().len().to_string());
    }

    #[test]
    fn nothing_can_be_sent_to_it() {
        let refused = ask("POST", "/");
        assert_eq!(refused.status(), 405);
        assert_eq!(refused.headers()["allow"], "GET, HEAD");
    }

    proptest! {
        #[test]
        fn any_path_is_answered(path in "/[!-~]{0,64}") {
            if let Ok(request) = Request::builder().uri(path).body(()) {
                let status = answer(&request).status();
                prop_assert!(status == 200 || status == 404);
            }
        }
    }
}
