//! Who is behind a relayed request. The hub sets this one header after it has removed everything
//! of that name, and the agent reads and removes it before the printer sees the request.

use std::net::IpAddr;

use printer::{AccountId, Level, SessionId};
use serde::{Deserialize, Serialize};

use crate::Stamp;

/// The header's name.
pub const RELAYED_HEADER: &str = "layerlock-relayed";

/// In which the agent says which level a refused request takes.
pub const NEEDED_HEADER: &str = "layerlock-needed-level";

/// What the hub tells the agent about a visitor's request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Relayed {
    /// Whose request this is.
    pub account: AccountId,
    /// What that person may do with this printer.
    pub level: Level,
    /// The session under which the request lives and with which it ends.
    pub lease: SessionId,
    /// The `Host` that the browser asked for (`name` or `name:port`). Printers compare it with
    /// `Origin`.
    pub host: String,
    /// The visitor's address as the hub sees it. Private addresses are never shown to a printer.
    pub client: IpAddr,
    /// On every request that [`crate::needs_stamp`].
    #[serde(default)]
    pub stamp: Option<Stamp>,
    /// Whether a large answer may be continued on the second connection
    /// ([`crate::LARGE_HEADER`]).
    #[serde(default)]
    pub bulk: bool,
}

/// A relay header that can't be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the relay header is missing or can't be read")]
pub struct InvalidRelayed;

impl Relayed {
    /// The longest header value that is read, in bytes.
    pub const MAX: usize = 2 * 1024;

    /// The header's value: JSON in ASCII.
    pub fn encode(&self) -> String {
        let json = serde_json::to_string(self).unwrap_or_default();
        debug_assert!(json.is_ascii(), "hosts are checked before they get here");
        json
    }

    /// Reads a header's value.
    pub fn decode(value: &[u8]) -> Result<Self, InvalidRelayed> {
        if value.len() > Self::MAX {
            return Err(InvalidRelayed);
        }
        serde_json::from_slice(value).map_err(|_| InvalidRelayed)
    }
}

#[cfg(test)]
mod tests {
    use printer::{OsRandom, SystemClock};
    use proptest::prelude::*;

    use super::*;
    use crate::{Nonce, Tick};

    fn relayed() -> Relayed {
        let clock = SystemClock::new();
        Relayed {
            account: AccountId::new(&clock, &OsRandom),
            level: Level::Controls,
            lease: SessionId::new(&clock, &OsRandom),
            host: "abc.localhost:3443".to_owned(),
            client: IpAddr::from([203, 0, 113, 7]),
            stamp: Some(Stamp {
                tick: Tick { run: u64::MAX, millis: 1 },
                nonce: Nonce::new(&OsRandom),
            }),
            bulk: true,
        }
    }

    #[test]
    fn the_header_survives_the_tunnel() {
        let relayed = relayed();
        assert_eq!(Relayed::decode(relayed.encode().as_bytes()), Ok(relayed));
    }

    #[test]
    fn an_oversized_header_is_refused() {
        assert_eq!(Relayed::decode(&vec![b' '; Relayed::MAX + 1]), Err(InvalidRelayed));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = Relayed::decode(&bytes);
        }
    }
}
