//! What can go wrong before the first visitor comes.

use std::{io, path::PathBuf};

/// Why an edge can't be set up.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file of the certificate folder can't be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// Which one.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Others on this machine can read the private key.
    #[error(
        "{}: other users can read this private key. If only you used this machine, run `chmod 600` on it; if not, delete it, and a new one is made with other fingerprint words",
        .0.display()
    )]
    KeyIsReadable(PathBuf),
    /// The key file holds no P-256 key.
    #[error("{}: this is no P-256 private key in PKCS#8 PEM", .0.display())]
    NoKey(PathBuf),
    /// A certificate can't be made, for instance because a name can't stand in one.
    #[error("no certificate can be made: {0}")]
    Certificate(#[from] rcgen::Error),
    /// A certificate for nothing, or for more names than [`crate::certificate::MAX_NAMES`].
    #[error("a certificate needs between 1 and 100 names, not {0}")]
    NumberOfNames(usize),
    /// The TLS library refuses the settings.
    #[error("TLS can't be set up: {0}")]
    Tls(#[from] rustls::Error),
}

impl Error {
    /// Names the file that a system error is about.
    pub(crate) fn file(path: &std::path::Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::File { path: path.to_owned(), source }
    }
}
