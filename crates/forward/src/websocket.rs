//! WebSockets, from either kind of browser connection: an HTTP/1.1 upgrade (RFC 6455) or an
//! HTTP/2 extended `CONNECT` (RFC 8441). Towards the tunnel both become the latter.
//!
//! Extensions are never agreed on: a compressed message can't be inspected by the agent.

mod ends;
mod parting;
mod splice;

use http::{
    Extensions, HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, Version,
    header::{
        CONNECTION, CONTENT_LENGTH, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_EXTENSIONS,
        SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, TRANSFER_ENCODING, UPGRADE,
    },
    request::Parts,
};
use tungstenite::handshake::derive_accept_key;

pub use ends::Ends;
pub use parting::{Leaving, Parting};
pub use splice::splice;

use crate::{BadRequest, Body, empty, headers};

const WEBSOCKET: &str = "websocket";

/// A browser's valid wish to open a WebSocket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handshake {
    /// What an HTTP/1.1 browser wants to read in `Sec-WebSocket-Accept`.
    accept: Option<String>,
}

impl Handshake {
    /// Reads a request. `None` if it is an ordinary one; an error if it wants to become
    /// something that isn't forwarded, or is no proper handshake.
    pub fn of<B>(request: &Request<B>) -> Result<Option<Self>, BadRequest> {
        let version = request.headers().get(SEC_WEBSOCKET_VERSION);
        let handshake = if request.method() == Method::CONNECT {
            if protocol(request.extensions()) != Some(WEBSOCKET) {
                return Err(BadRequest::Upgrade);
            }
            Self { accept: None }
        } else if request.headers().contains_key(UPGRADE) {
            Self { accept: Some(accept_key(request)?) }
        } else {
            return Ok(None);
        };
        match version {
            Some(version) if version != "13" => Err(BadRequest::WebSocketVersion),
            None if handshake.accept.is_some() => Err(BadRequest::WebSocketVersion),
            _ => Ok(Some(handshake)),
        }
    }

    /// The same request as it travels through the tunnel. Its target is the caller's to set; its
    /// body is what the browser sends once the socket is open.
    #[must_use]
    pub fn to_tunnel(&self, mut parts: Parts) -> Parts {
        parts.method = Method::CONNECT;
        parts.version = Version::HTTP_2;
        parts.extensions.remove::<hyper::ext::Protocol>();
        parts.extensions.insert(h2::ext::Protocol::from_static(WEBSOCKET));
        headers::strip_hop_by_hop(&mut parts.headers);
        strip_handshake(&mut parts.headers);
        parts.headers.insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
        parts
    }

    /// The answer that opens the socket at the browser's side, with the fields of the printer's
    /// answer (`Sec-WebSocket-Protocol`, `Set-Cookie`, …).
    pub fn accept<B>(&self, answer: &Response<B>) -> Response<Body> {
        let mut response = Response::new(empty());
        let fields = response.headers_mut();
        fields.clone_from(answer.headers());
        headers::strip_hop_by_hop(fields);
        strip_handshake(fields);
        let Some(accept) = self.accept.as_deref().and_then(|key| HeaderValue::from_str(key).ok())
        else {
            return response;
        };
        fields.insert(CONNECTION, HeaderValue::from_static("upgrade"));
        fields.insert(UPGRADE, HeaderValue::from_static(WEBSOCKET));
        fields.insert(SEC_WEBSOCKET_ACCEPT, accept);
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        response
    }
}

/// The `:protocol` of an extended `CONNECT`, whether hyper or h2 received it.
pub(crate) fn protocol(extensions: &Extensions) -> Option<&str> {
    let received_by_h2 = extensions.get::<h2::ext::Protocol>().map(h2::ext::Protocol::as_str);
    let received_by_hyper = extensions.get::<hyper::ext::Protocol>();
    received_by_h2.or(received_by_hyper.map(hyper::ext::Protocol::as_str))
}

/// Removes what belongs to one handshake and not to the next.
pub(crate) fn strip_handshake(fields: &mut HeaderMap) {
    for name in [
        CONTENT_LENGTH,
        SEC_WEBSOCKET_ACCEPT,
        SEC_WEBSOCKET_EXTENSIONS,
        SEC_WEBSOCKET_KEY,
        SEC_WEBSOCKET_VERSION,
    ] {
        fields.remove(name);
    }
}

/// Whether a message says that its connection becomes a WebSocket.
pub(crate) fn switches(fields: &HeaderMap) -> bool {
    headers::words(fields, &UPGRADE) == [WEBSOCKET]
        && headers::words(fields, &CONNECTION).iter().any(|word| word == "upgrade")
}

fn accept_key<B>(request: &Request<B>) -> Result<String, BadRequest> {
    let fields = request.headers();
    if headers::words(fields, &UPGRADE) != [WEBSOCKET] {
        return Err(BadRequest::Upgrade);
    }
    if request.method() != Method::GET || request.version() != Version::HTTP_11 {
        return Err(BadRequest::Handshake("it must be an HTTP/1.1 GET"));
    }
    if !switches(fields) {
        return Err(BadRequest::Handshake("Connection doesn't say upgrade"));
    }
    let no_body = |name: HeaderName| fields.get(name).is_none_or(|value| value == "0");
    if !no_body(CONTENT_LENGTH) || !no_body(TRANSFER_ENCODING) {
        return Err(BadRequest::Handshake("it has a body"));
    }
    only_key(fields).map(derive_accept_key).ok_or(BadRequest::Handshake("its key is invalid"))
}

/// The one `Sec-WebSocket-Key`, if it is 16 bytes in base64.
fn only_key(fields: &HeaderMap) -> Option<&[u8]> {
    let mut keys = fields.get_all(SEC_WEBSOCKET_KEY).iter();
    let key = keys.next()?.as_bytes();
    let body = key.strip_suffix(b"==")?;
    let base64 = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/".contains(byte);
    (keys.next().is_none() && body.len() == 22 && body.iter().all(base64)).then_some(key)
}

#[cfg(test)]
mod tests;
