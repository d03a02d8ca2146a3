//! `POST /.layerlock/redeem` on a printer's origin: a ticket, shown by the browser that it was
//! made for, becomes this origin's own session. Its cookie is bound to the parent session and
//! dies with it.

use std::time::Duration;

use axum::body::Body;
use backplane::TicketEntry;
use credentials::{SessionToken, Ticket};
use http::{
    HeaderValue, Method, Response,
    header::{CONTENT_TYPE, SET_COOKIE},
    request::Parts,
};
use http_body_util::{BodyExt, Limited};
use serde::{Deserialize, Serialize};
use tokio::time::timeout;

use super::{
    cookies, entrance::pre_cookie, path::LocalPath, same_origin::has_origin, site::PrinterOrigin,
};
use crate::{
    pages::{Notice, protect},
    state::State,
};

const MAX_BODY: usize = 16 * 1024;
const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Deserialize)]
struct Redemption {
    ticket: String,
    /// Where the visitor wanted to go.
    next: String,
}

#[derive(Serialize)]
struct Redeemed<'a> {
    /// Where to go: a local path, whatever was asked for.
    next: &'a str,
}

/// Redeems a ticket.
pub(super) async fn redeem(
    state: &State,
    origin: &PrinterOrigin,
    parts: &Parts,
    body: Body,
) -> Result<Response<Body>, Notice> {
    if parts.method != Method::POST || !has_origin(&parts.headers, &origin.origin()) {
        let detail = "Tickets are redeemed by the printer's own page only.";
        return Err(Notice::refused("other-origin", detail));
    }
    let redemption = read(parts, body).await.ok_or_else(invalid)?;
    let entry = take(state, origin, parts, &redemption).ok_or_else(invalid)?;
    let printer = state.store.printer_by_label(origin.label()).await?;
    if printer.is_none_or(|printer| printer.id != entry.printer) {
        return Err(invalid());
    }
    let token = SessionToken::new(state.random.as_ref());
    begin(state, &entry, &token).await?;
    let next = LocalPath::parse(&redemption.next).unwrap_or_else(LocalPath::root);
    answer(origin, &token, &next).ok_or_else(Notice::went_wrong)
}

async fn read(parts: &Parts, body: Body) -> Option<Redemption> {
    if parts.headers.get(CONTENT_TYPE)? != "application/json" {
        return None;
    }
    let body = timeout(PATIENCE, Limited::new(body, MAX_BODY).collect()).await.ok()?.ok()?;
    serde_json::from_slice(&body.to_bytes()).ok()
}

/// Takes the ticket. It is gone then, even if it isn't for this browser or origin.
fn take(
    state: &State,
    origin: &PrinterOrigin,
    parts: &Parts,
    redemption: &Redemption,
) -> Option<TicketEntry> {
    let ticket = Ticket::parse(&redemption.ticket)?;
    let entry = state.backplane.tickets().take(ticket.digest().as_bytes())?;
    let pre = pre_cookie(&parts.headers, origin)?;
    let ours = entry.origin == origin.origin() && entry.pre_cookie == *pre.digest().as_bytes();
    ours.then_some(entry)
}

async fn begin(state: &State, entry: &TicketEntry, token: &SessionToken) -> Result<(), Notice> {
    let TicketEntry { session, printer, .. } = *entry;
    let now = state.clock.now();
    let begun = state.store.create_origin_session(session, printer, &token.digest(), now).await;
    match begun {
        // The person signed out meanwhile.
        Err(store::Error::NotPossible(_)) => Err(invalid()),
        begun => Ok(begun?),
    }
}

fn invalid() -> Notice {
    let detail = "This link has expired or was made for another browser.";
    Notice::bad_request("invalid-ticket", detail)
}

fn answer(
    origin: &PrinterOrigin,
    token: &SessionToken,
    next: &LocalPath,
) -> Option<Response<Body>> {
    let body = serde_json::to_vec(&Redeemed { next: next.as_str() }).ok()?;
    let mut answer = Response::new(Body::from(body));
    let headers = answer.headers_mut();
    protect(headers);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let label = origin.label();
    headers.append(SET_COOKIE, cookies::set(&cookies::session_name(label), &token.encode())?);
    headers.append(SET_COOKIE, cookies::remove(&cookies::pre_name(label))?);
    Some(answer)
}
