//! The connection between a hub and an agent, and the keys by which they know each other.
//!
//! The agent dials out and both sides prove an Ed25519 key inside TLS 1.3 (raw public keys,
//! RFC 7250). Then the direction turns round: the hub is the HTTP/2 *client* ([`Tunnel`]) and the
//! agent the *server* ([`serve`]), so that streams, flow control and WebSockets (RFC 8441) come
//! from a standard instead of from a multiplexer of our own. While an agent is being linked, the
//! same two ends are used in the ordinary direction with [`Limits::LINK`].
//!
//! A WebSocket is a request whose two bodies stay open: method `CONNECT`, a [`Protocol`] among the
//! request's extensions, answered with 200.
//!
//! Everything here works on any byte stream: TLS over TCP, or a pipe in memory.

mod backoff;
mod basin;
mod body;
mod bounds;
mod budget;
mod crowd;
mod drive;
mod error;
mod exchange;
mod fingerprint;
mod identity;
mod keep_alive;
mod limits;
mod pieces;
mod public_key;
mod pump;
mod resets;
mod rider;
mod serve;
mod slots;
mod source;
mod succession;
mod tls;
mod tunnel;
mod watched;
mod websocket;

pub use h2::ext::Protocol;

pub use backoff::Backoff;
pub use body::Body;
pub use budget::{Allowance, Budget};
pub use error::{BoxError, Error};
pub use fingerprint::{Fingerprint, InvalidFingerprint};
pub use identity::Identity;
pub use limits::{GRACE, Limits};
pub use public_key::{InvalidPublicKey, PublicKey};
pub use rider::{Ride, Rider};
pub use serve::{serve, serve_with};
pub use slots::Priority;
pub use succession::{InvalidSuccession, Succession};
pub use tls::{
    ALPN_BULK, ALPN_LINK, ALPN_TUNNEL, client_config, client_config_for, peer_key, server_config,
    unproven_client_config,
};
pub use tunnel::{Driver, Failed, Tunnel};
pub use websocket::{WEBSOCKET_PATH, WebSocketIo};
