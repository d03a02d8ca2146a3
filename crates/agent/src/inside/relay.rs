//! A visitor's request, from the tunnel to a printer. The hub has checked who it is; here it is
//! checked again whether the printer is open to visitors at all ([`pin`]), what may be ([`levels`])
//! and whether it was made just now ([`super::fresh`]), and everything that says where it comes from
//! is written anew.

use forward::{BadRequest, Body, headers};
use http::{HeaderMap, HeaderValue, Request, Response, Uri, request::Parts};
use printer::PrinterId;
use wire::{InvalidRelayed, RELAYED_HEADER, Relayed};

use super::{Inside, Problem, bulk::Second, handing, levels, pin};
use crate::visitor;

/// Names that only hub and agent use.
const OURS: &str = "layerlock-";

pub(super) async fn relay(
    inside: &Inside,
    printer: PrinterId,
    request: Request<Body>,
) -> Result<Response<Body>, Problem> {
    let (mut parts, body) = request.into_parts();
    let shown = pin::shown(&parts.headers);
    let relayed = take_relayed(&mut parts.headers)?;
    let member = inside.printers.find(printer).ok_or(Problem::UnknownPrinter)?;
    let visit = pin::Visit { inside, member: &member, relayed: &relayed, shown };
    if pin::is_reserved(parts.uri.path()) {
        return visit.answer(parts, body).await;
    }
    visit.admit()?;
    rewrite(&mut parts, &relayed)?;
    let targets = member.targets().ok_or(Problem::Offline)?;
    let asked = parts.uri.path_and_query().ok_or(BadRequest::Target)?;
    let (server, uri) = targets.choose(asked)?;
    let passing = levels::admit(&parts, &uri, relayed.level)?;
    if wire::needs_stamp(parts.method.as_str()) {
        inside.memory.fresh.check(relayed.stamp, relayed.account)?;
    }
    parts.uri = uri;
    let method = parts.method.clone();
    let request = Request::from_parts(parts, body);
    let mut answer = passing.send(inside, &member, &server.origin, request).await?;
    remove_ours(answer.headers_mut());
    let is_first = matches!(inside.second, Second::Asked(_));
    let held = (relayed.bulk && is_first).then_some(&inside.held);
    Ok(handing::hand_over(answer, &method, held))
}

/// Reads the hub's word about the visitor, and leaves nothing of it, nor of what looks like it.
fn take_relayed(fields: &mut HeaderMap) -> Result<Relayed, InvalidRelayed> {
    let mut values = fields.get_all(RELAYED_HEADER).iter();
    let first = values.next().ok_or(InvalidRelayed)?;
    let relayed = Relayed::decode(first.as_bytes())?;
    if values.next().is_some() {
        return Err(InvalidRelayed);
    }
    remove_ours(fields);
    Ok(relayed)
}

fn remove_ours(fields: &mut HeaderMap) {
    let ours: Vec<_> =
        fields.keys().filter(|name| name.as_str().starts_with(OURS)).cloned().collect();
    for name in ours {
        fields.remove(name);
    }
}

/// Makes the request what the printer would have received from the visitor's browser, had it
/// stood at the hub's address.
fn rewrite(parts: &mut Parts, relayed: &Relayed) -> Result<(), BadRequest> {
    let target = parts.uri.path_and_query().cloned().ok_or(BadRequest::Target)?;
    parts.uri = Uri::from(target);
    headers::strip_hop_by_hop(&mut parts.headers);
    headers::strip_forwarding(&mut parts.headers);
    let host = HeaderValue::from_str(&relayed.host).map_err(|_| BadRequest::Host)?;
    visitor::describe(&mut parts.headers, &host, relayed.client);
    headers::check(parts)
}
