//! The code that links an agent: `ABCD-123456`. The letters are public and find the offer; the
//! six digits are the secret, short because five wrong ones end the offer.

use std::{fmt, str::FromStr};

use printer::Random;
use zeroize::Zeroizing;

use crate::TokenDigest;

/// Without I and O, which people read as digits.
const LETTERS: &str = "ABCDEFGHJKLMNPQRSTUVWXYZ";
const ID_CHARS: usize = 4;
const DIGITS: usize = 6;

/// A link code: a public id of four letters and a secret of six digits.
#[derive(Clone)]
pub struct LinkCode(Zeroizing<String>);

/// A text that is no link code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a link code looks like ABCD-123456 (four letters, a hyphen, six digits)")]
pub struct InvalidLinkCode;

impl LinkCode {
    /// Makes a new code. It is cut from 128 random bits, so that no letter or digit is
    /// measurably likelier than another.
    pub fn new(random: &dyn Random) -> Self {
        let mut bytes = Zeroizing::new([0; 16]);
        random.fill(bytes.as_mut_slice());
        let number = u128::from_le_bytes(*bytes);
        let (rest, secret) = (number / 1_000_000, number % 1_000_000);
        Self(Zeroizing::new(format!("{}-{secret:06}", spell(rest))))
    }

    /// The public part: `ABCD`.
    pub fn id(&self) -> &str {
        self.0.split_once('-').map_or("", |(id, _)| id)
    }

    /// What is stored of the whole code.
    pub fn digest(&self) -> TokenDigest {
        TokenDigest::of(self.0.as_bytes())
    }
}

/// The last four digits of a number in base 24, as letters.
fn spell(number: u128) -> String {
    let base = LETTERS.len() as u128;
    let digit = |place| usize::try_from(number / base.pow(place) % base).unwrap_or_default();
    (0..).take(ID_CHARS).filter_map(|place| LETTERS.chars().nth(digit(place))).collect()
}

impl FromStr for LinkCode {
    type Err = InvalidLinkCode;

    fn from_str(text: &str) -> Result<Self, InvalidLinkCode> {
        let text = text.trim();
        let (id, secret) = text.split_once('-').ok_or(InvalidLinkCode)?;
        let id_is_right = id.len() == ID_CHARS
            && id.chars().all(|letter| LETTERS.contains(letter.to_ascii_uppercase()));
        let secret_is_right =
            secret.len() == DIGITS && secret.bytes().all(|digit| digit.is_ascii_digit());
        if id_is_right && secret_is_right {
            Ok(Self(Zeroizing::new(text.to_ascii_uppercase())))
        } else {
            Err(InvalidLinkCode)
        }
    }
}

impl fmt::Display for LinkCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for LinkCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-******", self.id())
    }
}

#[cfg(test)]
mod tests {
    use printer::OsRandom;
    use proptest::prelude::*;

    use super::*;

    // covers: LK-1
    #[test]
    fn a_code_is_four_letters_and_six_digits_and_survives_text() {
        for _ in 0..100 {
            let code = LinkCode::new(&OsRandom);
            let text = code.to_string();
            assert_eq!(text.len(), 11, "{text}");
            assert!(!text.contains(['I', 'O']), "{text}");
            assert_eq!(text.parse::<LinkCode>().unwrap().digest(), code.digest());
        }
    }

    #[test]
    fn letters_may_be_typed_small_and_white_space_pasted() {
        let code: LinkCode = " abcz-004200\n".parse().unwrap();
        assert_eq!((code.id(), code.to_string().as_str()), ("ABCZ", "ABCZ-004200"));
    }

    #[test]
    fn other_texts_are_refused() {
        let long = "A".repeat(1 << 20);
        let texts =
            ["", "ABCD", "ABCD-12345", "ABCD-1234567", "ABID-123456", "ABCD-12345x", "ÄBC-123456"];
        for text in texts.into_iter().chain(["ABCD123456", "ABCD--12345", "ABCD-+12345", &long]) {
            assert!(text.parse::<LinkCode>().is_err(), "{text}");
        }
    }

    #[test]
    fn the_secret_digits_do_not_print_themselves() {
        let code: LinkCode = "ABCD-123456".parse().unwrap();
        assert_eq!(format!("{code:?}"), "ABCD-******");
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in ".{0,20}") {
            if let Ok(code) = text.parse::<LinkCode>() {
                prop_assert_eq!(code.to_string(), text.trim().to_ascii_uppercase());
            }
        }
    }
}
