//! Why an agent opens nothing until a person does something at its machine (LK-3). It is written
//! down, so that a service manager that starts the agent again and again doesn't make it knock at
//! the hub each time.

use serde::{Deserialize, Serialize};
use wire::Refusal;

/// Why the agent opens nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "kebab-case")]
pub enum Closed {
    /// Its owner unlinked it at the hub.
    #[error(
        "this agent was unlinked at the hub and stays closed; to link it again, make a code on \
         the dashboard and run the command that it shows (layerlock agent link …)"
    )]
    Revoked,
    /// Another machine has its place at the hub.
    #[error(
        "another machine has taken this agent's place at the hub, and this one stays closed; to \
         use it as an agent of its own, run `layerlock agent forget-key`, make a code on the \
         dashboard and run the command that it shows (layerlock agent link …)"
    )]
    Replaced,
    /// The agent's key was made on another machine.
    #[error(
        "this agent's key was made on another machine, so it stays closed; if you have moved the \
         card and the other machine is off for good, run `layerlock agent confirm-machine`; if this \
         is a copy, run `layerlock agent forget-key` and link it as an agent of its own"
    )]
    OtherMachine,
}

impl Closed {
    /// What a refusal of the hub's means for good; none when trying again may help.
    pub const fn by(refusal: Refusal) -> Option<Self> {
        match refusal {
            Refusal::Revoked => Some(Self::Revoked),
            Refusal::Replaced => Some(Self::Replaced),
            Refusal::Unknown | Refusal::Twice | Refusal::Protocol => None,
        }
    }
}
