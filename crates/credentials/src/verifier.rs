//! What a password of somebody else's making is compared with: a hash from another program's file,
//! or, only where such a file holds it so, the password itself.

use std::fmt;

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::{InvalidHash, Password, PasswordHash, Verdict};

/// What a password is compared with. Two are equal if they were written the same.
#[derive(Clone, PartialEq, Eq)]
pub struct Verifier(Kind);

#[derive(Clone, PartialEq, Eq)]
enum Kind {
    Scrypt(PasswordHash),
    Plain(Zeroizing<String>),
}

impl Verifier {
    /// Reads a hash.
    ///
    /// # Errors
    /// It is malformed, of an unknown kind, or dangerously expensive to check.
    pub fn parse(text: &str) -> Result<Self, InvalidHash> {
        PasswordHash::from_phc(text).map(Kind::Scrypt).map(Self)
    }

    /// The password itself, as some files of other programs hold it. Never write one so.
    pub fn plain(password: &Password) -> Self {
        Self(Kind::Plain(Zeroizing::new(password.as_str().to_owned())))
    }

    /// Compares in constant time. A hash costs up to some seconds and 128 MiB: call it on a bounded
    /// pool of blocking threads.
    pub fn opens_for(&self, password: &Password) -> bool {
        match &self.0 {
            Kind::Scrypt(hash) => hash.verify(password) != Verdict::Wrong,
            Kind::Plain(text) => same(text.as_bytes(), password.as_str().as_bytes()),
        }
    }
}

/// Compares digests, so that not even the lengths can be told from the time.
fn same(one: &[u8], other: &[u8]) -> bool {
    Sha256::digest(one).ct_eq(&Sha256::digest(other)).into()
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}
