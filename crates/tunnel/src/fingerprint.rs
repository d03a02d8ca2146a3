//! The short form of a key: for programs in base64url, for people as four words to compare.

use std::{fmt, str::FromStr};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

/// The SHA-256 of a public key in its SPKI form.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fingerprint([u8; 32]);

/// A text that is no fingerprint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a fingerprint (expected 43 characters of base64url)")]
pub struct InvalidFingerprint;

const WORD_BITS: u32 = 11;

impl Fingerprint {
    /// The length of its text in characters.
    pub const TEXT_LENGTH: usize = 43;

    /// Wraps a SHA-256.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The SHA-256 itself.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The first 44 bits as four words of the English BIP-39 list, for people to compare. Words
    /// show a mix-up and a chance attacker; they are no substitute for the whole fingerprint
    /// where a program compares.
    pub fn words(&self) -> [&'static str; 4] {
        let first = self.0.first_chunk().copied().unwrap_or_default();
        let bits = u64::from_be_bytes(first) >> (u64::BITS - 4 * WORD_BITS);
        [3, 2, 1, 0].map(|place| word(bits >> (place * WORD_BITS)))
    }
}

fn word(bits: u64) -> &'static str {
    let index = usize::try_from(bits & 0x7ff).unwrap_or_default();
    bip39::Language::English.word_list().get(index).copied().unwrap_or_default()
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fingerprint({self})")
    }
}

impl FromStr for Fingerprint {
    type Err = InvalidFingerprint;

    fn from_str(text: &str) -> Result<Self, InvalidFingerprint> {
        if text.len() != Self::TEXT_LENGTH {
            return Err(InvalidFingerprint);
        }
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| InvalidFingerprint)?;
        bytes.try_into().map(Self).map_err(|_| InvalidFingerprint)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    // covers: RL-6
    #[test]
    fn words_are_the_first_44_bits() {
        assert_eq!(Fingerprint([0; 32]).words(), ["abandon"; 4]);
        assert_eq!(Fingerprint([0xff; 32]).words(), ["zoo"; 4]);

        let mut bytes = [0; 32];
        bytes[5] = 0x10; // bit 44 is the last of the fourth word
        assert_eq!(Fingerprint(bytes).words(), ["abandon", "abandon", "abandon", "ability"]);
        bytes[5] = 0x0f; // and the bits behind it don't matter
        assert_eq!(Fingerprint(bytes).words(), ["abandon"; 4]);
    }

    #[test]
    fn other_texts_are_refused() {
        let long = "A".repeat(44);
        let padded = format!("{}=", "A".repeat(42));
        let stray_bits = format!("{}B", "A".repeat(42));
        for text in ["", "A", &long, &padded, &stray_bits] {
            assert_eq!(text.parse::<Fingerprint>(), Err(InvalidFingerprint), "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_fingerprint_survives_text(bytes: [u8; 32]) {
            let fingerprint = Fingerprint::from_bytes(bytes);
            prop_assert_eq!(fingerprint.to_string().parse(), Ok(fingerprint));
        }

        #[test]
        fn any_text_is_read_or_refused(text in ".{0,60}") {
            if let Ok(fingerprint) = text.parse::<Fingerprint>() {
                prop_assert_eq!(fingerprint.to_string(), text);
            }
        }
    }
}
