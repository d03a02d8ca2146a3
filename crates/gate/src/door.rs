//! A visitor's request, from the door to the printer. In this order: it can be read in one way only,
//! it asked for the gate by one of its names, a page of another site didn't make it, the rules let
//! it in. All of this holds inside and outside alike.

use std::{net::IpAddr, sync::Arc};

use bytes::Bytes;
use edge::{Asked, Connection, same_origin};
use forward::{Body, Leased, path, websocket::Handshake};
use http::{Method, Request, Response, header::ORIGIN, request::Parts};
use http_body_util::BodyExt;

use crate::{
    answer::Refusal,
    basic::{self, Pair},
    gate::Shared,
    onward,
    pass::{Pass, Proven},
    passwords::NotChecked,
    rulebook::{Decision, Rulebook, Server},
    rules::{Action, Password},
    users::UserList,
    visitor::Visitor,
};

/// Answers a request.
pub(crate) async fn answer<B>(shared: &Shared, request: Request<B>) -> Response<Body>
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<forward::BoxError>,
{
    let handshake = match Handshake::of(&request) {
        Ok(handshake) => handshake,
        Err(error) => return Refusal::from(error).answer(),
    };
    let (parts, body) = request.into_parts();
    let body = body.map_err(Into::into).boxed_unsync();
    pass(shared, handshake, parts, body).await.unwrap_or_else(Refusal::answer)
}

/// Everything about one request that is found out on its way.
pub(crate) struct Visit {
    pub(crate) parts: Parts,
    pub(crate) handshake: Option<Handshake>,
    pub(crate) asked: Asked,
    pub(crate) pass: Pass,
}

async fn pass(
    shared: &Shared,
    handshake: Option<Handshake>,
    parts: Parts,
    body: Body,
) -> Result<Response<Body>, Refusal> {
    forward::headers::check(&parts)?;
    path::check(parts.uri.path())?;
    let pair = basic::read(&parts.headers).map_err(|_| Refusal::Ambiguous)?;
    let connection = parts.extensions.get::<Connection>().copied().ok_or(Refusal::WentWrong)?;
    let rules = shared.rules.subscribe();
    let book = Arc::clone(&rules.borrow());
    let asked = Asked::of(&parts).ok_or(Refusal::UnknownHost)?;
    if !book.is_own(&asked, connection.local) {
        return Err(Refusal::UnknownHost);
    }
    if !is_an_app(&parts) {
        same_origin::judge(&parts, &asked.origin(), handshake.is_some())?;
    }
    let (trusted, surroundings) = (&shared.trusted, shared.surroundings.subscribe());
    let visitor = Visitor::of(&parts.headers, &connection, trusted, surroundings);
    let mut pass = Pass {
        visitor,
        leads_to: None,
        method: judged_method(&parts, handshake.as_ref()),
        path: parts.uri.path().to_owned(),
        proven: Proven::new(),
        rules,
    };
    let server = let_in(shared, &book, &mut pass, pair.as_ref()).await?;
    pass.leads_to = Some(server.origin.address());
    let visit = Visit { parts, handshake, asked, pass };
    onward::send(shared, &book, server, visit, body).await
}

/// The method that rules look at. A WebSocket is a GET, whatever kind of connection it comes on: so
/// haproxy sees one over HTTP/2 (`CONNECT`, RFC 8441), too.
fn judged_method(parts: &Parts, handshake: Option<&Handshake>) -> Method {
    if handshake.is_some() { Method::GET } else { parts.method.clone() }
}

/// A slicer or an app with an API key. No page of another site can make such a request without
/// asking first (CORS), and to that the answer is no.
fn is_an_app(parts: &Parts) -> bool {
    let asks_first = parts.method == Method::OPTIONS;
    parts.headers.contains_key("x-api-key")
        && same_origin::is_undescribed(&parts.headers)
        && !parts.headers.contains_key(ORIGIN)
        && !asks_first
}

/// Asks the rules, and looks at a password when, and only when, they hang on it.
async fn let_in<'a>(
    shared: &Shared,
    book: &'a Rulebook,
    pass: &mut Pass,
    pair: Option<&Pair>,
) -> Result<&'a Server, Refusal> {
    let decide = |pass: &Pass, unlooked: Password| {
        pass.with_facts(book, &unlooked, |facts| book.decide(facts))
    };
    let mut decision = decide(pass, Password::Unproven);
    if decision.is_err() {
        pass.proven = prove(shared, book, pass.visitor.address, pair).await?;
        decision = decide(pass, Password::Wrong);
    }
    match decision {
        Ok(Decision::Pass(server)) => Ok(server),
        Ok(Decision::Stop(Action::Ask(realm))) => Err(Refusal::Ask(realm)),
        Ok(Decision::Stop(_)) | Err(_) => Err(Refusal::Denied),
    }
}

/// Where a pair is right, list by list.
async fn prove(
    shared: &Shared,
    book: &Rulebook,
    client: IpAddr,
    pair: Option<&Pair>,
) -> Result<Proven, NotChecked> {
    let Some(pair) = pair else { return Ok(Proven::new()) };
    let lists: Vec<_> = book.lists().collect();
    let right = shared.passwords.lists_of(client, pair, (book.edition, &lists)).await?;
    let person = |(name, users): (&str, &UserList)| {
        let user = users.0.get(&pair.user).filter(|_| right.contains(name))?;
        Some((name.to_owned(), (pair.user.clone(), user.password.clone())))
    };
    Ok(lists.into_iter().filter_map(person).collect())
}

/// An answer that lasts until the rules would no longer let it out, or an upload behind it stalls.
pub(crate) fn lasting(
    answer: Response<Body>,
    mut pass: Pass,
    stalled: impl Future<Output = ()> + Send + 'static,
) -> Response<Body> {
    let ended = async move {
        tokio::select! {
            () = pass.ended() => {}
            () = stalled => tracing::debug!("an upload has stalled"),
        }
    };
    answer.map(|body| match forward::at_hand(body) {
        (body, true) => body,
        (body, false) => Leased::until(body, ended).boxed_unsync(),
    })
}
