//! What a password of somebody else's making is compared with: a hash from another program's file,
//! or, only where such a file holds it so, the password itself.

mod cost;
mod new;

use std::fmt;

use argon2::Argon2;
use scrypt::Scrypt;
use sha_crypt::{PasswordVerifier, ShaCrypt};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use yescrypt::Yescrypt;
use zeroize::Zeroizing;

use crate::{InvalidHash, Password, PasswordHash, Verdict};

pub use new::{HashKind, TooLongForBcrypt, UnknownKind};

/// What a password is compared with. Two are equal if they were written the same.
///
/// | written | what it is | made by |
/// |---|---|---|
/// | `$5$`, `$6$` | SHA-crypt | `mkpasswd`, `htpasswd -2`, `htpasswd -5`, `openssl passwd` |
/// | `$y$` | yescrypt | `mkpasswd`, `/etc/shadow` of today |
/// | `$7$` | scrypt, as crypt(5) writes it | `mkpasswd -m scrypt` |
/// | `$2a$`, `$2b$`, `$2y$` | bcrypt; only 72 bytes of a password count | `htpasswd -B` |
/// | `$argon2i$`, `$argon2d$`, `$argon2id$` | Argon2, in PHC format | `argon2 -e`, Python |
/// | `$scrypt$` | scrypt, in PHC format | `layerlock hash`, Python |
#[derive(Clone, PartialEq, Eq)]
pub struct Verifier(Kind);

#[derive(Clone, PartialEq, Eq)]
enum Kind {
    ShaCrypt(String),
    Yescrypt(String),
    ScryptCrypt(String),
    Bcrypt(String),
    Argon2(String),
    ScryptPhc(PasswordHash),
    Plain(Zeroizing<String>),
}

impl Verifier {
    /// The longest hash, in bytes. None that people have comes near.
    pub const MAX_BYTES: usize = 256;

    /// Reads a hash.
    ///
    /// # Errors
    /// It is malformed, of an unknown kind, or dangerously expensive to check.
    pub fn parse(text: &str) -> Result<Self, InvalidHash> {
        if text.len() > Self::MAX_BYTES || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(InvalidHash::Malformed);
        }
        let kind = text.strip_prefix('$').and_then(|rest| Some(rest.split_once('$')?.0));
        let kind = match kind.ok_or(InvalidHash::Malformed)? {
            "5" => cost::sha_crypt(text, 43).map(Kind::ShaCrypt),
            "6" => cost::sha_crypt(text, 86).map(Kind::ShaCrypt),
            "y" => cost::yescrypt(text).map(Kind::Yescrypt),
            "7" => cost::scrypt_crypt(text).map(Kind::ScryptCrypt),
            "2a" | "2b" | "2y" => cost::bcrypt(text).map(Kind::Bcrypt),
            "argon2i" | "argon2d" | "argon2id" => cost::argon2(text).map(Kind::Argon2),
            "scrypt" => PasswordHash::from_phc(text).map(Kind::ScryptPhc),
            _ => Err(InvalidHash::UnknownKind),
        };
        kind.map(Self)
    }

    /// The password itself, as some files of other programs hold it. Never write one so.
    pub fn plain(password: &Password) -> Self {
        Self(Kind::Plain(Zeroizing::new(password.as_str().to_owned())))
    }

    /// Whether it is the password itself and no hash.
    pub const fn is_plain(&self) -> bool {
        matches!(self.0, Kind::Plain(_))
    }

    /// Compares in constant time. A hash may take seconds and 128 MiB: call it on a bounded pool of
    /// blocking threads.
    pub fn opens_for(&self, password: &Password) -> bool {
        let typed = password.as_str().as_bytes();
        match &self.0 {
            Kind::ShaCrypt(hash) => {
                ShaCrypt::default().verify_password(typed, hash.as_str()).is_ok()
            }
            Kind::Yescrypt(hash) => {
                Yescrypt::default().verify_password(typed, hash.as_str()).is_ok()
            }
            Kind::ScryptCrypt(hash) => opens_scrypt_crypt(typed, hash),
            Kind::Bcrypt(hash) => bcrypt::verify(typed, hash).unwrap_or(false),
            Kind::Argon2(hash) => Argon2::default().verify_password(typed, hash.as_str()).is_ok(),
            Kind::ScryptPhc(hash) => hash.verify(password) != Verdict::Wrong,
            Kind::Plain(text) => same(text.as_bytes(), typed),
        }
    }
}

fn opens_scrypt_crypt(typed: &[u8], hash: &str) -> bool {
    let hash = scrypt::mcf::PasswordHashRef::new(hash);
    hash.is_ok_and(|hash| Scrypt::new().verify_password(typed, hash).is_ok())
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

#[cfg(test)]
mod tests;
