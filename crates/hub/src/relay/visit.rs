//! A request on a printer's origin, from gate to gate.

use axum::{body::Body, extract::Request};
use edge::Connection;
use forward::websocket::Handshake;
use http::{Response, request::Parts};

use super::{
    admission::{Denial, admit},
    entrance,
    exchange::Exchange,
    keys, reserved,
    same_origin::{self, Refusal},
    site::PrinterOrigin,
    urgent, websocket,
};
use crate::{
    pages::{Asker, Notice},
    policy::Action,
    state::Shared,
};

/// Answers a request on a printer's origin.
pub(super) async fn answer(
    state: Shared,
    origin: PrinterOrigin,
    request: Request,
) -> Response<Body> {
    let handshake = Handshake::of(&request);
    let (parts, body) = request.into_parts();
    let asker = Asker::of(&parts);
    let answer = match handshake {
        Ok(handshake) => pass(&state, &origin, handshake, parts, body, &asker).await,
        Err(error) => Err(Notice::bad_request("bad-request", error.to_string())),
    };
    answer.unwrap_or_else(|notice| notice.with_dashboard(&origin.dashboard()).answer(&asker))
}

async fn pass(
    state: &Shared,
    origin: &PrinterOrigin,
    handshake: Option<Handshake>,
    mut parts: Parts,
    body: Body,
    asker: &Asker,
) -> Result<Response<Body>, Notice> {
    check(&parts)?;
    let path = parts.uri.path();
    if reserved::is_reserved(path) && !reserved::is_the_agents(path) {
        return reserved::answer(state, origin, &parts, body).await;
    }
    same_origin::judge(&parts, &origin.origin(), handshake.is_some()).map_err(refused)?;
    let client = parts.extensions.get::<Connection>().ok_or_else(Notice::went_wrong)?.client;
    let admitted = match admit(state, origin, &parts.headers, client, action(&parts, asker)).await {
        Ok(admitted) => admitted,
        Err(Denial::SignedOut) => return Ok(entrance::answer(state, origin, &parts, asker)),
        Err(Denial::Told(notice)) => return Err(notice),
    };
    let (urgency, body) = urgent::look(&mut parts, body).await?;
    let mut exchange = Exchange::prepare(admitted, origin, client, urgency).await?;
    if let Some(handshake) = handshake {
        return websocket::open(exchange, &handshake, parts).await;
    }
    let answer = exchange.send(parts, body).await?;
    Ok(exchange.finish(answer).await)
}

/// What a request is for: a person who navigates wants the printer's own pages.
fn action(parts: &Parts, asker: &Asker) -> Action {
    let opens = asker.person || same_origin::is_navigation(parts);
    if opens && !reserved::is_the_agents(parts.uri.path()) {
        Action::UsePrinter
    } else {
        Action::AskPrinter
    }
}

/// What is refused whoever asks, and whatever they ask for. Cookies are counted later, when the
/// foreign ones among them are known.
fn check(parts: &Parts) -> Result<(), Notice> {
    forward::headers::check_besides_cookies(parts)
        .map_err(|error| Notice::bad_request("bad-request", error.to_string()))?;
    if keys::has_strayed(parts) {
        let detail = "This request holds an API key of the hub, which a printer must never see. \
                      Revoke that key: it was about to leak.";
        return Err(Notice::bad_request("hub-key-in-request", detail));
    }
    Ok(())
}

fn refused(refusal: Refusal) -> Notice {
    let code = match refusal {
        Refusal::OtherOrigin => "other-origin",
        Refusal::Preflight => "cors-denied",
        Refusal::ServiceWorker => "service-worker",
    };
    Notice::refused(code, refusal.to_string())
}
