//! The one error at the HTTP edge. It has two faces: what the person or program outside may know
//! (a status, a stable code and a sentence, as `application/problem+json`, RFC 9457), and what
//! only the log may (the cause). A handler returns it with `?`; it is logged once, with the
//! request's id, when the answer is written.

use std::{fmt, sync::Arc, time::Duration};

use axum::{
    Json,
    extract::Request,
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::{
    HeaderValue, StatusCode,
    header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER},
};
use serde::Serialize;

/// Why a request was not done.
#[derive(Clone)]
pub(crate) struct ApiError(Arc<Faces>);

struct Faces {
    status: StatusCode,
    code: &'static str,
    detail: String,
    retry_after: Option<Duration>,
    cause: Option<String>,
}

/// What went wrong (RFC 9457).
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct Problem {
    /// Always `about:blank`; `code` tells problems apart.
    #[serde(rename = "type")]
    kind: &'static str,
    /// The status in words.
    title: &'static str,
    /// The status code.
    status: u16,
    /// A sentence for people.
    detail: String,
    /// A stable word for programs.
    code: &'static str,
    /// Under which the hub's log says more.
    request_id: String,
}

impl ApiError {
    /// An error whose two faces are the same.
    pub(crate) fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self::with(status, code, detail.into(), None, None)
    }

    /// Something broke here. Outside, nobody learns what.
    pub(crate) fn internal(cause: impl fmt::Display) -> Self {
        let detail =
            "Something went wrong inside the hub. Its log says more under this request id.";
        let status = StatusCode::INTERNAL_SERVER_ERROR;
        Self::with(status, "internal", detail.to_owned(), None, Some(cause.to_string()))
    }

    /// There is no such thing, or none for this person.
    pub(crate) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found", "There is nothing here.")
    }

    /// Nobody is signed in.
    pub(crate) fn signed_out() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "signed-out", "Sign in first.")
    }

    /// It may not be done.
    pub(crate) fn forbidden(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, code, detail)
    }

    /// It doesn't fit what is so now.
    pub(crate) fn conflict(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, code, detail)
    }

    /// What was sent can't be used.
    pub(crate) fn unprocessable(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, code, detail)
    }

    /// Too often.
    pub(crate) fn too_many(
        code: &'static str,
        detail: impl Into<String>,
        retry_after: Duration,
    ) -> Self {
        Self::with(StatusCode::TOO_MANY_REQUESTS, code, detail.into(), Some(retry_after), None)
    }

    /// Too busy just now.
    pub(crate) fn busy() -> Self {
        let detail = "The hub is busy. Try again in a moment.".to_owned();
        let wait = Some(Duration::from_secs(5));
        Self::with(StatusCode::SERVICE_UNAVAILABLE, "busy", detail, wait, None)
    }

    /// What somebody is told while the store is silent.
    pub(crate) const STORE_SILENT: &str = "The hub's database doesn't answer, so the hub can't tell who may do what, and has ended \
         what was open. Try again in a moment.";

    /// The store is silent, so nobody's rights are known.
    pub(crate) fn store_silent() -> Self {
        let wait = Some(Duration::from_secs(5));
        let detail = Self::STORE_SILENT.to_owned();
        Self::with(StatusCode::SERVICE_UNAVAILABLE, "store-silent", detail, wait, None)
    }

    fn with(
        status: StatusCode,
        code: &'static str,
        detail: String,
        retry_after: Option<Duration>,
        cause: Option<String>,
    ) -> Self {
        Self(Arc::new(Faces { status, code, detail, retry_after, cause }))
    }

    /// The answer, logged once. `request_id` is the one that the answer's header carries.
    pub(crate) fn respond(&self, request_id: Option<String>) -> Response {
        self.log(request_id.as_deref());
        let faces = &self.0;
        let body = Json(Problem {
            kind: "about:blank",
            title: faces.status.canonical_reason().unwrap_or("Error"),
            status: faces.status.as_u16(),
            detail: faces.detail.clone(),
            code: faces.code,
            request_id: request_id.unwrap_or_default(),
        });
        let mut response = (faces.status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(wait) = faces.retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from(wait.as_secs().max(1)));
        }
        response
    }

    fn log(&self, request_id: Option<&str>) {
        let Faces { status, code, cause, .. } = self.0.as_ref();
        if let Some(cause) = cause {
            tracing::error!(request_id, code, %cause, "a request failed");
        } else {
            tracing::debug!(request_id, code, %status, "a request was refused");
        }
    }
}

impl fmt::Debug for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiError").field("code", &self.0.code).finish_non_exhaustive()
    }
}

/// Carries the error to [`write_problems`], which knows the request's id.
impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = self.0.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<store::Error> for ApiError {
    fn from(error: store::Error) -> Self {
        Self::internal(with_causes(&error))
    }
}

impl From<crate::hashing::Busy> for ApiError {
    fn from(_: crate::hashing::Busy) -> Self {
        Self::busy()
    }
}

/// An error and everything that caused it, for the log.
fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(deeper) = cause {
        text.push_str(": ");
        text.push_str(&deeper.to_string());
        cause = deeper.source();
    }
    text
}

/// Writes the errors that handlers return.
pub(crate) async fn write_problems(request: Request, next: Next) -> Response {
    let id = request.extensions().get::<edge::RequestId>().map(ToString::to_string);
    let mut response = next.run(request).await;
    match response.extensions_mut().remove::<ApiError>() {
        Some(error) => error.respond(id),
        None => response,
    }
}
