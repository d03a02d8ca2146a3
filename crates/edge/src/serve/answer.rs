//! One request on its way in and its answer on its way out: it gets a name, it is measured, and
//! the log learns of it.

use std::convert::Infallible;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header, uri::Scheme};
use http_body_util::{Either, Full};
use hyper::body::Incoming;
use tower::ServiceExt;
use tracing::Instrument;

use crate::{Connection, Limits, RequestId, request_id};

/// What separates name, value and lines.
const LINE: usize = ": \r\n".len();

/// Lets `web` answer, unless the request is none for us. Log entries meanwhile carry
/// the request's id, and never its query, which may hold secrets.
pub(super) fn answer<W, B>(
    web: W,
    mut request: Request<Incoming>,
    connection: Connection,
    id: RequestId,
    limits: &Limits,
) -> impl Future<Output = Result<Response<Either<B, Full<Bytes>>>, Infallible>> + Send + use<W, B>
where
    W: tower::Service<Request<Incoming>, Response = Response<B>, Error = Infallible>
        + Send
        + 'static,
    W::Future: Send + 'static,
    B: Send + 'static,
{
    let (method, path) = (request.method(), request.uri().path());
    let span = tracing::info_span!("request", %id, %method, path, client = %connection.client);
    request.extensions_mut().insert(connection);
    request.extensions_mut().insert(id);
    let refusal = refusal(&request, limits);
    let answered = async move {
        let mut response = match refusal {
            Some(refusal) => refusal.map(Either::Right),
            None => web.oneshot(request).await?.map(Either::Left),
        };
        tracing::debug!(status = response.status().as_u16(), "answered");
        if let Some(value) = id.header() {
            response.headers_mut().insert(request_id::HEADER, value);
        }
        Ok(response)
    };
    answered.instrument(span)
}

/// The answer to what no application has to see.
fn refusal<B>(request: &Request<B>, limits: &Limits) -> Option<Response<Full<Bytes>>> {
    if is_larger(request, limits) {
        let status = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
        return Some(refuse(status, "This request's header is too large.\n"));
    }
    // A program behind us that believed the visitor would take the connection for an open one.
    let is_elsewhere = request.uri().scheme().is_some_and(|scheme| *scheme != Scheme::HTTPS);
    let elsewhere = "This connection is for https:// addresses.\n";
    is_elsewhere.then(|| refuse(StatusCode::BAD_REQUEST, elsewhere))
}

/// Hyper's own limit for HTTP/1.1 is one of its buffer, and lets through what happens to fit.
fn is_larger<B>(request: &Request<B>, limits: &Limits) -> bool {
    let uri = request.uri();
    let target = uri.path_and_query().map_or(0, |path| path.as_str().len())
        + uri.authority().map_or(0, |authority| authority.as_str().len());
    let (cookies, others) = sizes(request.headers());
    exceeds(cookies, limits.cookie_bytes) || exceeds(target + others, limits.header_bytes)
}

fn exceeds(size: usize, limit: u32) -> bool {
    u32::try_from(size).map_or(true, |size| size > limit)
}

/// How many bytes the lines with cookies have, and all others.
fn sizes(headers: &HeaderMap) -> (usize, usize) {
    headers.iter().fold((0, 0), |(cookies, others), (name, value)| {
        let line = name.as_str().len() + value.len() + LINE;
        if *name == header::COOKIE { (cookies + line, others) } else { (cookies, others + line) }
    })
}

fn refuse(status: StatusCode, text: &'static str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(text));
    *response.status_mut() = status;
    let kind = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}
