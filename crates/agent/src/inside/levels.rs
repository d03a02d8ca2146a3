//! What the visitor's level lets through (PM-3). From `controls` up a request passes as it came.
//! Below, only what is listed in [`guard`] passes, and of that only what was judged.

mod upload;

use std::time::Duration;

use forward::{Body, Origin, empty, full};
use guard::{Head, MAX_JSON, Needed};
use http::{
    HeaderMap, HeaderValue, Method, Request, Response, Uri,
    header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, TRANSFER_ENCODING},
    request::Parts,
};
use printer::Level;
use tokio::time::timeout;

use super::{Inside, Problem, sockets};
use crate::member::Member;

/// How long a small body may take to arrive.
const PATIENCE: Duration = Duration::from_secs(5);

/// Asks `PrusaLink` to start what was uploaded.
const PRINT_AFTER_UPLOAD: &str = "print-after-upload";

/// A request whose head may pass.
#[derive(Debug)]
pub(super) struct Passing {
    level: Level,
    /// What its body has to pass; nothing from `controls` up.
    needed: Option<Needed>,
}

/// Judges the head of a request, as it was asked for and as `sent` to the printer.
pub(super) fn admit(parts: &Parts, sent: &Uri, level: Level) -> Result<Passing, Problem> {
    let asked = &parts.uri;
    if [asked, sent].iter().any(|uri| guard::is_never_relayed(uri.path())) {
        return Err(Problem::NotAllowed(Level::Admin));
    }
    if level >= Level::Controls {
        return Ok(Passing { level, needed: None });
    }
    let unclear = parts.headers.contains_key(CONTENT_ENCODING);
    // A path route may lead from one listed path to another one.
    let elsewhere =
        sent.path() != asked.path() && guard::is_listed(parts.method.as_str(), sent.path());
    let needed = guard::classify(&head(parts)?);
    if unclear || elsewhere {
        return Err(Problem::NotAllowed(Level::Controls));
    }
    if level < needed.level {
        return Err(Problem::NotAllowed(needed.level));
    }
    Ok(Passing { level, needed: Some(needed) })
}

fn head(parts: &Parts) -> Result<Head<'_>, Problem> {
    let one = |name| {
        let mut values = parts.headers.get_all(name).iter();
        match (values.next(), values.next()) {
            (None, _) => Ok(None),
            (Some(value), None) => value.to_str().map(Some).map_err(|_| ()),
            (Some(_), Some(_)) => Err(()),
        }
        .map_err(|()| Problem::NotAllowed(Level::Controls))
    };
    Ok(Head {
        method: parts.method.as_str(),
        path: parts.uri.path(),
        query: parts.uri.query(),
        content_type: one(CONTENT_TYPE.as_str())?,
        print_after_upload: one(PRINT_AFTER_UPLOAD)?.is_some_and(|flag| flag != "?0"),
    })
}

impl Passing {
    /// Sends the request, or as much of it as may pass.
    pub(super) async fn send(
        self,
        inside: &Inside,
        member: &Member,
        origin: &Origin,
        request: Request<Body>,
    ) -> Result<Response<Body>, Problem> {
        let Some(needed) = self.needed else { return Ok(origin.send(request).await?) };
        if *request.method() == Method::CONNECT {
            let inspection = &inside.memory.inspection;
            return sockets::open(inspection, self.level, member, origin, request).await;
        }
        let request = match needed.body {
            guard::Body::File => request,
            guard::Body::None => without_body(request),
            guard::Body::Json(json) => judged(request, &json, self.level).await?,
            guard::Body::Form(form) => {
                return upload::send(form, self.level, origin, request).await;
            }
        };
        Ok(origin.send(request).await?)
    }
}

fn without_body(request: Request<Body>) -> Request<Body> {
    let (mut parts, _) = request.into_parts();
    strip_body(&mut parts.headers);
    Request::from_parts(parts, empty())
}

fn strip_body(headers: &mut HeaderMap) {
    for name in [CONTENT_TYPE, CONTENT_LENGTH, TRANSFER_ENCODING] {
        headers.remove(name);
    }
}

/// The same request with its body as it was understood.
async fn judged(
    request: Request<Body>,
    json: &guard::Json,
    level: Level,
) -> Result<Request<Body>, Problem> {
    let (mut parts, body) = request.into_parts();
    let body = timeout(PATIENCE, forward::collect(body, MAX_JSON)).await;
    let body = body.ok().and_then(Result::ok).ok_or(Problem::Unreadable)?;
    let (needed, body) = json.judge(&body);
    if level < needed {
        return Err(Problem::NotAllowed(needed));
    }
    strip_body(&mut parts.headers);
    parts.headers.insert(CONTENT_LENGTH, body.len().into());
    if !body.is_empty() {
        parts.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    Ok(Request::from_parts(parts, full(body)))
}

#[cfg(test)]
mod tests;
