//! `GET /open/{printer}` on the dashboard: whoever is signed in and may use the printer gets a
//! ticket for its origin. It travels in the fragment of a URL, which browsers send to nobody.

use std::time::Duration;

use axum::{
    body::Body,
    extract::{Request, State},
};
use backplane::TicketEntry;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use credentials::Ticket;
use edge::{Asked, Connection};
use http::{Response, request::Parts};
use store::Printer;

use super::{
    admission::{Denial, has_one_owner, permit},
    entrance::redirect,
    path::{LocalPath, encode, parameter},
    reserved,
    same_origin::is_navigation,
    while_rights_are_known,
};
use crate::{
    origins::{Origins, Unavailable, Way, is_label},
    pages::{Asker, Notice},
    policy::Action,
    session::{Visitor, visitor},
    state::Shared,
};

/// How long a ticket is good for.
const TICKET_LIFETIME: Duration = Duration::from_secs(30);

/// `GET /open/{printer}` on the dashboard's origin.
pub(crate) async fn open_route(State(shared): State<Shared>, request: Request) -> Response<Body> {
    let (parts, _) = request.into_parts();
    match while_rights_are_known(&shared, open(&shared, &parts)).await.flatten() {
        Ok(answer) => answer,
        Err(notice) => notice.with_dashboard("/").answer(&Asker::of(&parts)),
    }
}

/// The address of a printer's page for somebody at this dashboard. A printer's origin sends people
/// back to the usual dashboard by itself, and to another one of the hub's only if it is told.
pub(crate) fn address(
    origins: &Origins,
    way: Way,
    label: &str,
    asked: &Asked,
    next: &LocalPath,
) -> Result<String, Unavailable> {
    let origin = origins.origin(label, way, asked)?;
    if origins.is_usual(&asked.name(), way) {
        return Ok(format!("{origin}{}", next.as_str()));
    }
    let (start, from) = (reserved::START_PATH, encode(&asked.name()));
    Ok(format!("{origin}{start}?from={from}&next={}", next.encoded()))
}

async fn open(state: &Shared, parts: &Parts) -> Result<Response<Body>, Notice> {
    if !is_navigation(parts) {
        let detail = "A printer is opened by going there, not from within another page.";
        return Err(Notice::refused("not-a-navigation", detail));
    }
    let connection = parts.extensions.get::<Connection>().ok_or_else(Notice::went_wrong)?;
    let asked = Asked::of(parts).ok_or_else(Notice::went_wrong)?;
    let way = state.origins.way(&asked).map_err(no_origin)?;
    let visitor = visitor(state, &parts.headers, connection.client).await;
    let Some(visitor) = visitor.map_err(Notice::internal)? else { return sign_in(parts) };
    let Some(printer) = named(state, parts).await? else {
        return Err(Notice::no_such_printer());
    };
    let now = state.clock.now();
    let level = state.store.level_on(visitor.account.id, printer.id, now).await?;
    if way == Way::Port && !has_one_owner(state, visitor.account.id).await? {
        return Err(no_origin(Unavailable::SeveralOwners));
    }
    match permit(&visitor.account, level, Action::UsePrinter) {
        Ok(_) => on_to(state, parts, &visitor, &printer, way),
        Err(Denial::SignedOut) => sign_in(parts),
        Err(Denial::Told(notice)) => Err(notice),
    }
}

/// The printer in the path, by its id or by its label.
async fn named(state: &Shared, parts: &Parts) -> Result<Option<Printer>, store::Error> {
    let name = parts.uri.path().rsplit('/').next().unwrap_or_default();
    if is_label(name) {
        return state.store.printer_by_label(name).await;
    }
    let Ok(id) = name.parse() else { return Ok(None) };
    let printer = state.store.printer(id).await?;
    Ok(printer.filter(|printer| printer.removed.is_none()))
}

fn sign_in(parts: &Parts) -> Result<Response<Body>, Notice> {
    let here = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    redirect(&format!("/sign-in?next={}", encode(here))).ok_or_else(Notice::went_wrong)
}

/// To the printer's origin: with a ticket, or first without one to fetch a pre-cookie there.
fn on_to(
    state: &Shared,
    parts: &Parts,
    visitor: &Visitor,
    printer: &Printer,
    way: Way,
) -> Result<Response<Body>, Notice> {
    let asked = Asked::of(parts).ok_or_else(Notice::went_wrong)?;
    let query = parts.uri.query().unwrap_or_default();
    let next = parameter(query, "next").and_then(|next| LocalPath::parse(&next));
    let next = next.unwrap_or_else(LocalPath::root);
    let Some(pre_cookie) = parameter(query, "pre").and_then(|pre| digest(&pre)) else {
        let first = address(&state.origins, way, &printer.label, &asked, &next);
        let first = first.map_err(no_origin)?;
        return redirect(&first).ok_or_else(Notice::went_wrong);
    };
    let origin = state.origins.origin(&printer.label, way, &asked).map_err(no_origin)?;
    let ticket = Ticket::new(state.random.as_ref());
    let entry = TicketEntry {
        session: visitor.session.id,
        printer: printer.id,
        pre_cookie,
        origin: origin.clone(),
    };
    let tickets = state.backplane.tickets();
    let kept = tickets.put(visitor.account.id, entry, *ticket.digest().as_bytes(), TICKET_LIFETIME);
    kept.map_err(|_| Notice::busy())?;
    let enter = reserved::ENTER_PATH;
    let location = format!("{origin}{enter}#ticket={}&next={}", ticket.encode(), next.encoded());
    redirect(&location).ok_or_else(Notice::went_wrong)
}

fn no_origin(why: Unavailable) -> Notice {
    Notice::no_origin(&why.to_string())
}

fn digest(text: &str) -> Option<[u8; 32]> {
    URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()
}
