//! What hub and agent say to each other.

use serde_json::from_slice;
use tunnel::{Fingerprint, PublicKey};
use wire::{Hello, HelloAnswer, LinkAnswer, LinkRequest, Relayed, Report};

use super::text;

/// Who is behind a request, with its stamp, reads the same after it was written.
pub(super) fn relayed(bytes: &[u8]) {
    let Ok(relayed) = Relayed::decode(bytes) else { return };
    if relayed.host.is_ascii() && relayed.encode().len() <= Relayed::MAX {
        assert_eq!(Relayed::decode(relayed.encode().as_bytes()), Ok(relayed));
    }
}

/// Messages and authorities are read or refused.
pub(super) fn messages(bytes: &[u8]) {
    let _ = (from_slice::<Hello>(bytes), from_slice::<HelloAnswer>(bytes));
    let _ = (from_slice::<LinkRequest>(bytes), from_slice::<LinkAnswer>(bytes));
    let _ = from_slice::<Report>(bytes);
    if let Some(printer) = wire::printer_of_authority(text(bytes)) {
        assert_eq!(wire::printer_of_authority(&wire::printer_authority(printer)), Some(printer));
    }
}

/// Keys and fingerprints are read or refused.
pub(super) fn keys(bytes: &[u8]) {
    if let Ok(key) = PublicKey::from_spki(bytes) {
        assert_eq!(key.as_spki(), bytes);
    }
    if let Ok(fingerprint) = text(bytes).parse::<Fingerprint>() {
        assert_eq!(fingerprint.to_string().parse(), Ok(fingerprint));
    }
}
