//! What stands between a visitor from elsewhere and a printer's own pages, besides the hub: the
//! second lock (RL-4, RL-9).

use std::fmt;

use serde::{Deserialize, Serialize};

/// A printer's second lock, as its agent judges it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Lock {
    /// The printer asks for a login of its own.
    OwnLogin,
    /// The agent asks for a PIN that the printer's owner has set.
    Pin,
    /// Nobody asks for anything, and the printer's owner said that this is fine.
    Accepted,
    /// Nobody asks for anything: closed.
    Open,
    /// Not checked yet, or it couldn't be told: closed. Also any word of an agent that is newer
    /// than this program.
    #[serde(other)]
    Unknown,
}

impl Lock {
    /// Every lock.
    pub const ALL: [Self; 5] =
        [Self::OwnLogin, Self::Pin, Self::Accepted, Self::Open, Self::Unknown];

    /// Why the printer is closed to visitors from elsewhere, in a sentence; `None` if it isn't.
    pub const fn why_closed(self) -> Option<&'static str> {
        match self {
            Self::OwnLogin | Self::Pin | Self::Accepted => None,
            Self::Open => Some(
                "This printer lets everyone in without a login, so it is closed to visitors from \
                 elsewhere.",
            ),
            Self::Unknown => Some(
                "The agent could not check yet whether this printer asks for a login, so it is \
                 closed to visitors from elsewhere.",
            ),
        }
    }

    /// What a printer's owner can do about it.
    pub const REMEDY: &str = "Its owner can set a login at the printer, or, on the agent's \
                              machine, set a PIN (layerlock agent pin) or accept the risk \
                              (layerlock agent accept-risk).";
}

/// For people, in a list.
impl fmt::Display for Lock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OwnLogin => "asks for its own login",
            Self::Pin => "the agent asks for a PIN",
            Self::Accepted => "open to everyone with access; accepted by its owner",
            Self::Open => "closed: it lets everyone in without a login",
            Self::Unknown => "closed: it could not be checked whether it asks for a login",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // covers: RL-9
    #[test]
    fn what_is_open_or_unknown_is_closed() {
        let closed: Vec<_> =
            Lock::ALL.into_iter().filter(|lock| lock.why_closed().is_some()).collect();
        assert_eq!(closed, [Lock::Open, Lock::Unknown]);
    }
}
