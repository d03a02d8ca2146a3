//! How a hub's key hands over to the next one (RL-6). The current key signs the next, so that an
//! agent which pinned the current one can accept its successor without a person; the next one signs
//! too, so that nobody can name a key that the hub doesn't have.

use std::str::FromStr;

use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::{Error, Fingerprint, Identity, PublicKey};

/// What both sign, before both keys: a signature made for anything else says nothing here.
const PURPOSE: &[u8] = b"layerlock hub key succession v1\0";

/// The length of an Ed25519 signature in bytes (RFC 8032).
const SIGNATURE: usize = 64;

/// A hub's statement that one key follows another. Nothing is proven before [`Self::follows`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Succession {
    from: PublicKey,
    to: PublicKey,
    by_from: [u8; SIGNATURE],
    by_to: [u8; SIGNATURE],
}

/// A succession that can't be read, or that the key in question didn't sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the next key of the hub is not signed by the key that this agent knows")]
pub struct InvalidSuccession;

impl Succession {
    /// The length of its text in characters.
    pub const TEXT_LENGTH: usize = 288;

    /// States that `to` follows `from`.
    ///
    /// # Errors
    /// Fails only if the cryptographic library does.
    pub fn sign(from: &Identity, to: &Identity) -> Result<Self, Error> {
        let (old, new) = (from.public_key(), to.public_key());
        let statement = statement(&old, &new);
        let by_from = from.sign(&statement)?.try_into().map_err(|_| Error::InvalidKey)?;
        let by_to = to.sign(&statement)?.try_into().map_err(|_| Error::InvalidKey)?;
        Ok(Self { from: old, to: new, by_from, by_to })
    }

    /// The key that follows the pinned one, if this proves it.
    ///
    /// # Errors
    /// It is about another key than `pinned`, or one of the signatures is wrong.
    pub fn follows(&self, pinned: Fingerprint) -> Result<PublicKey, InvalidSuccession> {
        if self.from.fingerprint() != pinned {
            return Err(InvalidSuccession);
        }
        let statement = statement(&self.from, &self.to);
        verify(&self.from, &statement, &self.by_from)?;
        verify(&self.to, &statement, &self.by_to)?;
        Ok(self.to)
    }
}

fn statement(from: &PublicKey, to: &PublicKey) -> Vec<u8> {
    [PURPOSE, from.as_spki(), to.as_spki()].concat()
}

fn verify(key: &PublicKey, statement: &[u8], signature: &[u8]) -> Result<(), InvalidSuccession> {
    let key = UnparsedPublicKey::new(&ED25519, key.as_raw());
    key.verify(statement, signature).map_err(|_| InvalidSuccession)
}

impl std::fmt::Display for Succession {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let keys = [self.from.as_spki(), self.to.as_spki()].concat();
        let bytes = [keys.as_slice(), &self.by_from, &self.by_to].concat();
        f.write_str(&URL_SAFE_NO_PAD.encode(bytes))
    }
}

impl FromStr for Succession {
    type Err = InvalidSuccession;

    fn from_str(text: &str) -> Result<Self, InvalidSuccession> {
        if text.len() != Self::TEXT_LENGTH {
            return Err(InvalidSuccession);
        }
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| InvalidSuccession)?;
        let (from, rest) = bytes.split_at_checked(PublicKey::LENGTH).ok_or(InvalidSuccession)?;
        let (to, rest) = rest.split_at_checked(PublicKey::LENGTH).ok_or(InvalidSuccession)?;
        let (by_from, by_to) = rest.split_at_checked(SIGNATURE).ok_or(InvalidSuccession)?;
        let key = |spki| PublicKey::from_spki(spki).map_err(|_| InvalidSuccession);
        let signature = |bytes: &[u8]| bytes.try_into().map_err(|_| InvalidSuccession);
        Ok(Self {
            from: key(from)?,
            to: key(to)?,
            by_from: signature(by_from)?,
            by_to: signature(by_to)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn keys() -> [Identity; 3] {
        [0; 3].map(|_: u8| Identity::generate().unwrap())
    }

    // covers: RL-6
    #[test]
    fn a_successor_is_accepted_by_who_pinned_the_key_before() {
        let [old, new, _] = keys();
        let text = Succession::sign(&old, &new).unwrap().to_string();
        let read: Succession = text.parse().unwrap();
        assert_eq!(read.follows(old.public_key().fingerprint()), Ok(new.public_key()));
    }

    // covers: RL-6
    #[test]
    fn successor_signed_by_stranger() {
        let [old, new, stranger] = keys();
        let pinned = old.public_key().fingerprint();
        let own = Succession::sign(&stranger, &new).unwrap();
        assert_eq!(own.follows(pinned), Err(InvalidSuccession));
        let posing = Succession { from: old.public_key(), ..own };
        assert_eq!(posing.follows(pinned), Err(InvalidSuccession));
        let right = Succession::sign(&old, &new).unwrap();
        let swapped = Succession { to: stranger.public_key(), ..right };
        assert_eq!(swapped.follows(pinned), Err(InvalidSuccession));
    }

    // covers: RL-6
    #[test]
    fn hub_names_a_key_that_it_does_not_have() {
        let [old, new, other] = keys();
        let right = Succession::sign(&old, &new).unwrap();
        let by_to = Succession::sign(&old, &other).unwrap().by_to;
        let claimed = Succession { by_to, ..right };
        assert_eq!(claimed.follows(old.public_key().fingerprint()), Err(InvalidSuccession));
    }

    // covers: RL-6
    #[test]
    fn successor_of_an_older_key_replayed() {
        let [first, second, third] = keys();
        let stale = Succession::sign(&first, &third).unwrap();
        assert_eq!(stale.follows(second.public_key().fingerprint()), Err(InvalidSuccession));
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "[A-Za-z0-9_-]{0,300}") {
            if let Ok(read) = text.parse::<Succession>() {
                prop_assert_eq!(read.to_string(), text);
            }
        }
    }
}
