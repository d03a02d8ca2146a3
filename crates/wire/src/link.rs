//! Linking by code (LK-1). Spoken under an ALPN of its own by an agent whose key the hub doesn't
//! know yet; the key itself is proven by the TLS handshake and isn't repeated here.

use printer::Name;
use serde::{Deserialize, Serialize};

/// "I was given this code, and I want to be linked." Repeated until the answer is final.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkRequest {
    /// The code from the dashboard: public id, hyphen, six digits (`ABCD-123456`).
    pub code: String,
    /// The agent's name, shown to the person who approves.
    pub name: Name,
    /// The agent's version.
    pub version: String,
}

impl std::fmt::Debug for LinkRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LinkRequest")
            .field("code", &"***")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// The hub's answer. It holds the request open for up to 25 s while a person decides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "answer")]
pub enum LinkAnswer {
    /// Nobody has approved yet: ask again.
    Waiting,
    /// The agent's key is linked: open the tunnel.
    Linked {
        /// The agent whose place it takes now.
        #[serde(default)]
        replaces: Option<Name>,
    },
    /// It won't be.
    Refused {
        /// Why not.
        reason: LinkRefusal,
    },
}

/// Why an agent was not linked. Wrong, used and expired codes are told apart only where that
/// helps no guesser.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "kebab-case")]
pub enum LinkRefusal {
    /// The code is wrong, used up or expired.
    #[error("the code is wrong or has expired; make a new one on the dashboard (\"Add printer\")")]
    Code,
    /// The person said no, or picked other words.
    #[error("the request was turned down on the dashboard")]
    Declined,
    /// The key belongs to an agent that is linked already.
    #[error("this agent is linked to this hub already")]
    AlreadyLinked,
}
