//! What can go wrong with a key, a connection or one stream of it.

use std::{io, path::PathBuf};

/// Any error, as bodies of other crates bring it.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Why something about a tunnel failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No stream was free in time, or too many requests were cancelled just now. Worth another
    /// try a little later.
    #[error("the agent has as many requests as it can take at once")]
    Busy,
    /// The connection has ended or is ending. Nothing of this request was answered.
    #[error("the connection to the other side has ended")]
    Closed,
    /// This request or answer can't be sent: it is outside the bounds of the tunnel.
    #[error("the message can't pass the tunnel: {0}")]
    Invalid(&'static str),
    /// The other side ended this stream before its end.
    #[error("the other side ended the stream ({0})")]
    Reset(h2::Reason),
    /// Nothing was heard from the other side for too long.
    #[error("the other side has gone silent")]
    Silent,
    /// The other side speaks something else, or breaks the rules of HTTP/2.
    #[error("the other side breaks the protocol")]
    Protocol(#[source] Option<h2::Error>),
    /// The key file can't be read or written.
    #[error("can't use the key file {path}")]
    KeyFile {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Other users of this machine can read the key file.
    #[error("the key file {0} can be read by others; run: chmod 600 {0}")]
    KeyFileExposed(PathBuf),
    /// The bytes hold no Ed25519 key in PKCS#8 PEM.
    #[error("no Ed25519 key (PKCS#8, PEM) was found")]
    InvalidKey,
    /// TLS can't be set up.
    #[error("TLS can't be set up")]
    Tls(#[from] rustls::Error),
}

/// Only a body that can't be sent on makes this side reset a stream that is still waited for.
const BROKEN_BODY: &str = "its body broke off, or is not as long as announced";

impl From<h2::Error> for Error {
    fn from(error: h2::Error) -> Self {
        match error.reason() {
            Some(h2::Reason::REFUSED_STREAM) => Self::Busy,
            Some(reason) if error.is_reset() && error.is_remote() => Self::Reset(reason),
            Some(_) if error.is_reset() && !error.is_library() => Self::Invalid(BROKEN_BODY),
            _ if error.is_io() => Self::Closed,
            Some(h2::Reason::NO_ERROR) if error.is_go_away() => Self::Closed,
            _ => Self::Protocol(Some(error)),
        }
    }
}
