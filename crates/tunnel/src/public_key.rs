//! A public key as it travels in the TLS handshake.

use std::fmt;

use sha2::{Digest, Sha256};

use crate::Fingerprint;

/// The public half of an [`crate::Identity`]: an Ed25519 key in the one form that RFC 8410
/// gives it as a `SubjectPublicKeyInfo`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct PublicKey([u8; PublicKey::LENGTH]);

/// Bytes that are no Ed25519 public key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an Ed25519 public key (SPKI, 44 bytes)")]
pub struct InvalidPublicKey;

/// SEQUENCE { SEQUENCE { OID 1.3.101.112 }, BIT STRING of 32 bytes }, up to the key itself.
const PREFIX: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

impl PublicKey {
    /// The length of the SPKI in bytes.
    pub const LENGTH: usize = 44;

    /// Reads an SPKI. Only the exact form is taken: one key has one SPKI and one fingerprint.
    ///
    /// # Errors
    /// Anything but an Ed25519 key is refused.
    pub fn from_spki(spki: &[u8]) -> Result<Self, InvalidPublicKey> {
        if !spki.starts_with(&PREFIX) {
            return Err(InvalidPublicKey);
        }
        spki.try_into().map(Self).map_err(|_| InvalidPublicKey)
    }

    /// The SPKI, 44 bytes.
    pub const fn as_spki(&self) -> &[u8] {
        &self.0
    }

    /// The key itself, 32 bytes.
    pub(crate) fn as_raw(&self) -> &[u8] {
        self.0.get(PREFIX.len()..).unwrap_or_default()
    }

    /// The key's short form.
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::from_bytes(Sha256::digest(self.0).into())
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", self.fingerprint())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn spki(key: [u8; 32]) -> Vec<u8> {
        [PREFIX.as_slice(), &key].concat()
    }

    // covers: RL-6
    #[test]
    fn a_key_with_something_before_or_behind_it_is_refused() {
        let good = spki([7; 32]);
        assert!(PublicKey::from_spki(&good).is_ok());
        for bad in [&good[..43], &good[1..], &[good.as_slice(), &[0]].concat(), &[]] {
            assert_eq!(PublicKey::from_spki(bad), Err(InvalidPublicKey));
        }
    }

    // covers: RL-6
    #[test]
    fn an_x25519_key_is_refused() {
        let mut other = spki([7; 32]);
        other[8] = 0x6e; // 1.3.101.110
        assert_eq!(PublicKey::from_spki(&other), Err(InvalidPublicKey));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            if let Ok(key) = PublicKey::from_spki(&bytes) {
                prop_assert_eq!(key.as_spki(), bytes.as_slice());
            }
        }

        #[test]
        fn every_key_survives_its_spki(key: [u8; 32]) {
            let bytes = spki(key);
            let read = PublicKey::from_spki(&bytes);
            prop_assert_eq!(read.map(|key| key.as_spki().to_vec()), Ok(bytes));
        }
    }
}
