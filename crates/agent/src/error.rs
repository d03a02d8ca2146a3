//! What can go wrong at an agent, in sentences that say what to do.

use std::{io, path::PathBuf};

use crate::{Closed, address::AddressError};

/// Why something at the agent failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file of the agent can't be read or written.
    #[error("can't use the file {path}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file of the agent doesn't say what it should.
    #[error("{path} can't be used: {message}")]
    Configuration {
        /// The file.
        path: PathBuf,
        /// What is wrong, with its place in the file.
        message: String,
    },
    /// A printer's address isn't one that an agent may reach.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// A printer can't be added or removed.
    #[error(transparent)]
    Printer(#[from] crate::InvalidPrinter),
    /// The agent's key, or something about the tunnel itself.
    #[error(transparent)]
    Tunnel(#[from] tunnel::Error),
    /// Nobody answers at the hub's address, or not in time.
    #[error(
        "the hub at {hub} can't be reached: {reason}; check the address, and that the hub is running"
    )]
    HubUnreachable {
        /// Its host and port.
        hub: String,
        /// What was tried last.
        reason: String,
    },
    /// Somebody answers at the hub's address who isn't that hub.
    #[error(
        "what answers at {hub} can't prove the hub's key; copy the whole command from the \
         dashboard again, and if it still fails, somebody may be listening in on the connection"
    )]
    WrongHubKey {
        /// Its host and port.
        hub: String,
    },
    /// The hub won't link this agent.
    #[error("{0}")]
    LinkRefused(wire::LinkRefusal),
    /// Nobody approved in time.
    #[error(
        "nobody approved this agent within 10 minutes; make a new code on the dashboard and try again"
    )]
    LinkExpired,
    /// The agent opens nothing until a person does something at its machine.
    #[error(transparent)]
    Closed(#[from] Closed),
}
