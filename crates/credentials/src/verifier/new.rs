//! New hashes, of the kinds that other programs read too.

use std::str::FromStr;

use argon2::{Argon2, PasswordHasher as _};
use printer::Random;
use sha_crypt::{Algorithm, Params, ShaCrypt};

use crate::{Password, PasswordHash};

/// Twenty times what SHA-crypt takes by itself.
const SHA_ROUNDS: u32 = 100_000;
const BCRYPT_COST: u32 = 12;

/// A kind of hash that can be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum HashKind {
    /// scrypt in PHC format, N = 16384, r = 8, p = 5.
    #[default]
    Scrypt,
    /// `$6$` with 100,000 rounds.
    Sha512Crypt,
    /// Argon2id in PHC format, 19 MiB, two passes.
    Argon2id,
    /// `$2b$` with cost 12.
    Bcrypt,
}

/// A text that names no [`HashKind`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the kinds of hashes are: scrypt, sha512-crypt, argon2id, bcrypt")]
pub struct UnknownKind;

/// Of a longer password, bcrypt would ignore the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("bcrypt takes 71 bytes of a password and no more; choose another --kind, or a shorter one")]
pub struct TooLongForBcrypt;

impl HashKind {
    /// Hashes a password with a new salt. Takes a part of a second and up to 19 MiB.
    ///
    /// # Errors
    /// The password is too long for bcrypt.
    pub fn hash(
        self,
        password: &Password,
        random: &dyn Random,
    ) -> Result<String, TooLongForBcrypt> {
        let mut salt = [0; 16];
        random.fill(&mut salt);
        match self {
            Self::Scrypt => Ok(PasswordHash::new(password, random).as_str().to_owned()),
            Self::Sha512Crypt => Ok(sha512_crypt(password, &salt)),
            Self::Argon2id => Ok(argon2id(password, &salt)),
            Self::Bcrypt => {
                bcrypt::non_truncating_hash_with_salt(password.as_str(), BCRYPT_COST, salt)
                    .map(|parts| parts.format_for_version(bcrypt::Version::TwoB))
                    .map_err(|_| TooLongForBcrypt)
            }
        }
    }
}

#[expect(clippy::expect_used, reason = "the parameters are constants, and a test uses them")]
fn sha512_crypt(password: &Password, salt: &[u8; 16]) -> String {
    let params = Params::new(SHA_ROUNDS).expect("valid rounds");
    let kind = ShaCrypt::new(Algorithm::Sha512Crypt, params);
    // Twelve bytes are the sixteen letters of salt that it takes.
    let salt = salt.first_chunk::<12>().expect("twelve of sixteen bytes");
    let hash = kind.hash_password_with_salt(password.as_str().as_bytes(), salt);
    hash.expect("a salt of letters").as_str().to_owned()
}

#[expect(clippy::expect_used, reason = "the parameters are constants, and a test uses them")]
fn argon2id(password: &Password, salt: &[u8; 16]) -> String {
    let hash = Argon2::default().hash_password_with_salt(password.as_str().as_bytes(), salt);
    hash.expect("valid parameters").to_string()
}

impl FromStr for HashKind {
    type Err = UnknownKind;

    fn from_str(text: &str) -> Result<Self, UnknownKind> {
        match text {
            "scrypt" => Ok(Self::Scrypt),
            "sha512-crypt" => Ok(Self::Sha512Crypt),
            "argon2id" => Ok(Self::Argon2id),
            "bcrypt" => Ok(Self::Bcrypt),
            _ => Err(UnknownKind),
        }
    }
}
