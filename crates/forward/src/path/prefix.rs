//! The beginning of a path, by which a request is sent to another server of the same machine.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use super::is_plain;

/// A path prefix such as `/webcam/`: begins and ends with a slash, at most 128 bytes, and has at
/// least one plain segment.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Prefix(String);

/// A text that is no [`Prefix`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no path for a route; write it like /webcam/")]
pub struct InvalidPrefix(String);

impl Prefix {
    const MAX: usize = 128;

    /// The prefix as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Prefix {
    type Err = InvalidPrefix;

    fn from_str(text: &str) -> Result<Self, InvalidPrefix> {
        let plain = text.len() > 2 && text.len() <= Self::MAX && is_plain(text);
        if plain && text.starts_with('/') && text.ends_with('/') {
            return Ok(Self(text.to_owned()));
        }
        Err(InvalidPrefix(text.to_owned()))
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Prefix {
    type Error = InvalidPrefix;

    fn try_from(text: String) -> Result<Self, InvalidPrefix> {
        text.parse()
    }
}

impl From<Prefix> for String {
    fn from(prefix: Prefix) -> Self {
        prefix.0
    }
}
