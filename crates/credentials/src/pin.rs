//! A PIN that the owner of a printer sets. It stands behind the hub's accounts and in front of
//! few tries, so it may be shorter than a password; but not so short that a handful of tries is
//! worth anything.

use std::str::FromStr;

use crate::{InvalidPassword, Password};

/// A PIN: at least six digits that are no run and not all the same, or a phrase of at least eight
/// characters. At most [`Password::MAX_BYTES`] bytes.
#[derive(Debug, Clone)]
pub struct Pin(Password);

/// Why a text is no good PIN.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPin {
    /// Nothing, or far too much.
    #[error(transparent)]
    Password(#[from] InvalidPassword),
    /// Too few digits or characters.
    #[error("a PIN has at least six digits; a phrase has at least eight characters")]
    TooShort,
    /// What everybody tries first.
    #[error("this PIN is among the first that anybody would try; choose other digits")]
    Guessable,
}

/// The fewest digits.
const DIGITS: usize = 6;

/// The fewest characters of what has other characters than digits.
const CHARACTERS: usize = 8;

impl Pin {
    /// The PIN as what is hashed.
    pub const fn as_password(&self) -> &Password {
        &self.0
    }
}

impl FromStr for Pin {
    type Err = InvalidPin;

    fn from_str(text: &str) -> Result<Self, InvalidPin> {
        let password: Password = text.parse()?;
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        let fewest = if digits { DIGITS } else { CHARACTERS };
        if text.chars().count() < fewest {
            return Err(InvalidPin::TooShort);
        }
        if is_run(text.as_bytes()) {
            return Err(InvalidPin::Guessable);
        }
        Ok(Self(password))
    }
}

/// Whether every character is as far from the one before it: `000000`, `123456`, `987654`.
fn is_run(bytes: &[u8]) -> bool {
    let steps = || bytes.iter().zip(bytes.iter().skip(1)).map(|(a, b)| b.wrapping_sub(*a));
    let first = steps().next();
    steps().all(|step| Some(step) == first) && first.is_none_or(|step| matches!(step, 0 | 1 | 255))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> InvalidPin {
        text.parse::<Pin>().unwrap_err()
    }

    // covers: RL-9
    #[test]
    fn six_digits_or_a_phrase_are_a_pin() {
        for text in ["482915", "1234561", "00000001", "blue teapot", "öäüßöäüß"] {
            assert!(text.parse::<Pin>().is_ok(), "{text}");
        }
    }

    // covers: RL-9
    #[test]
    fn pins_that_a_few_tries_find_are_refused() {
        for text in ["1", "48291", "teapot", "blue te"] {
            assert_eq!(refusal(text), InvalidPin::TooShort, "{text}");
        }
        for text in ["000000", "123456", "654321", "aaaaaaaa"] {
            assert_eq!(refusal(text), InvalidPin::Guessable, "{text}");
        }
        assert_eq!(refusal(""), InvalidPin::Password(InvalidPassword::Empty));
    }

    #[test]
    fn a_pin_does_not_print_itself() {
        let pin: Pin = "482915".parse().unwrap();
        assert!(!format!("{pin:?}").contains("482915"));
    }
}
