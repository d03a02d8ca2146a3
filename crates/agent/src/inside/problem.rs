//! What the agent says when there is no answer from a printer. The hub turns the code into a
//! page for people, and tells it from a printer's own answer by [`ERROR_HEADER`].

use forward::{BadRequest, Body, Error};
use http::{HeaderValue, Response, StatusCode, header::CONTENT_TYPE};
use printer::Level;

use super::{fresh::Stale, pin::Shut};

/// The header that carries a problem's code; no printer's answer ever has it.
pub const ERROR_HEADER: &str = "layerlock-agent-error";

/// Why a request has no answer from a printer.
#[derive(Debug, thiserror::Error)]
pub(super) enum Problem {
    #[error("there is nothing here")]
    NoSuchRoute,
    #[error("the message can't be read")]
    Unreadable,
    #[error("no second connection could be opened")]
    NoBulk,
    #[error(transparent)]
    RelayHeader(#[from] wire::InvalidRelayed),
    #[error("this agent has no such printer")]
    UnknownPrinter,
    #[error(transparent)]
    Shut(#[from] Shut),
    #[error("this needs the level {0}")]
    NotAllowed(Level),
    #[error(transparent)]
    Stale(#[from] Stale),
    #[error("too many WebSockets to this printer are open")]
    TooManySockets,
    #[error(transparent)]
    BadRequest(#[from] BadRequest),
    #[error("the printer can't be reached")]
    Offline,
    #[error(transparent)]
    Failed(Error),
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::Unreachable(_) => Self::Offline,
            Error::BadRequest(error) => Self::BadRequest(error),
            error => Self::Failed(error),
        }
    }
}

impl Problem {
    const fn code(&self) -> (StatusCode, &'static str) {
        match self {
            Self::NoSuchRoute => (StatusCode::NOT_FOUND, "no-such-route"),
            Self::NoBulk => (StatusCode::SERVICE_UNAVAILABLE, "no-bulk"),
            Self::Unreadable => (StatusCode::BAD_REQUEST, "unreadable"),
            Self::RelayHeader(_) => (StatusCode::BAD_REQUEST, "relay-header"),
            Self::UnknownPrinter => (StatusCode::NOT_FOUND, "unknown-printer"),
            Self::Shut(Shut::Open) => (StatusCode::FORBIDDEN, "printer-open"),
            Self::Shut(Shut::Unknown) => (StatusCode::FORBIDDEN, "printer-unchecked"),
            Self::Shut(Shut::PinNeeded) => (StatusCode::FORBIDDEN, "pin-needed"),
            Self::NotAllowed(_) => (StatusCode::FORBIDDEN, "not-allowed"),
            Self::Stale(Stale::NoStamp) => (StatusCode::BAD_REQUEST, "no-stamp"),
            Self::Stale(Stale::TooOld | Stale::Unjudged) => (StatusCode::CONFLICT, "too-old"),
            Self::Stale(Stale::Replayed) => (StatusCode::CONFLICT, "replayed"),
            Self::Stale(Stale::Full) | Self::TooManySockets => {
                (StatusCode::SERVICE_UNAVAILABLE, "agent-busy")
            }
            Self::BadRequest(_) => (StatusCode::BAD_REQUEST, "bad-request"),
            Self::Offline => (StatusCode::BAD_GATEWAY, "printer-offline"),
            Self::Failed(Error::TimedOut) => (StatusCode::GATEWAY_TIMEOUT, "printer-timeout"),
            Self::Failed(_) => (StatusCode::BAD_GATEWAY, "printer-failed"),
        }
    }

    pub(super) fn into_response(self) -> Response<Body> {
        let (status, code) = self.code();
        let body = serde_json::json!({
            "type": "about:blank",
            "title": status.canonical_reason(),
            "status": status.as_u16(),
            "detail": self.to_string(),
            "code": code,
        });
        let mut response = Response::new(forward::full(body.to_string()));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(ERROR_HEADER, HeaderValue::from_static(code));
        if let Self::NotAllowed(level) = self {
            headers.insert(wire::NEEDED_HEADER, HeaderValue::from_static(level.as_str()));
        }
        response
    }
}
