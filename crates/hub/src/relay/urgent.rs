//! Finds the emergency stop among what visitors send (HZ-5). It takes none of the streams that
//! everything else shares, so it gets through when all of them are taken. Whether somebody may
//! stop a printer is not decided here: the agent judges the stop like any other request.

use std::time::Duration;

use axum::body::Body;
use guard::{Head, MAX_STOP, MaybeStop};
use http::{
    HeaderMap,
    header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE},
    request::Parts,
};
use tokio::time::timeout;

use crate::pages::Notice;

/// How long the few bytes of a stop may take to arrive.
const PATIENCE: Duration = Duration::from_secs(5);

/// Which streams of the tunnel a request may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Urgency {
    /// Those of the person's share.
    Ordinary,
    /// The reserved ones: it is exactly an emergency stop.
    Stop,
}

/// Looks whether a request is a stop. The body that comes back is the one to send.
///
/// # Errors
/// A body that may hold a stop doesn't arrive.
pub(super) async fn look(parts: &mut Parts, body: Body) -> Result<(Urgency, Body), Notice> {
    let Some(maybe) = by_its_head(parts) else { return Ok((Urgency::Ordinary, body)) };
    let cut_off = || Notice::bad_request("bad-request", "The request's body didn't arrive.");
    let collected = timeout(PATIENCE, axum::body::to_bytes(body, MAX_STOP)).await;
    let sent = collected.map_err(|_| cut_off())?.map_err(|_| cut_off())?;
    let Some(stop) = maybe.exact(&sent) else { return Ok((Urgency::Ordinary, sent.into())) };
    parts.headers.insert(CONTENT_LENGTH, stop.len().into());
    Ok((Urgency::Stop, stop.into()))
}

/// Only what is announced to be short enough is looked at.
fn by_its_head(parts: &Parts) -> Option<MaybeStop> {
    let headers = &parts.headers;
    let length = one(headers, CONTENT_LENGTH.as_str())?.parse::<usize>().ok()?;
    if length > MAX_STOP || headers.contains_key(CONTENT_ENCODING) {
        return None;
    }
    MaybeStop::of(&Head {
        method: parts.method.as_str(),
        path: parts.uri.path(),
        query: parts.uri.query(),
        content_type: one(headers, CONTENT_TYPE.as_str()),
        print_after_upload: false,
    })
}

fn one<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let first = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(first)
}
