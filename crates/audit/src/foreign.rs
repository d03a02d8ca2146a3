//! Text from a network, made harmless. A version string may hold escape sequences that move the
//! cursor, retitle a terminal or turn the direction of writing around, and be as long as it likes.

use std::fmt;

use serde::Serialize;

/// At most this many characters are kept.
const LONGEST: usize = 80;
/// Stands for what isn't shown.
const HIDDEN: char = '\u{b7}';

/// Text that somebody else wrote: short, on one line, and without anything that a terminal or a
/// page would obey.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Foreign(String);

impl Foreign {
    /// Cleans a text.
    pub fn new(text: &str) -> Self {
        let mut characters = text.trim().chars();
        let mut kept: String = characters.by_ref().take(LONGEST).map(shown).collect();
        if characters.next().is_some() {
            kept.push('…');
        }
        Self(kept)
    }

    /// Cleans bytes that ought to be UTF-8.
    pub fn of_bytes(bytes: &[u8]) -> Self {
        let longest_in_bytes = LONGEST.saturating_mul(8);
        Self::new(&String::from_utf8_lossy(bytes.get(..longest_in_bytes).unwrap_or(bytes)))
    }

    /// What is left.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Foreign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn shown(character: char) -> char {
    if character.is_control() || obeyed_or_unseen(character) { HIDDEN } else { character }
}

/// Marks of direction, line ends of Unicode, characters without width, tags and private ones.
const fn obeyed_or_unseen(character: char) -> bool {
    matches!(
        character,
        '\u{ad}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{180e}' | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{e000}'..='\u{f8ff}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{10ffff}'
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    // covers: XA-1
    #[test]
    fn escape_sequences_in_a_version_reach_no_terminal() {
        let nasty = "1.9\x1b]0;owned\x07\x1b[2J\u{9b}31m\u{202e}gpj\r\nFAKE LINE";
        let clean = Foreign::new(nasty);
        assert_eq!(clean.as_str(), "1.9·]0;owned··[2J·31m·gpj··FAKE LINE");
    }

    proptest! {
        #[test]
        fn whatever_is_heard_is_short_and_on_one_line(bytes: Vec<u8>) {
            let clean = Foreign::of_bytes(&bytes);
            prop_assert!(clean.as_str().chars().count() <= LONGEST + 1);
            prop_assert!(!clean.as_str().chars().any(char::is_control));
        }
    }
}
