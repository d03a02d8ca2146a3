//! A visitor's request as it goes into the tunnel: without anything that is between the visitor
//! and the hub, and with one header of ours that says who is behind it. Its cookies have been
//! sorted out before.

use http::{HeaderMap, HeaderValue, Method, Uri, header::HOST, request::Parts};
use printer::PrinterId;
use wire::{RELAYED_HEADER, Relayed};

/// How every header between hub and agent begins.
const OURS: &str = "layerlock-";

/// Rewrites the head of a request for the agent, which knows the printer by this id. `None` if its
/// target is none.
pub(super) fn towards_agent(mut parts: Parts, printer: PrinterId, who: &Relayed) -> Option<Parts> {
    parts.uri = Uri::builder()
        .scheme("http")
        .authority(wire::printer_authority(printer))
        .path_and_query(parts.uri.path_and_query()?.clone())
        .build()
        .ok()?;
    let headers = &mut parts.headers;
    if parts.method != Method::CONNECT {
        forward::headers::strip_hop_by_hop(headers);
    }
    forward::headers::strip_forwarding(headers);
    headers.remove(HOST);
    remove_ours(headers);
    headers.insert(RELAYED_HEADER, HeaderValue::try_from(who.encode()).ok()?);
    Some(parts)
}

/// Removes what only hub and agent may say to each other.
pub(super) fn remove_ours(headers: &mut HeaderMap) {
    let ours: Vec<_> =
        headers.keys().filter(|name| name.as_str().starts_with(OURS)).cloned().collect();
    for name in ours {
        headers.remove(name);
    }
}
