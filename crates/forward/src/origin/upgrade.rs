//! Opening a WebSocket to a printer: a fresh key, and an answer that is checked before anything
//! is believed (RFC 6455, 4.1).

use http::{
    HeaderMap, HeaderValue, Method, Request, Response, StatusCode,
    header::{
        CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_EXTENSIONS, SEC_WEBSOCKET_KEY,
        SEC_WEBSOCKET_VERSION, UPGRADE,
    },
    request::Parts,
};
use hyper::body::Incoming;
use tungstenite::handshake::{client::generate_key, derive_accept_key};

use super::{Origin, exchange::Exchange};
use crate::{Body, BodySender, Error, channel, empty, headers, websocket};

pub(super) async fn open(
    origin: &Origin,
    parts: Parts,
    from_peer: Body,
) -> Result<Response<Body>, Error> {
    let key = generate_key();
    let (answer, exchange) = origin.on_a_new_connection(handshake(parts, &key)?).await?;
    if answer.status() != StatusCode::SWITCHING_PROTOCOLS {
        return refused(answer, exchange);
    }
    check(answer.headers(), &key)?;
    let mut fields = answer.headers().clone();
    headers::strip_hop_by_hop(&mut fields);
    websocket::strip_handshake(&mut fields);
    let (to_peer, body) = channel();
    tokio::spawn(carry(origin.clone(), answer, exchange, from_peer, to_peer));
    let mut opened = Response::new(body);
    *opened.headers_mut() = fields;
    Ok(opened)
}

fn handshake(mut parts: Parts, key: &str) -> Result<Request<Body>, Error> {
    parts.method = Method::GET;
    let fields = &mut parts.headers;
    websocket::strip_handshake(fields);
    let key = HeaderValue::from_str(key).map_err(|_| Error::Handshake("no key"))?;
    fields.insert(SEC_WEBSOCKET_KEY, key);
    fields.insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
    fields.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    fields.insert(UPGRADE, HeaderValue::from_static("websocket"));
    Ok(Request::from_parts(parts, empty()))
}

/// The printer's own words, unless they could be taken for an open socket.
fn refused(answer: Response<Incoming>, exchange: Exchange) -> Result<Response<Body>, Error> {
    if answer.status().is_success() {
        return Err(Error::Handshake("it is an ordinary page"));
    }
    let mut answer = answer.map(|body| exchange.receive(body));
    headers::strip_hop_by_hop(answer.headers_mut());
    Ok(answer)
}

fn check(fields: &HeaderMap, key: &str) -> Result<(), Error> {
    if !websocket::switches(fields) {
        return Err(Error::Handshake("it switches to something else"));
    }
    let expected = derive_accept_key(key.as_bytes());
    if fields.get(SEC_WEBSOCKET_ACCEPT).is_none_or(|accept| *accept != *expected) {
        return Err(Error::Handshake("its key doesn't match"));
    }
    if fields.contains_key(SEC_WEBSOCKET_EXTENSIONS) {
        return Err(Error::Handshake("it uses an extension that nobody offered"));
    }
    Ok(())
}

async fn carry(
    origin: Origin,
    answer: Response<Incoming>,
    exchange: Exchange,
    from_peer: Body,
    to_peer: BodySender,
) {
    let Ok(upgraded) = hyper::upgrade::on(answer).await else { return };
    exchange.release();
    tokio::select! {
        () = origin.0.closing.cancelled() => {}
        ended = websocket::splice(upgraded, from_peer, to_peer) => {
            tracing::trace!(?ended, "WebSocket to a printer ended");
        }
    }
}
