//! Why a gate can't be built or changed, in sentences for the person who starts it.

use std::io;

use credentials::InvalidHash;

use crate::rules::{InvalidNetwork, InvalidRealm};

/// Why a gate isn't started, or goes on with its old rules.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is nothing to stand in front of.
    #[error("say what the gate stands in front of, for example --upstream http://127.0.0.1:5000")]
    NoUpstream,
    /// A network that can't be inside.
    #[error("inside: {0}")]
    Inside(#[from] InvalidNetwork),
    /// A user's hash.
    #[error("user {user:?}: this is {error}; make one with `layerlock hash`")]
    User {
        /// Whose.
        user: String,
        /// What is wrong with it.
        error: InvalidHash,
    },
    /// A user's name.
    #[error("{0:?} can't be a user name: it has 1 to 256 characters and no colon")]
    UserName(String),
    /// The realm.
    #[error("realm: {0}")]
    Realm(#[from] InvalidRealm),
    /// A list or a backend that isn't there, or no place to listen.
    #[error("the rules name {0}, which isn't there")]
    Missing(String),
    /// A server that can't be found, or that isn't at home.
    #[error("the server {host}: {why}")]
    Server {
        /// Its host, as it was written.
        host: String,
        /// Why not.
        why: String,
    },
    /// Certificates.
    #[error(transparent)]
    Edge(#[from] edge::Error),
    /// The system.
    #[error("this machine's networks or ports: {0}")]
    System(#[from] io::Error),
}
