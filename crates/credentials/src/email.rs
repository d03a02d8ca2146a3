//! The address that names an account. It is judged just enough to be safe in a mail's header
//! and to be the same address each time; whether mail arrives there is another question.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// An email address in lower case, so that one person has one account: 3 to 254 bytes.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Email(String);

/// A text that is no email address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is no email address (expected something like name@example.org)")]
pub struct InvalidEmail;

impl Email {
    /// The longest address, in bytes (RFC 5321 leaves 254 for what can be delivered).
    pub const MAX_BYTES: usize = 254;

    /// The address as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Email {
    type Err = InvalidEmail;

    fn from_str(text: &str) -> Result<Self, InvalidEmail> {
        let text = text.trim();
        if text.len() > Self::MAX_BYTES {
            return Err(InvalidEmail);
        }
        // Judged after lowering, because some letters become several.
        let address = text.to_lowercase();
        let (local, domain) = address.split_once('@').ok_or(InvalidEmail)?;
        if address.len() <= Self::MAX_BYTES && is_local_part(local) && is_domain(domain) {
            Ok(Self(address))
        } else {
            Err(InvalidEmail)
        }
    }
}

/// Letters and digits of any script, and the signs that RFC 5322 allows without quotes.
fn is_local_part(text: &str) -> bool {
    let allowed = |c: char| c.is_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c);
    !text.is_empty() && text.chars().all(allowed)
}

fn is_domain(text: &str) -> bool {
    let is_label = |label: &str| {
        let allowed = |c: char| c.is_alphanumeric() || c == '-';
        !label.is_empty() && label.chars().all(allowed)
    };
    text.split('.').all(is_label)
}

impl TryFrom<String> for Email {
    type Error = InvalidEmail;

    fn try_from(text: String) -> Result<Self, InvalidEmail> {
        text.parse()
    }
}

impl From<Email> for String {
    fn from(email: Email) -> Self {
        email.0
    }
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn one_person_has_one_address() {
        let email: Email = " Ada.Lovelace+3D@Example.ORG ".parse().unwrap();
        assert_eq!(email.as_str(), "ada.lovelace+3d@example.org");
    }

    #[test]
    fn ordinary_addresses_pass() {
        for text in ["a@b", "admin@localhost", "o'neil@x.example", "jürgen@bücher.example"] {
            assert!(text.parse::<Email>().is_ok(), "{text}");
        }
    }

    #[test]
    fn address_that_injects_a_mail_header() {
        for text in ["a@b\r\nBcc: c@d", "a\n@b", "a@b,c@d", "<a@b>", "a b@c", "\"a\"@b", "a@b;c"] {
            assert_eq!(text.parse::<Email>(), Err(InvalidEmail), "{text}");
        }
    }

    #[test]
    fn texts_that_are_no_address_are_refused() {
        for text in ["", "@", "a@", "@b", "a@b@c", "a@b..c", "a@.b", "a\u{202e}@b", "a\u{200b}@b"] {
            assert_eq!(text.parse::<Email>(), Err(InvalidEmail), "{text}");
        }
        assert!(format!("{}@b", "a".repeat(253)).parse::<Email>().is_err());
        assert!(format!("{}@b", "a".repeat(252)).parse::<Email>().is_ok());
    }

    proptest! {
        #[test]
        fn an_address_survives_storage(text in "\\PC{1,8}@\\PC{1,8}") {
            if let Ok(email) = text.parse::<Email>() {
                prop_assert_eq!(email.as_str().parse::<Email>(), Ok(email.clone()));
            }
        }
    }
}
