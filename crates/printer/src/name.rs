//! Names that people give to printers, agents and themselves.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// A name for people to read: 1 to 64 characters, no control or direction-changing characters,
/// no white space at either end.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Name(String);

/// Why a text is no [`Name`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidName {
    /// Nothing is left after trimming.
    #[error("a name can't be empty")]
    Empty,
    /// More than [`Name::MAX_CHARS`] characters.
    #[error("a name has at most 64 characters")]
    TooLong,
    /// A character that can't be seen or that changes how others are shown.
    #[error("a name can't contain control characters")]
    Control,
}

impl Name {
    /// The longest name, in characters.
    pub const MAX_CHARS: usize = 64;

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Name {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let text = text.trim();
        if text.is_empty() {
            return Err(InvalidName::Empty);
        }
        if text.chars().count() > Self::MAX_CHARS {
            return Err(InvalidName::TooLong);
        }
        if text.chars().any(|c| c.is_control() || changes_direction(c)) {
            return Err(InvalidName::Control);
        }
        Ok(Self(text.to_owned()))
    }
}

/// Characters with which one name can be made to look like another (Unicode TR 36).
const fn changes_direction(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

impl TryFrom<String> for Name {
    type Error = InvalidName;

    fn try_from(text: String) -> Result<Self, InvalidName> {
        text.parse()
    }
}

impl From<Name> for String {
    fn from(name: Name) -> Self {
        name.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_trimmed() {
        assert_eq!(
            "  Prusa in the cellar ".parse::<Name>().unwrap().as_str(),
            "Prusa in the cellar"
        );
    }

    #[test]
    fn names_that_deceive_are_refused() {
        assert_eq!(" ".parse::<Name>(), Err(InvalidName::Empty));
        assert_eq!("a".repeat(65).parse::<Name>(), Err(InvalidName::TooLong));
        assert_eq!("a\nb".parse::<Name>(), Err(InvalidName::Control));
        assert_eq!("a\u{202e}b".parse::<Name>(), Err(InvalidName::Control));
    }
}
