//! Forwarding one HTTP request or WebSocket, as hub, agent and gate do it: header hygiene,
//! streaming with bounded memory, upgrades, cancellation, and errors that tell the truth.
//!
//! Nothing here decides who may do what, and nothing here knows where a printer is: the caller
//! says so, by handing over a request that it has let in and an [`Origin`] that it has pinned.
//!
//! A WebSocket travels between hub and agent as a `CONNECT` request with the `:protocol`
//! `websocket` (RFC 8441), whose two bodies stay open. [`websocket::Handshake`] makes one out of
//! what a browser sent, and [`Origin::send`] turns it back into what a printer understands. The
//! frames inside pass unmodified.

pub mod address;
mod base_url;
mod body;
pub mod cookies;
mod error;
pub mod headers;
mod leased;
mod origin;
pub mod path;
mod progress;
pub mod websocket;

pub use base_url::{BaseUrl, InvalidUrl};
pub use body::{
    Body, BodySender, BoxError, Closed, CutOff, at_hand, begun, channel, collect, empty, full,
};
pub use error::{BadRequest, Error};
pub use leased::{LeaseEnded, Leased};
pub use origin::{Origin, Timeouts};
pub use progress::{Progress, STANDSTILL};
