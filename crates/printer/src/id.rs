//! Identifiers. Each is a UUID of version 7 in a type of its own, so that an agent's id can't be
//! passed where a printer's is wanted, and so that rows sort by when they were made.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use uuid::{Builder, Uuid};

use crate::{Clock, Random};

/// A text that is no identifier.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an identifier (expected a UUID)")]
pub struct InvalidId;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// Makes a new id (UUID version 7: milliseconds, then 74 random bits).
            pub fn new(clock: &dyn Clock, random: &dyn Random) -> Self {
                Self(new_uuid(clock, random))
            }

            /// Wraps an id that was stored or received.
            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// The UUID itself, for storage.
            pub const fn as_uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.as_hyphenated().fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                Uuid::try_parse(text).map(Self).map_err(|_| InvalidId)
            }
        }
    };
}

id!(
    /// A person's account at a hub.
    AccountId
);
id!(
    /// A sign-in of one browser.
    SessionId
);
id!(
    /// An agent that is linked to a hub.
    AgentId
);
id!(
    /// A printer. Made by the agent when the printer is added to it.
    PrinterId
);
id!(
    /// A grant of a level on a printer.
    GrantId
);

fn new_uuid(clock: &dyn Clock, random: &dyn Random) -> Uuid {
    let mut bits = [0; 10];
    random.fill(&mut bits);
    Builder::from_unix_timestamp_millis(clock.now().as_unix_millis(), &bits).into_uuid()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{OsRandom, SystemClock};

    #[test]
    fn an_id_survives_text() {
        let id = PrinterId::new(&SystemClock::new(), &OsRandom);
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!(id.as_uuid().get_version_num(), 7);
    }

    #[test]
    fn two_ids_differ() {
        let clock = SystemClock::new();
        assert_ne!(AgentId::new(&clock, &OsRandom), AgentId::new(&clock, &OsRandom));
    }

    #[test]
    fn other_texts_are_refused() {
        for text in ["", "printer", "018f", "zzzzzzzz-zzzz-zzzz-zzzz-zzzzzzzzzzzz"] {
            assert_eq!(text.parse::<PrinterId>(), Err(InvalidId), "{text}");
        }
    }
}
