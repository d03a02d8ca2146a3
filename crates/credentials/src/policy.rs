//! Which passwords are good enough. Guessability counts, not the kinds of characters.

use zxcvbn::{Score, feedback::Feedback, zxcvbn};

use crate::Password;

/// Words that everyone who attacks a hub of 3D printers would try first.
const OUR_WORDS: [&str; 6] =
    ["layerlock", "octoprint", "moonraker", "klipper", "prusalink", "3dprinter"];

/// What a new password must satisfy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// The fewest characters.
    pub min_length: usize,
}

/// Why a password was refused, in words for the person who chose it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Weakness {
    /// One to three sentences. Holds nothing of the password.
    pub message: String,
}

impl Default for Policy {
    fn default() -> Self {
        Self { min_length: 10 }
    }
}

impl Policy {
    /// Judges a new password; `about` is what others know of the person (address, name).
    /// Takes some milliseconds: call it where hashing happens.
    ///
    /// # Errors
    /// When the password is too short, common, or scores below 3 of 4 at zxcvbn.
    pub fn check(&self, password: &Password, about: &[&str]) -> Result<(), Weakness> {
        let text = password.as_str();
        if text.chars().count() < self.min_length {
            return Err(too_short(self.min_length));
        }
        let estimate = zxcvbn(text, &known_words(about));
        if estimate.score() >= Score::Three {
            return Ok(());
        }
        Err(too_guessable(estimate.feedback()))
    }
}

/// What is known of a person, whole and in pieces, so that `ada@example.org` also gives `ada`.
fn known_words<'a>(about: &[&'a str]) -> Vec<&'a str> {
    let pieces = about.iter().flat_map(|text| text.split(|c: char| !c.is_alphanumeric()));
    let pieces = pieces.filter(|piece| piece.chars().count() > 2);
    about.iter().copied().chain(pieces).chain(OUR_WORDS).collect()
}

fn too_short(min_length: usize) -> Weakness {
    let message = format!(
        "Use at least {min_length} characters. A few unrelated words are easy to remember and hard to guess."
    );
    Weakness { message }
}

fn too_guessable(feedback: Option<&Feedback>) -> Weakness {
    let mut message = "This password is too easy to guess.".to_owned();
    let warning = feedback.and_then(Feedback::warning).map(|it| it.to_string());
    let suggestion = feedback.and_then(|f| f.suggestions().first()).map(ToString::to_string);
    for sentence in [warning, suggestion].into_iter().flatten() {
        message.push(' ');
        message.push_str(&sentence);
    }
    Weakness { message }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) -> Result<(), Weakness> {
        Policy::default().check(&text.parse().unwrap(), &["ada.lovelace@workshop.example", "Ada"])
    }

    // covers: AC-2
    #[test]
    fn good_passwords_pass() {
        for text in ["rattling teapot under snow", "Vq7#kd93Lxw!", "ätzende Ölwanne im Schnee"] {
            assert_eq!(check(text), Ok(()), "{text}");
        }
    }

    // covers: AC-2
    #[test]
    fn common_passwords_are_refused_with_advice() {
        for text in ["password1234", "qwertyuiop", "1234567890", "P@ssw0rd123", "iloveyou2026"] {
            let weakness = check(text).unwrap_err();
            assert!(weakness.message.contains("too easy to guess"), "{text}: {weakness}");
            assert!(!weakness.message.contains(text), "{weakness}");
        }
    }

    // covers: AC-2
    #[test]
    fn what_others_know_of_a_person_is_refused() {
        for text in ["lovelace2026", "adalovelace", "layerlock2026", "OctoPrint123"] {
            assert!(check(text).is_err(), "{text}");
        }
    }

    // covers: AC-2
    #[test]
    fn the_shortest_length_is_a_setting_and_counts_characters() {
        let strict = Policy { min_length: 30 };
        let weakness = strict.check(&"Vq7#kd93Lxw!".parse().unwrap(), &[]).unwrap_err();
        assert!(weakness.message.contains("at least 30"), "{weakness}");
        assert!(check("öäüßöäüß9").unwrap_err().message.contains("at least 10"));
    }

    #[test]
    fn the_longest_password_is_judged_in_bounded_time() {
        // No deadline is asserted: a judgement that grew with length would never end here.
        assert!(check(&"aA4@".repeat(256)).is_err());
    }
}
