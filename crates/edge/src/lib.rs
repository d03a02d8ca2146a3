//! What faces a network: certificates, listeners, the redirect to HTTPS, the client's real address,
//! limits for strangers, security headers and the graceful stop. Hub and gate say what is served;
//! this crate decides who gets that far, and how much they may ask of us before anyone knows them.

mod asked;
pub mod certificate;
mod client;
mod error;
mod files;
mod framing;
pub mod headers;
mod limits;
mod listeners;
pub mod names;
mod request_id;
pub mod same_origin;
mod serve;
mod sockets;
mod stop;
mod tls;

pub use asked::Asked;
pub use client::{Connection, InvalidProxies, TrustedProxies};
pub use error::Error;
pub use framing::Framing;
pub use limits::Limits;
pub use listeners::{FurtherPort, Listeners, Listening, bind, bind_in};
pub use request_id::RequestId;
pub use serve::serve;
pub use sockets::Sockets;
pub use stop::Stop;
pub use tls::Tls;

/// The encrypted stream that a raw protocol gets.
pub type TlsStream = tokio_rustls::server::TlsStream<tokio::net::TcpStream>;
/// Any error of a body.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;
