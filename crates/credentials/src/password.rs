//! A password as a person typed it, bounded before anything is computed from it.

use std::{fmt, str::FromStr};

use serde::Deserialize;
use zeroize::Zeroizing;

/// A typed password: 1 to [`Password::MAX_BYTES`] bytes. Wiped from memory when dropped.
#[derive(Clone, Deserialize)]
#[serde(try_from = "String")]
pub struct Password(Zeroizing<String>);

/// Why a text can be nobody's password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPassword {
    /// Nothing was typed.
    #[error("a password can't be empty")]
    Empty,
    /// More than [`Password::MAX_BYTES`] bytes.
    #[error("a password has at most 1024 bytes")]
    TooLong,
}

impl Password {
    /// The longest password, in bytes of UTF-8. Longer ones would only cost time to hash.
    pub const MAX_BYTES: usize = 1024;

    /// The bytes that were typed, for a digest under a key. Never to be kept.
    pub fn bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// The text itself, for hashing and judging.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Password {
    type Error = InvalidPassword;

    fn try_from(text: String) -> Result<Self, InvalidPassword> {
        let text = Zeroizing::new(text);
        match text.len() {
            0 => Err(InvalidPassword::Empty),
            1..=Self::MAX_BYTES => Ok(Self(text)),
            _ => Err(InvalidPassword::TooLong),
        }
    }
}

impl FromStr for Password {
    type Err = InvalidPassword;

    fn from_str(text: &str) -> Result<Self, InvalidPassword> {
        if text.len() > Self::MAX_BYTES {
            return Err(InvalidPassword::TooLong);
        }
        text.to_owned().try_into()
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // covers: AC-2
    #[test]
    fn one_megabyte_password() {
        let error = "x".repeat(1 << 20).parse::<Password>().unwrap_err();
        assert_eq!(error, InvalidPassword::TooLong);
        assert!("x".repeat(1024).parse::<Password>().is_ok());
        assert!(Password::try_from("x".repeat(1025)).is_err());
        assert_eq!("".parse::<Password>().unwrap_err(), InvalidPassword::Empty);
    }

    #[test]
    fn a_password_does_not_print_itself() {
        let password: Password = "correct horse".parse().unwrap();
        assert_eq!(format!("{password:?}"), "***");
    }
}
