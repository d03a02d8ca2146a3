//! The first words in a tunnel. The agent's TLS handshake succeeds before the hub has judged its
//! key, so being connected means having been greeted with `refused: None`.

use printer::Name;
use serde::{Deserialize, Serialize};

use crate::Tick;

/// The hub's greeting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// [`crate::PROTOCOL`] of the hub.
    pub protocol: u16,
    /// The hub's version, for logs.
    pub version: String,
    /// Why the hub will hang up now, if it will.
    #[serde(default)]
    pub refused: Option<Refusal>,
}

/// Why a hub doesn't want this tunnel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "kebab-case")]
pub enum Refusal {
    /// No agent with this key is linked here.
    #[error("this hub doesn't know this agent; link it again with a new code")]
    Unknown,
    /// The agent was unlinked at the hub.
    #[error("this agent was unlinked at the hub; link it again with a new code")]
    Revoked,
    /// Another machine took the agent's place.
    #[error(
        "another machine has taken this agent's place; if this one is still needed, run `layerlock agent forget-key` here and link it as an agent of its own"
    )]
    Replaced,
    /// An agent with the same key is connected and well.
    #[error(
        "another machine with this agent's key is connected; if this one is a copy, run `layerlock agent forget-key` here and link it as an agent of its own"
    )]
    Twice,
    /// Hub and agent are too far apart.
    #[error("hub and agent speak different versions; update the older one")]
    Protocol,
}

/// The agent's answer to a greeting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HelloAnswer {
    /// [`crate::PROTOCOL`] of the agent.
    pub protocol: u16,
    /// The agent's version, for logs and the agents page.
    pub version: String,
    /// The agent's name.
    pub name: Name,
    /// What the agent's clock says.
    pub tick: Tick,
    /// Whether the agent can open a second connection ([`crate::BULK_PATH`]).
    #[serde(default)]
    pub bulk: bool,
    /// The [`Tick::run`] of the connection that this one is to take over from, if the agent's
    /// program was started anew by itself. Nobody else knows that number.
    #[serde(default)]
    pub succeeds: Option<u64>,
}
