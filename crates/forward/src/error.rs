//! What can go wrong, in sentences for people. The causes inside are for the log.

use std::io;

use crate::BoxError;

/// Why a request has no answer from the printer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No connection came about: switched off, wrong port, no route. Nothing was sent.
    #[error("the printer can't be reached")]
    Unreachable(#[source] io::Error),
    /// The connection or the answer took longer than [`crate::Timeouts`] allow.
    #[error("the printer took too long to answer")]
    TimedOut,
    /// The connection broke, or what came back isn't HTTP. The printer may have acted on the
    /// request; it is not sent again.
    #[error("the printer hung up before it had answered")]
    Upstream(#[source] BoxError),
    /// The printer agreed to a WebSocket in a way that RFC 6455 forbids.
    #[error("the printer's WebSocket answer is wrong: {0}")]
    Handshake(&'static str),
    /// The request must not be forwarded.
    #[error(transparent)]
    BadRequest(#[from] BadRequest),
}

/// A request that is refused before anybody else sees it, because two programs could read it
/// differently, or because it has no meaning here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadRequest {
    /// `CONNECT` without a protocol, `TRACE`, or an endless word.
    #[error("this method can't be forwarded")]
    Method,
    /// Not an ordinary path, or too long.
    #[error("this address can't be forwarded")]
    Target,
    /// More than [`crate::headers::MAX_COUNT`] or [`crate::headers::MAX_BYTES`].
    #[error("the request has too many or too large header fields")]
    TooLarge,
    /// None, several, or one that is no host name.
    #[error("the request needs exactly one valid Host")]
    Host,
    /// The body's length is missing, given twice, or given in two ways.
    #[error("the length of the request's body is ambiguous")]
    Framing,
    /// Another upgrade than `websocket`.
    #[error("only upgrades to WebSocket are forwarded")]
    Upgrade,
    /// A WebSocket handshake that RFC 6455 or RFC 8441 forbids.
    #[error("the WebSocket handshake is wrong: {0}")]
    Handshake(&'static str),
    /// A WebSocket of another version than 13.
    #[error("only WebSocket version 13 is forwarded")]
    WebSocketVersion,
}
