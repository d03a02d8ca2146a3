//! Why an agent's connection came to its end.

use std::io;

use wire::Refusal;

/// Why a connection ended, for the log.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The connection itself failed.
    #[error(transparent)]
    Tunnel(#[from] tunnel::Error),
    /// The store failed.
    #[error("the store failed: {0}")]
    Store(#[from] store::Error),
    /// The handshake failed.
    #[error("the connection failed: {0}")]
    Io(#[from] io::Error),
    /// This hub doesn't want the agent.
    #[error("refused: {0}")]
    Refused(Refusal),
    /// An answer took too long.
    #[error("the agent took too long to answer")]
    Slow,
    /// A message was longer than allowed, or no such message.
    #[error("the agent said something that can't be understood: {0}")]
    Nonsense(&'static str),
    /// A second connection came that nobody asked for.
    #[error("nobody asked for this second connection")]
    Unasked,
    /// Keys that aren't linked have too many connections open.
    #[error("too many connections of keys that aren't linked")]
    TooMany,
}

impl Error {
    /// Whether the key at the other end is none that is linked.
    pub(super) const fn is_of_stranger(&self) -> bool {
        let refusal = match self {
            Self::Refused(refusal) => *refusal,
            other => return matches!(other, Self::TooMany),
        };
        matches!(refusal, Refusal::Unknown | Refusal::Revoked | Refusal::Replaced)
    }
}
