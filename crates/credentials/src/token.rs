//! Random tokens. Whoever holds one is let in, so only its digest is ever stored.

use std::{
    fmt,
    hash::{Hash, Hasher},
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use printer::Random;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// `N` random bytes that let their holder in. Wiped from memory when dropped.
pub struct Token<const N: usize>(Zeroizing<[u8; N]>);

/// What a browser shows to stay signed in.
pub type SessionToken = Token<256>;

/// What makes the first account of a hub.
pub type SetupToken = Token<32>;

/// What carries a sign-in to a printer's own origin, once.
pub type Ticket = Token<32>;

/// The SHA-256 of a token: enough to recognise it, useless to pose as its holder.
#[derive(Clone, Copy, Eq)]
pub struct TokenDigest([u8; 32]);

impl<const N: usize> Token<N> {
    /// Makes a new token.
    pub fn new(random: &dyn Random) -> Self {
        let mut bytes = Zeroizing::new([0; N]);
        random.fill(bytes.as_mut_slice());
        Self(bytes)
    }

    /// The token as text: base64url without padding.
    pub fn encode(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0.as_slice())
    }

    /// Reads a token that somebody showed. `None` for any text that no token looks like.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() != (N * 4).div_ceil(3) {
            return None;
        }
        let decoded = Zeroizing::new(URL_SAFE_NO_PAD.decode(text).ok()?);
        let mut bytes = Zeroizing::new([0; N]);
        (decoded.len() == N).then(|| bytes.copy_from_slice(&decoded))?;
        Some(Self(bytes))
    }

    /// What is stored of it.
    pub fn digest(&self) -> TokenDigest {
        TokenDigest::of(self.0.as_slice())
    }
}

impl<const N: usize> fmt::Debug for Token<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// Equal digests hash equally, although equality is spelled out below.
impl Hash for TokenDigest {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl TokenDigest {
    /// The digest of a secret's bytes.
    pub(crate) fn of(secret: &[u8]) -> Self {
        Self(Sha256::digest(secret).into())
    }

    /// Takes a stored digest.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The digest itself, for storage.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// Takes the same time wherever the two differ.
impl PartialEq for TokenDigest {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl fmt::Debug for TokenDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

#[cfg(test)]
mod tests {
    use printer::OsRandom;

    use super::*;

    // covers: AC-3
    #[test]
    fn a_session_token_has_256_random_bytes_and_survives_text() {
        let token = SessionToken::new(&OsRandom);
        assert_eq!(token.encode().len(), 342);
        let read = SessionToken::parse(&token.encode()).unwrap();
        assert_eq!(read.digest(), token.digest());
        assert_ne!(SessionToken::new(&OsRandom).digest(), token.digest());
    }

    // covers: AC-3
    #[test]
    fn what_is_stored_of_a_token_is_its_sha_256() {
        let token = Token::<3>::parse("YWJj").unwrap();
        let sha_256_of_abc = [
            0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea, 0x41, 0x41, 0x40, 0xde, 0x5d, 0xae,
            0x22, 0x23, 0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17, 0x7a, 0x9c, 0xb4, 0x10, 0xff, 0x61,
            0xf2, 0x00, 0x15, 0xad,
        ];
        assert_eq!(token.digest().as_bytes(), &sha_256_of_abc);
    }

    #[test]
    fn other_texts_are_refused() {
        let good = SetupToken::new(&OsRandom).encode();
        assert_eq!(good.len(), 43);
        let mut bent = "*".to_owned();
        bent.push_str(&good[1..]);
        for text in ["", "x", &good[1..], &format!("{good}="), &bent, &"A".repeat(1 << 20)] {
            assert!(SetupToken::parse(text).is_none(), "{}", text.len());
        }
    }

    #[test]
    fn a_token_does_not_print_itself() {
        let token = Ticket::new(&OsRandom);
        assert_eq!(format!("{token:?} {:?}", token.digest()), "*** ***");
    }
}
